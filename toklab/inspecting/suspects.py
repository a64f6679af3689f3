"""Pieces that are likely junk from the corpus: the suspects for "glitch tokens", which a model hardly ever trains.

Land and Bartolo 2024 ("Fishing for Magikarp: Automatically Detecting Under-trained Tokens in Large Language Models")
tell unreachable, partial-UTF-8 and under-trained tokens apart; the last they find in a model's embeddings. Without a
model only what a vocabulary and a text show is left. Each indicator has points, and a piece of `THRESHOLD` points or
more is a suspect; the points are a plain rule of this project, no measured probability:

== ======================================================================================================
3  no text becomes it (proven); letters and bytes of an alphabet aside
2  it holds U+FFFD or a control character other than tab and line breaks; single bytes aside
2  it is used `OFTEN` times or more, by a single document
2  its letters are of several scripts (Han, Hiragana, Katakana, Hangul and Bopomofo count as one)
2  it has `LONG` characters or more, is used `OFTEN` times or more, and only ever inside one longer word
1  it has `LONG` characters or more and the text never uses it
1  it repeats a character, or up to four, over `LONG` characters or more
1  it looks like a part of a hexadecimal number, of base64 or of an identifier
== ======================================================================================================
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import regex

from toklab.inspecting.findings import Reach, Status, Suspect, Use
from toklab.inspecting.scripts import scripts_of
from toklab.inspecting.utf8 import is_whole
from toklab.inspecting.words import words_around
from toklab.metrics.encoded import Encoded

THRESHOLD = 2
LONG = 6
OFTEN = 5
_EAST = frozenset({"Han", "Hiragana", "Katakana", "Hangul", "Bopomofo"})
_REPEATED = regex.compile(rf"(?=.{{{LONG},}})(.{{1,4}}?)\1+", regex.DOTALL)
_HEX = regex.compile(rf"(?=.*[0-9])(?=.*[a-fA-F])(?:[0-9a-f]{{{LONG},}}|[0-9A-F]{{{LONG},}})")
_CHANGES = regex.compile(r"(?<=[a-z0-9])[A-Z]|(?<=[A-Za-z])[0-9]|(?<=[0-9])[A-Za-z]")
_BASE64 = regex.compile(rf"[A-Za-z0-9+/=_-]{{{LONG},}}")
Found = tuple[int, str]


def suspects(encoded: Encoded, reach: Sequence[Reach], uses: Sequence[Use]) -> tuple[Suspect, ...]:
    """The suspects: most points first, then the longest, then by id.

    Parameters
    ----------
    reach, uses : of every piece, by id
    """
    long = [use.id for use in uses if use.tokens and len(_text(use)) >= LONG]
    around = words_around(encoded, np.array(long, np.int64))
    found = []
    for known, use in zip(reach, uses, strict=True):
        if use.piece.special:
            continue
        points = [*_of_reach(known), *_of_use(use, len(encoded.texts), around), *_of_text(_text(use))]
        score = sum(count for count, _ in points)
        if score >= THRESHOLD:
            found.append(Suspect(use.id, use.piece, score, tuple(reason for _, reason in points), use.tokens))
    return tuple(sorted(found, key=lambda s: (-s.score, -len(s.piece.surface), s.id)))


def _text(use: Use) -> str:
    """The text of a piece without the space before it; none where it is not whole characters."""
    surface = use.piece.surface
    return surface.decode("utf-8").strip(" ") if is_whole(surface) else ""


def _of_reach(known: Reach) -> list[Found]:
    if known.status is not Status.UNREACHABLE or len(known.piece.surface.decode("utf-8", "replace")) == 1:
        return []
    return [(3, "no text becomes it")]


def _of_use(use: Use, documents: int, around: Mapping[int, tuple[int, Counter[str]]]) -> list[Found]:
    found: list[Found] = []
    if documents > 1 and use.documents == 1 and use.tokens >= OFTEN:
        found.append((2, f"all {use.tokens} uses are in one document"))
    if len(_text(use)) < LONG:
        return found
    if not use.tokens:
        found.append((1, "long, and never used"))
    whole, parts = around.get(use.id, (0, Counter()))
    if not whole and len(parts) == 1 and use.tokens == sum(parts.values()) >= OFTEN:
        found.append((2, f"only ever inside {next(iter(parts))!r}"))
    return found


def _of_text(text: str) -> list[Found]:
    found: list[Found] = []
    odd = [char for char in text if char == "\ufffd" or (unicodedata.category(char) == "Cc" and char not in "\t\n\r")]
    if odd and len(text.encode("utf-8")) > 1:
        found.append((2, f"it holds U+{ord(odd[0]):04X}"))
    scripts = scripts_of(text)
    if len(scripts) - max(len(_EAST.intersection(scripts)) - 1, 0) > 1:
        found.append((2, f"letters of {' and '.join(scripts)}"))
    if _REPEATED.fullmatch(text):
        found.append((1, f"the same over {len(text)} characters"))
    if _looks_encoded(text):
        found.append((1, "looks like hexadecimal, base64 or an identifier"))
    return found


def _looks_encoded(text: str) -> bool:
    """Whether letters, digits and cases take turns as in no word: three changes or more, or hexadecimal digits."""
    if _HEX.fullmatch(text):
        return True
    return bool(_BASE64.fullmatch(text)) and len(_CHANGES.findall(text)) >= 3
