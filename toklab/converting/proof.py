"""Proof that two tokenizers are the same: the same pieces, and the same ids of text."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from toklab.errors import FormatError
from toklab.types import Tokenizer, Vocab

# Texts that one library or another reads otherwise: spaces, controls, marks, scripts without spaces, emoji, text that
# looks like a special or a byte piece.
NASTY = (
    "",
    " ",
    "  two  spaces  ",
    "\ttab\r\nline\n\n\nend",
    "\u00a0\u2003\u3000\u200b\ufeff",
    "don't WON'T I'LL we'Ve it's",
    "1234567890 3.14 1,000,000 1e-9 \u0663\u0664 \u00bd \u2167",
    "caf\u00e9 cafe\u0301 \u1e9b\u0323 \ufb01ne \u2126 \uff21\uff22\uff23",
    "\u6f22\u5b57\u304b\u306a\u30ab\u30ca \ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea \u0395\u03bb\u03bb\u03ac\u03c2",
    "\U0001f600\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea\u2764\ufe0f",
    "\u0120b ##c </w> <0x41> <unk> [UNK] <s></s> <|endoftext|>",
    "\u2581a \u2581\u2581 b\u2581c",
    "\x00\x01\x7f\x85\u2028\u2029",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "def f(x):\n    return x_1 + camelCase != 0x1F  # !@#$%^&*()",
)
RANDOM_TEXTS = 200
# Characters that every version of Unicode in use has.
RANGES = (
    *[(0x20, 0x7E)] * 4,
    (0xA1, 0x17F),
    (0x300, 0x345),
    (0x3B1, 0x3C9),
    (0x410, 0x44F),
    (0x5D0, 0x5EA),
    (0x621, 0x63A),
    (0x905, 0x939),
    (0xE01, 0xE2E),
    (0x3041, 0x3093),
    (0x4E00, 0x9FA5),
    (0xAC00, 0xD7A3),
    (0x1F300, 0x1F5FF),
)


@dataclass(frozen=True)
class Confusion:
    """Text that a format cannot tell from something else.

    Parameters
    ----------
    pattern : a regular expression that finds it
    description : what it is taken for
    """

    pattern: str
    description: str


@dataclass(frozen=True)
class Proof:
    """What was compared and found equal.

    Parameters
    ----------
    texts : texts that both sides encoded
    tokens : ids of these, all equal
    pieces : entries of the vocabulary, all equal
    warnings : what differs but for the ids
    """

    texts: int
    tokens: int
    pieces: int
    warnings: tuple[str, ...] = ()


def prove(
    before: Tokenizer, after: Tokenizer, texts: Sequence[str], what: str, confusions: Sequence[Confusion] = ()
) -> Proof:
    """Compare a tokenizer with its conversion.

    Parameters
    ----------
    texts : to encode, beside every piece and the texts that go wrong easily
    what : name of the format, for the error
    confusions : what one side takes for something else; where ``texts`` hold none of it, what it changes is a warning

    Raises
    ------
    FormatError
        A piece or an id differs.
    """
    _same_pieces(before.vocab, after.vocab, what)
    all_texts = [*texts, *NASTY, *random_texts(), *_spelled(before.vocab)]
    old, new = before.encode_batch(all_texts), after.encode_batch(all_texts)
    tokens, undecoded = 0, []
    confused: list[Confusion] = []
    for index, (text, first, second) in enumerate(zip(all_texts, old, new, strict=True)):
        if not np.array_equal(first.ids, second.ids):
            found = [confusion for confusion in confusions if re.search(confusion.pattern, text)]
            if index < len(texts) or not found:
                difference = _difference(text, first.ids.tolist(), second.ids.tolist())
                raise FormatError(f"{what} would change ids: {difference}")
            confused += found
        elif before.decode(first.ids.tolist()) != after.decode(second.ids.tolist()):
            undecoded.append(text)
        tokens += len(first)
    return Proof(len(all_texts), tokens, len(before.vocab), tuple(_warnings(what, confused, undecoded)))


def _warnings(what: str, confused: Sequence[Confusion], undecoded: Sequence[str]) -> Iterator[str]:
    for confusion in dict.fromkeys(confused):
        yield f"one side takes {confusion.description}: such texts get other ids in {what}"
    if undecoded:
        yield f"{len(undecoded):,} texts decode otherwise in {what}, such as {undecoded[0][:40]!r}"


def random_texts(count: int = RANDOM_TEXTS, seed: int = 0) -> list[str]:
    """Short texts of mixed scripts, the same on every machine."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        characters = (rng.randint(*rng.choice(RANGES)) for _ in range(rng.randint(1, 60)))
        texts.append("".join(chr(code) if rng.random() < 0.85 else rng.choice(" \n'-") for code in characters))
    return texts


def _spelled(vocab: Vocab) -> Iterator[str]:
    """The text of each piece that is whole UTF-8, a hundred to a text, with and without spaces between them."""
    words = (piece.surface.decode("utf-8", "ignore") for piece in vocab)
    while chunk := list(itertools.islice(words, 100)):
        yield "".join(chunk)
        yield " ".join(chunk)


def _same_pieces(before: Vocab, after: Vocab, what: str) -> None:
    if len(before) != len(after):
        raise FormatError(f"{what} would hold {len(after):,} pieces instead of {len(before):,}")
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if old.surface != new.surface:
            raise FormatError(f"{what} would change the piece of id {index}: {old} to {new}")
    if before.unk_id != after.unk_id:
        raise FormatError(f"{what} would change the unknown token from id {before.unk_id} to {after.unk_id}")


def _difference(text: str, old: list[int], new: list[int]) -> str:
    at = next((i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), min(len(old), len(new)))
    return f"{text[:60]!r} gives {old[at : at + 4]} from token {at} on, and would give {new[at : at + 4]}"
