"""How a contender looks in a plot: colour and line tell its origin and its kind, to every kind of eye.

The colours are those of Okabe and Ito (2008), "Color Universal Design", without the yellow, which is too pale
on white.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
GROUND = "#888888"  # a legend entry that is about the pattern, not the colour


@dataclass(frozen=True)
class Family:
    """Contenders of one origin.

    Parameters
    ----------
    name : as the legend says it
    prefixes : how the names of its contenders, or of the library that runs a loaded model, begin; none for what is left
    colour : of its bars
    line : dash pattern of its lines
    """

    name: str
    prefixes: tuple[str, ...]
    colour: str
    line: str


FROM_SCRATCH = Family("from scratch", (), BLUE, "-")
FAMILIES = (
    FROM_SCRATCH,
    Family("Hugging Face", ("hf-", "tokenizers-"), ORANGE, "--"),
    Family("SentencePiece", ("spm-", "sentencepiece-"), VERMILION, ":"),
    Family("other library", ("tiktoken", "rustbpe", "bpeasy", "subword-nmt"), PURPLE, "-."),
)
_KINDS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
_SAME_KIND = {"wordlevel": "word", "char": "character"}
_MADE_BY = re.compile(r"\|(?:algo|engine):([^|]*)")
_MARKERS = ("", "o", "s", "^", "D", "v")


def family(name: str, signature: str = "") -> Family:
    """The family of a contender: by the algorithm or the library in its signature, for a label tells neither."""
    made_by = _MADE_BY.search(signature)
    name = made_by[1] if made_by else name
    return next((f for f in FAMILIES if f.prefixes and name.startswith(f.prefixes)), FROM_SCRATCH)


def line_styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Arguments of ``plot`` for each name: one colour per kind (``bpe``, ``hf-bpe``), one dash per family.

    Where the colours run out they begin again with a marker; two names never look the same until those run
    out as well.
    """
    styles: dict[str, dict[str, Any]] = {}
    kinds: list[str] = []
    for name in names:
        own = family(name)
        kind = next((name.removeprefix(p) for p in own.prefixes if name.startswith(p)), name)
        kind = _SAME_KIND.get(kind, kind)
        if kind not in kinds:
            kinds.append(kind)
        turn, place = divmod(kinds.index(kind), len(_KINDS))
        styles[name] = {
            "color": _KINDS[place],
            "linestyle": own.line,
            "marker": _MARKERS[turn % len(_MARKERS)],
        }
    return styles
