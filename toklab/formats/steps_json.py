"""The normalizer, pre_tokenizer and decoder of any ``tokenizer.json``, read as steps that toklab runs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from toklab.algorithms.detokenizing import (
    ByteFallbackDecoder,
    ByteLevelDecoder,
    DecoderStep,
    FuseDecoder,
    MetaspaceDecoder,
    ReplaceDecoder,
    StripDecoder,
    SuffixDecoder,
    WordPieceDecoder,
)
from toklab.algorithms.symbols import BYTE_TO_CHAR
from toklab.formats.fields import entry, kind_of, optional
from toklab.formats.patterns_json import DEEPSEEK, NUMBER, PUNCTUATION, WORDS, read_pattern
from toklab.pretokenize import PATTERNS, Pattern, PreTokenizer
from toklab.pretokenize.charsmap import CharsMap
from toklab.pretokenize.matching import Literal
from toklab.pretokenize.normalizing import (
    Bert,
    Lowercase,
    Nmt,
    NormalizerStep,
    Precompiled,
    Prepend,
    Replace,
    Strip,
    StripAccents,
    Unicode,
)
from toklab.pretokenize.splitting import (
    BEHAVIORS,
    ByteCharacters,
    FixedLength,
    Metaspace,
    PrefixSpace,
    Split,
    SplitterStep,
)

SCHEMES = ("always", "first", "never")


def _flat(part: Any, what: str, known: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Type and object of each step, those inside sequences too."""
    if part is None:
        return
    kind = kind_of(part)
    if kind == "Sequence":
        for inner in entry(part, f"{what.replace('_', '')}s", list):
            yield from _flat(inner, what, known)
    elif kind in known:
        yield kind, part
    else:
        raise ValueError(f"a {what} of type {kind!r}, where toklab runs {', '.join(known)} and Sequence")


def read_normalizers(part: Any) -> tuple[NormalizerStep, ...]:
    """The steps of a ``normalizer``.

    Raises
    ------
    ValueError
        It is of a type that toklab does not run, or not what its type says.
    """
    return tuple(_NORMALIZERS[kind](one) for kind, one in _flat(part, "normalizer", _NORMALIZERS))


def _read_bert(part: Any) -> Bert:
    lowercase = entry(part, "lowercase", bool)
    accents = optional(part, "strip_accents", bool)
    return Bert(
        entry(part, "clean_text", bool),
        entry(part, "handle_chinese_chars", bool),
        lowercase if accents is None else accents,
        lowercase,
    )


