"""Text that word-based tokenizers are bad at, made from a seed: words without end.

``dna``: the letters A, C, G and T; ``repeat``: one letter again and again; ``han``: common Chinese characters;
``letters``: random small letters; all without any space. ``line``: words and spaces, and no newline.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import numpy as np

from benchmarks.wordmodel import WordModel

KINDS = ("dna", "repeat", "han", "letters", "line")
WORDS = KINDS[:-1]
# Bytes of either half: what one pass encodes.
LENGTHS = {"dna": 1_000_000, "repeat": 1_000_000, "han": 1_000_000, "letters": 1_000_000, "line": 10_000_000}
BLOCK = 64_000
# A stretch of the block "CJK Unified Ideographs" in which most characters are in common use.
HAN = (0x4E00, 0x5400)
SEED = 7


def halves(kind: str, n_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Blocks of two texts of ``n_bytes`` each, with the number of the text, 0 or 1, that a block belongs to."""
    for number in (0, 1):
        left = n_bytes
        for block in _blocks(kind, number):
            part = _whole_characters(block[:left])
            left -= len(part)
            if part:
                yield number, part
            if left < 3:  # bytes of the longest character here
                break


def _blocks(kind: str, number: int) -> Iterator[bytes]:
    random = np.random.default_rng([SEED, number])
    if kind == "repeat":
        yield from cycle([b"ab"[number : number + 1] * BLOCK])
    if kind == "line":
        from pydoc_data import topics

        model = WordModel("\n".join(topics.topics.values()), SEED + number)
        yield from (block.replace(b"\n", b" ") for block in model.blocks())
    while kind == "han":
        yield "".join(map(chr, random.integers(*HAN, size=BLOCK).tolist())).encode("utf-8")
    letters = np.frombuffer(b"ACGT" if kind == "dna" else b"abcdefghijklmnopqrstuvwxyz", np.uint8)
    while True:
        yield random.choice(letters, BLOCK).tobytes()


def _whole_characters(raw: bytes) -> bytes:
    return raw.decode("utf-8", "ignore").encode("utf-8")
