"""Text normalisation that remembers where every character came from."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from toklab.errors import UnknownNameError
from toklab.pretokenize import precompiled

_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),  # BERT has 0x2B820 here; Hugging Face's value is kept so that ids agree
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@dataclass(frozen=True)
class Normalized:
    """A normalised text.

    Parameters
    ----------
    text : what the trainer and the encoder see
    source : for each character of ``text``, the index of the raw character it came from; None: unchanged text, or
        ``edges`` say it
    edges : for each character of ``text`` and its end, the index of the raw character at which it begins; each
        covers the raw text up to the next one
    """

    text: str
    source: tuple[int, ...] | None = None
    edges: tuple[int, ...] | None = None


def unchanged(text: str) -> Normalized:
    """The text as it is."""
    return Normalized(text)


def bert(text: str) -> Normalized:
    """BERT's uncased normalisation, in Hugging Face's order.

    Drop control characters, turn whitespace into spaces, put spaces around CJK ideographs, decompose (NFD) and
    drop non-spacing marks, lower-case each character by itself.

    Source: BERT tokenization.py (BasicTokenizer); Hugging Face BertNormalizer.
    """
    spaced: list[tuple[str, int]] = []
    for index, char in enumerate(text):
        if is_bert_control(char):
            continue
        if char.isspace():
            spaced.append((" ", index))
        elif is_cjk(char):
            spaced += [(" ", index), (char, index), (" ", index)]
        else:
            spaced.append((char, index))
    decomposed = _decompose(spaced)
    lowered = [(low, index) for char, index in decomposed if unicodedata.category(char) != "Mn" for low in char.lower()]
    return Normalized("".join(char for char, _ in lowered), tuple(index for _, index in lowered))


def is_cjk(char: str) -> bool:
    """Whether BERT takes a character for an ideograph."""
    return any(low <= ord(char) <= high for low, high in _CJK)


def is_bert_control(char: str) -> bool:
    """Whether BERT drops a character."""
    if char in "\t\n\r":
        return False
    return char in "\x00\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Cn", "Co")


def _decompose(chars: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """NFD with source indices: decompose each character, then order each run of combining marks by class."""
    flat = [(part, index) for char, index in chars for part in unicodedata.normalize("NFD", char)]
    result: list[tuple[str, int]] = []
    run: list[tuple[str, int]] = []
    for item in flat:
        if unicodedata.combining(item[0]):
            run.append(item)
            continue
        result += sorted(run, key=lambda entry: unicodedata.combining(entry[0]))
        result.append(item)
        run = []
    return result + sorted(run, key=lambda entry: unicodedata.combining(entry[0]))


def _by_rule(rule: str) -> Callable[[str], Normalized]:
    def normalize(text: str) -> Normalized:
        found, edges = precompiled.normalize(rule, text)
        return Normalized(found, edges=tuple(edges))

    normalize.__doc__ = precompiled.RULES[rule]
    return normalize


NORMALIZERS: dict[str, Callable[[str], Normalized]] = {
    "none": unchanged,
    "bert": bert,
    **{rule: _by_rule(rule) for rule in precompiled.RULES},
}


def get_normalizer(name: str) -> Callable[[str], Normalized]:
    """The normaliser of a name.

    Raises
    ------
    UnknownNameError
        No normaliser has that name.
    """
    if name not in NORMALIZERS:
        raise UnknownNameError("normalizer", name, NORMALIZERS)
    return NORMALIZERS[name]


def normalize_all(name: str, texts: Sequence[str]) -> Sequence[str]:
    """Normalised texts, where nobody asks which character came from where.

    Raises
    ------
    UnknownNameError
        No normaliser has that name.
    UsageError
        The normaliser is the library's, and a text holds a lone surrogate or the library is not installed.
    """
    normalize = get_normalizer(name)
    if name == "none":
        return texts
    if name in precompiled.RULES:
        return precompiled.normalize_all(name, texts)
    return [normalize(text).text for text in texts]