def _read_charsmap(part: Any) -> Precompiled:
    try:
        return Precompiled(CharsMap(base64.b64decode(entry(part, "precompiled_charsmap", str), validate=True)))
    except binascii.Error as error:
        raise ValueError(f"a precompiled_charsmap that is not base64: {error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"a precompiled_charsmap whose texts are not UTF-8: {error}") from None


_NORMALIZERS: Mapping[str, Callable[[Any], NormalizerStep]] = {
    "NFC": lambda part: Unicode("NFC"),
    "NFD": lambda part: Unicode("NFD"),
    "NFKC": lambda part: Unicode("NFKC"),
    "NFKD": lambda part: Unicode("NFKD"),
    "BertNormalizer": _read_bert,
    "Lowercase": lambda part: Lowercase(),
    "Nmt": lambda part: Nmt(),
    "Precompiled": _read_charsmap,
    "Prepend": lambda part: Prepend(entry(part, "prepend", str)),
    "Replace": lambda part: Replace(read_pattern(part), entry(part, "content", str)),
    "Strip": lambda part: Strip(entry(part, "strip_left", bool), entry(part, "strip_right", bool)),
    "StripAccents": lambda part: StripAccents(),
}


def read_splitters(part: Any) -> tuple[SplitterStep, ...]:
    """The steps of a ``pre_tokenizer``.

    Raises
    ------
    ValueError
        It is of a type that toklab does not run, or not what its type says.
    """
    steps = tuple(step for kind, one in _flat(part, "pre_tokenizer", _SPLITTERS) for step in _SPLITTERS[kind](one))
    return (_isolated(PATTERNS["deepseek-v3"]), *steps[3:]) if steps[:3] == DEEPSEEK else steps


def _isolated(pattern: Pattern) -> Split:
    return Split(PreTokenizer(pattern), "Isolated")


def _only(name: str) -> Callable[[Any], tuple[SplitterStep, ...]]:
    return lambda part: (Split(PreTokenizer(PATTERNS[name]), "Removed", True),)


def _behavior(part: Any, *default: str) -> str:
    behavior = entry(part, "behavior", str, *default)
    if behavior not in BEHAVIORS:
        raise ValueError(f"the behavior {behavior!r}, where there are {', '.join(BEHAVIORS)}")
    return behavior


def _read_split(part: Any) -> tuple[SplitterStep, ...]:
    return (Split(read_pattern(part), _behavior(part), entry(part, "invert", bool)),)


def _read_byte_level(part: Any) -> tuple[SplitterStep, ...]:
    prefix = (PrefixSpace(),) if entry(part, "add_prefix_space", bool) else ()
    cut = (_isolated(PATTERNS["gpt2"]),) if entry(part, "use_regex", bool, True) else ()
    return (*prefix, *cut, ByteCharacters(BYTE_TO_CHAR))


def _read_metaspace(part: Any) -> tuple[SplitterStep, ...]:
    prefix = optional(part, "add_prefix_space", bool)
    scheme = entry(part, "prepend_scheme", str, "never" if prefix is False else "always")
    if scheme not in SCHEMES or (prefix is False and scheme != "never"):
        raise ValueError(f"the prepend_scheme {scheme!r} with add_prefix_space {prefix}")
    return (Metaspace(_character(part, "replacement"), scheme, entry(part, "split", bool, True)),)


def _character(part: Any, key: str) -> str:
    found = entry(part, key, str)
    if len(found) != 1:
        raise ValueError(f"the {key} {found!r}, which must be one character")
    return found


def _read_fixed_length(part: Any) -> tuple[SplitterStep, ...]:
    length = entry(part, "length", int)
    if length < 1:
        raise ValueError(f"the length {length}, which must be 1 or more")
    return (FixedLength(length),)


_SPLITTERS: Mapping[str, Callable[[Any], tuple[SplitterStep, ...]]] = {
    "BertPreTokenizer": _only("bert"),
    "ByteLevel": _read_byte_level,
    "CharDelimiterSplit": lambda part: (Split(Literal(_character(part, "delimiter")), "Removed"),),
    "Digits": lambda part: (Split(NUMBER, "Isolated" if entry(part, "individual_digits", bool) else "Contiguous"),),
    "FixedLength": _read_fixed_length,
    "Metaspace": _read_metaspace,
    "Punctuation": lambda part: (Split(PreTokenizer(PUNCTUATION), _behavior(part, "Isolated")),),
    "Split": _read_split,
    "Whitespace": lambda part: (Split(PreTokenizer(WORDS), "Removed", True),),
    "WhitespaceSplit": _only("whitespace"),
}


def as_pattern(steps: tuple[SplitterStep, ...]) -> PreTokenizer | None:
    """The one pattern whose matches, or these and the gaps between, are what the steps cut; None if there is none."""
    if len(steps) != 1 or not isinstance(steps[0], Split) or not isinstance(steps[0].pattern, PreTokenizer):
        return None
    step, pattern = steps[0], steps[0].pattern
    wanted = ("Isolated", False) if pattern.entry.keeps_gaps else ("Removed", True)
    return pattern if (step.behavior, step.invert) == wanted else None


def read_decoders(part: Any) -> tuple[DecoderStep, ...]:
    """The steps of a ``decoder``.

    Raises
    ------
    ValueError
        It is of a type that toklab does not run, or not what its type says.
    """
    return tuple(_DECODERS[kind](one) for kind, one in _flat(part, "decoder", _DECODERS))


def _read_metaspace_decoder(part: Any) -> MetaspaceDecoder:
    (step,) = _read_metaspace(part)
    assert isinstance(step, Metaspace)
    return MetaspaceDecoder(step.replacement, step.scheme != "never")


_DECODERS: Mapping[str, Callable[[Any], DecoderStep]] = {
    "BPEDecoder": lambda part: SuffixDecoder(entry(part, "suffix", str)),
    "ByteFallback": lambda part: ByteFallbackDecoder(),
    "ByteLevel": lambda part: ByteLevelDecoder(),
    "Fuse": lambda part: FuseDecoder(),
    "Metaspace": _read_metaspace_decoder,
    "Replace": lambda part: ReplaceDecoder(read_pattern(part), entry(part, "content", str)),
    "Strip": lambda part: StripDecoder(
        _character(part, "content"), entry(part, "start", int), entry(part, "stop", int)
    ),
    "WordPiece": lambda part: WordPieceDecoder(entry(part, "prefix", str), entry(part, "cleanup", bool)),
}
