"""The shapes of ``tokenizer.json`` that are found in the wild, each small, made by the library itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from strategies import BERT_NORMALIZER_SKEW, _chars
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, trainers
from tokenizers import normalizers as norm
from tokenizers import pre_tokenizers as pre

from toklab.pretokenize import PATTERNS, to_oniguruma
from toklab.pretokenize.precompiled import charsmap

# Characters to Unicode 14 whose normal forms, classes or marks are newer than the library's tables.
NORMAL_FORM_SKEW = _chars(
    """
    07FD 0898-089F 08CA-08D3 09FE 0C3C 0D3B-0D3C 0EBA 1715 1ABF-1ACE 1DF6-1DFA 32FF A7F2-A7F4 A82C AB69 10781-10785
    10787-107B0 107B2-107BA 10D24-10D27 10EAB-10EAC 10F46-10F50 10F82-10F85 11070 1133B 1145E 11839-1183A 11938
    1193D-1193E 11943 119E0 11A34 11A47 11A99 11D42 11D44-11D45 11D97 16FF0-16FF1 1E130-1E136 1E2AE 1E2EC-1E2EF 1F16C
    1FBF0-1FBF9
    """
)
MARK_SKEW = _chars(
    """
    07FD 0898-089F 08CA-08D3 09FE 0AFA-0AFF 0B55 0C04 0C3C 0D00 0D3B-0D3C 0D81 0EBA 1715 180F 1ABF-1ACE 1CF2-1CF3 1CF7
    1DF6-1DFA A82C A8FF 10D24-10D27 10EAB-10EAC 10F46-10F50 10F82-10F85 11070 11073-11074 110C2 11145-11146 111C9
    111CE-111CF 1133B 1145E 1182C-1183A 11930-11935 11937-11938 1193B-1193E 11940 11942-11943 119D1-119D7 119DA-119E0
    119E4 11A01-11A0A 11A33-11A39 11A3B-11A3E 11A47 11A51-11A5B 11A8A-11A99 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D45
    11D47 11D8A-11D8E 11D90-11D91 11D93-11D97 11EF3-11EF6 16F4F 16F7F-16F87 16FE4 16FF0-16FF1 1CF00-1CF2D 1CF30-1CF46
    1E130-1E136 1E2AE 1E2EC-1E2EF
    """
)
SKEW = NORMAL_FORM_SKEW | MARK_SKEW | BERT_NORMALIZER_SKEW

SPECIALS = ("<unk>", "<s>", "</s>")
FALLBACK = tuple(f"<0x{byte:02X}>" for byte in range(256))
ADDED = (
    AddedToken("<|im_start|>", special=True, normalized=False),
    AddedToken("<mask>", special=True, normalized=False, lstrip=True),
    AddedToken("</s>", special=True, normalized=True, rstrip=True),
    AddedToken("<TOOLS>", special=True, normalized=True),
    AddedToken("<tool>x", special=False, normalized=False),
    AddedToken("<tool>", special=False, normalized=True),
    AddedToken("the", special=False, normalized=True, single_word=True),
    AddedToken("The", special=False, normalized=False, rstrip=True),
    AddedToken("  ", special=False, normalized=False),
)
ADDED_TEXTS = ("<|im_start|>", "<mask>", " <mask>  ", "</s>", "</s> ", "<TOOLS>", "<tool>x", "<tool>", "the", "The ")
DEEPSEEK = (
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
)


@cache
def _texts() -> tuple[str, ...]:
    corpora = Path(__file__).resolve().parents[1] / "corpora"
    english, stress = (corpora / f"{name}.txt" for name in ("en", "stress"))
    text = english.read_text(encoding="utf-8")[:8_000] + stress.read_text(encoding="utf-8")[:2_500]
    return tuple(text.splitlines(keepends=True))


def _trained(
    model: Any,
    normalizer: Any = None,
    pre_tokenizer: Any = None,
    decoder: Any = None,
    *,
    size: int = 400,
    specials: Iterable[str] = (),
    added: Iterable[AddedToken] = (),
    **options: Any,
) -> dict[str, Any]:
    """The parts of a tokenizer trained by the library."""
    engine = Tokenizer(model)
    for name, part in (("normalizer", normalizer), ("pre_tokenizer", pre_tokenizer), ("decoder", decoder)):
        if part is not None:
            setattr(engine, name, part)
    trainer = getattr(trainers, f"{type(model).__name__}Trainer".replace("BPE", "Bpe"))
    told: dict[str, Any] = {"vocab_size": size, "special_tokens": list(specials), "show_progress": False}
    engine.train_from_iterator(_texts(), trainer(**told, **options))
    engine.add_tokens(list(added))
    parts: dict[str, Any] = json.loads(engine.to_str())
    # As in the wild, where only training here makes them special.
    parts["added_tokens"] = [entry for entry in parts["added_tokens"] if entry["content"] not in FALLBACK]
    return parts


def _byte_level(*splits: Any, prefix: bool = False, pattern: bool = False, **options: Any) -> dict[str, Any]:
    last = pre.ByteLevel(add_prefix_space=prefix, use_regex=pattern)
    steps = pre.Sequence([*splits, last]) if splits else last
    common: dict[str, Any] = {"initial_alphabet": pre.ByteLevel.alphabet(), "size": 500, "added": ADDED}
    options = common | options
    model = models.BPE(ignore_merges=options.pop("ignore_merges", False))
    return _trained(model, options.pop("normalizer", None), steps, decoders.ByteLevel(), **options)


def _split(name: str) -> Any:
    return pre.Split(Regex(to_oniguruma(PATTERNS[name].pattern)), "isolated")


def _wordpiece(normalizer: Any, pre_tokenizer: Any, decoder: Any, longest: int = 100) -> dict[str, Any]:
    model = models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=longest)
    return _trained(model, normalizer, pre_tokenizer, decoder, specials=["[UNK]", "[PAD]"], added=ADDED)


def _spm_bpe(normalizer: Any, pre_tokenizer: Any, decoder: Any, *, fuse: bool, fallback: bool) -> dict[str, Any]:
    model = models.BPE(unk_token="<unk>", fuse_unk=fuse, byte_fallback=fallback)
    specials = [*SPECIALS, *FALLBACK] if fallback else SPECIALS
    options: dict[str, Any] = {"limit_alphabet": 50, "max_token_length": 8, "size": 300 + len(specials), "added": ADDED}
    return _trained(model, normalizer, pre_tokenizer, decoder, specials=specials, **options)


def _unigram(normalizer: Any, pre_tokenizer: Any, decoder: Any, fallback: bool = False) -> dict[str, Any]:
    specials = ["<pad>", "<unk>", *(FALLBACK if fallback else ())]
    told: dict[str, Any] = {"specials": specials, "unk_token": "<unk>", "added": ADDED, "size": 900 + len(specials)}
    parts = _trained(models.Unigram(), normalizer, pre_tokenizer, decoder, **told)
    parts["model"]["byte_fallback"] = fallback
    return parts


def _with_suffix() -> dict[str, Any]:
    steps = norm.Sequence([norm.NFC(), norm.Replace(Regex(r"\s+"), " "), norm.Lowercase()])
    pattern = Regex(r"'s|'t|'re|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    model = models.BPE(unk_token="<unk>", end_of_word_suffix="</w>")
    told: dict[str, Any] = {"specials": ["<unk>"], "end_of_word_suffix": "</w>", "added": ADDED}
    return _trained(model, steps, pre.Split(pattern, "removed", True), decoders.BPEDecoder(), **told)


def _with_prefix() -> dict[str, Any]:
    model = models.BPE(unk_token="[UNK]", continuing_subword_prefix="##")
    told: dict[str, Any] = {"specials": ["[UNK]"], "continuing_subword_prefix": "##"}
    return _trained(model, None, pre.WhitespaceSplit(), decoders.WordPiece(), **told)


def _with_merges_as_text() -> dict[str, Any]:
    parts = _byte_level(pattern=True, size=400)
    parts["model"]["merges"] = ["#version: 0.2", *(" ".join(pair) for pair in parts["model"]["merges"])]
    for key in ("type", "byte_fallback", "ignore_merges"):
        del parts["model"][key]
    parts["model"] |= {"unk_token": "", "continuing_subword_prefix": "", "end_of_word_suffix": ""}
    return parts


def _with_gaps() -> dict[str, Any]:
    vocab = {"<unk>": 0, "a": 3, "b": 7, " ": 4, "the": 2}
    parts = _trained(models.WordLevel(unk_token="<unk>"), None, pre.Split(" ", "isolated"), specials=["<unk>"])
    parts["model"]["vocab"] = vocab
    parts["added_tokens"] += [
        parts["added_tokens"][0] | {"id": index, "content": text} for index, text in ((9, "<x>"),)
    ]
    return parts


_PREPEND = norm.Sequence([norm.Prepend("▁"), norm.Replace(" ", "▁")])
_LLAMA_DECODER = decoders.Sequence(
    [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
)
SHAPES: dict[str, Callable[[], dict[str, Any]]] = {
    "gpt2": lambda: _byte_level(pattern=True, specials=["<|endoftext|>"]),
    "gpt2, old": _with_merges_as_text,
    "roberta": lambda: _byte_level(prefix=True, pattern=True, specials=SPECIALS),
    "llama3": lambda: _byte_level(_split("llama3"), ignore_merges=True),
    "qwen2": lambda: _byte_level(_split("qwen2"), normalizer=norm.NFC()),
    "gpt4o": lambda: _byte_level(_split("o200k")),
    "deepseek": lambda: _byte_level(*(pre.Split(Regex(pattern), "isolated") for pattern in DEEPSEEK)),
    "starcoder": lambda: _byte_level(pre.Digits(individual_digits=True), pattern=True),
    "bloom": lambda: _byte_level(pre.Split(Regex(r" ?[^(\s|[.,!?…。，、।۔،])]+"), "isolated")),
    "bytes missing": lambda: _byte_level(pattern=True, initial_alphabet=[], size=300),
    "falcon": lambda: _trained(
        models.BPE(),
        None,
        pre.Sequence(
            [
                pre.Punctuation("contiguous"),
                pre.ByteLevel(False),
                pre.Digits(),
                pre.Split(Regex("[0-9]{3}"), "isolated"),
            ]
        ),
        decoders.ByteLevel(),
        initial_alphabet=pre.ByteLevel.alphabet(),
    ),
    "bert": lambda: _wordpiece(norm.BertNormalizer(), pre.BertPreTokenizer(), decoders.WordPiece(), 12),
    "bert, cased": lambda: _wordpiece(
        norm.BertNormalizer(lowercase=False), pre.BertPreTokenizer(), decoders.WordPiece(cleanup=False)
    ),
    "bert, plain": lambda: _wordpiece(
        norm.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=False),
        pre.BertPreTokenizer(),
        decoders.WordPiece(),
    ),
    "wordpiece": lambda: _wordpiece(
        norm.Sequence([norm.NFD(), norm.Lowercase(), norm.StripAccents()]), pre.Whitespace(), None
    ),
    "wordpiece, bytes": lambda: _wordpiece(None, pre.ByteLevel(), None),
    "llama2": lambda: _spm_bpe(_PREPEND, None, _LLAMA_DECODER, fuse=True, fallback=True),
    "gemma": lambda: _spm_bpe(
        norm.Replace(" ", "▁"), pre.Split(" ", "merged_with_previous"), _LLAMA_DECODER, fuse=True, fallback=True
    ),
    "metaspace": lambda: _spm_bpe(None, pre.Metaspace(), decoders.Metaspace(), fuse=True, fallback=False),
    "metaspace, first": lambda: _spm_bpe(
        norm.Nmt(), pre.Metaspace(prepend_scheme="first"), decoders.Metaspace(), fuse=False, fallback=False
    ),
    "no unknown": lambda: _trained(
        models.BPE(),
        norm.NFKC(),
        pre.Metaspace(prepend_scheme="never"),
        decoders.Metaspace(prepend_scheme="never"),
        limit_alphabet=50,
        added=ADDED,
    ),
    "suffix": _with_suffix,
    "prefix": _with_prefix,
    "t5": lambda: _unigram(
        norm.Sequence(
            [norm.Precompiled(charsmap("nmt_nfkc")), norm.Strip(False, True), norm.Replace(Regex(" {2,}"), "▁")]
        ),
        pre.Metaspace(),
        decoders.Metaspace(),
    ),
    "xlm-r": lambda: _unigram(
        norm.Precompiled(charsmap("nmt_nfkc")),
        pre.Sequence([pre.WhitespaceSplit(), pre.Metaspace()]),
        decoders.Metaspace(),
    ),
    "albert": lambda: _unigram(
        norm.Sequence([norm.Replace("``", '"'), norm.NFKD(), norm.StripAccents(), norm.Lowercase()]),
        pre.Metaspace(split=False),
        decoders.Metaspace(),
    ),
    "unigram, bytes": lambda: _unigram(
        None,
        pre.Metaspace(prepend_scheme="first"),
        decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]),
        True,
    ),
    "words": lambda: _trained(
        models.WordLevel(unk_token="<unk>"),
        norm.Strip(),
        pre.Sequence([pre.Whitespace(), pre.Punctuation()]),
        specials=["<unk>"],
        added=ADDED,
    ),
    "words, odd": lambda: _trained(
        models.WordLevel(unk_token="<unk>"),
        norm.Lowercase(),
        pre.Sequence([pre.CharDelimiterSplit("e"), pre.FixedLength(3)]),
        decoders.Fuse(),
        specials=["<unk>"],
    ),
    "ways to split": lambda: _trained(
        models.BPE(),
        None,
        pre.Sequence(
            [
                pre.Split("e", "merged_with_next"),
                pre.Split(Regex(r"\s+"), "contiguous"),
                pre.Split(Regex("[aou]"), "merged_with_previous"),
                pre.Split(Regex("[^st]"), "removed", True),
            ]
        ),
    ),
    "gaps": _with_gaps,
}


@cache
def source_of(shape: str) -> bytes:
    """The file of a shape."""
    return json.dumps(SHAPES[shape](), ensure_ascii=False).encode("utf-8")
