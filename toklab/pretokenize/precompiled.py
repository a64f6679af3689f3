"""SentencePiece's own normalisers, run by the library, whose tables of rules they are.

Kudo and Richardson 2018, "SentencePiece: A simple and language independent subword tokenizer and detokenizer",
section 3.2: the longest match at each place is replaced. Nothing else that the library does to a text (a space put
before it, spaces taken out) is done here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from toklab.errors import UsageError
from toklab.pretokenize.utf8 import to_utf8

RULES = {
    "nmt_nfkc": "SentencePiece's default: NFKC; control characters go and all whitespace becomes spaces",
    "nfkc": "Unicode NFKC, as SentencePiece has it",
    "nmt_nfkc_cf": "nmt_nfkc and case folding",
    "nfkc_cf": "nfkc and case folding",
}


def normalize(rule: str, text: str) -> tuple[str, list[int]]:
    """A normalised text, and the raw character at which each of its characters and its end begin.

    A character covers the raw text up to where the next one begins: what was dropped goes with what stands before it,
    and of several that come from one match the last has it all.

    Raises
    ------
    UsageError
        The text holds a lone surrogate, or SentencePiece is not installed.
    """
    to_utf8(text)  # raises
    found, edges = _engine(rule).Normalize(text, with_offsets=True)
    return str(found), edges


def normalize_all(rule: str, texts: Sequence[str]) -> list[str]:
    """Many normalised texts.

    Raises
    ------
    UsageError
        A text holds a lone surrogate, or SentencePiece is not installed.
    """
    return [raw.decode() for raw in _engine(rule).Normalize([to_utf8(text) for text in texts])]


@lru_cache(maxsize=len(RULES))
def charsmap(rule: str) -> bytes:
    """A normaliser's rules as the library writes them: ``NormalizerSpec.precompiled_charsmap``.

    Raises
    ------
    UsageError
        SentencePiece is not installed.
    """
    # A message of protocol buffers: the name is field 1, the rules are field 2; sizes have 7 bits a byte.
    message: bytes = _engine(rule).serialized_normalizer_spec()
    at, size, shift = len(rule) + 3, 0, 0
    while True:
        size |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if message[at - 1] < 0x80:
            return message[at : at + size]


@lru_cache(maxsize=len(RULES))
def _engine(rule: str) -> Any:
    try:
        from sentencepiece import SentencePieceNormalizer
    except ImportError:
        raise UsageError(f"the normalizer {rule!r} needs SentencePiece, which is not installed") from None
    return SentencePieceNormalizer(
        rule_name=rule, add_dummy_prefix=False, escape_whitespaces=False, remove_extra_whitespaces=False
    )
