"""The published pre-tokenization patterns: one table, with what each keeps and where it comes from.

``pattern`` is written for the ``regex`` library. Hugging Face compiles patterns with Oniguruma (Ruby syntax),
where ``$`` is the end of a *line* and ``{1,3}+`` is a repeat, not a possessive quantifier; `to_oniguruma`
writes the same meaning there and `from_oniguruma` reads it back.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

from toklab.errors import PatternError


@dataclass(frozen=True)
class Pattern:
    """A named way to cut text.

    Parameters
    ----------
    name : what the command line calls it
    pattern : for the ``regex`` library; each match is one pre-token
    keeps_gaps : text between matches is kept as pre-tokens (else dropped, as BERT drops whitespace)
    source : where it was published
    """

    name: str
    pattern: str
    keeps_gaps: bool
    source: str


_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_BERT_PUNCTUATION = r"!-/:-@\[-`{-~\p{P}"

_TABLE = (
    Pattern(
        "gpt2",
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        True,
        "GPT-2 encoder.py; Hugging Face ByteLevel",
    ),
    Pattern(
        "cl100k",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|(?>\p{N}{1,3})| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++\Z|\s*[\r\n]|\s+(?!\S)|\s",
        True,
        "tiktoken 0.14, cl100k_base (GPT-4)",
    ),
    Pattern(
        "o200k",
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTIONS}?"
        rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTIONS}?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        True,
        "tiktoken 0.14, o200k_base (GPT-4o)",
    ),
    Pattern(
        "llama3",
        rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
        True,
        "Llama 3 tokenizer.json",
    ),
    Pattern(
        "qwen2",
        rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
        True,
        "Qwen2 tokenizer.json",
    ),
    Pattern("whitespace", r"\S+", False, "split at Unicode whitespace; Hugging Face WhitespaceSplit"),
    Pattern(
        "bert",
        rf"[{_BERT_PUNCTUATION}]|[^\s{_BERT_PUNCTUATION}]+",
        False,
        "BERT tokenization.py BasicTokenizer; Hugging Face BertPreTokenizer",
    ),
    Pattern("none", r"(?s:.+)", True, "a document is one pre-token"),
)
PATTERNS = {entry.name: entry for entry in _TABLE}

# What the two engines spell differently: (regex, Oniguruma).
_ANCHORS = {r"\Z": r"\z", "$": r"\Z", "^": r"\A", r"\A": r"\A"}
_BACK = {r"\z": r"\Z", r"\Z": "$", r"\A": r"\A"}
_TOKENS = regex.compile(
    r"(?P<class>\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\])|(?P<possessive>\{\d+(?:,\d*)?\}\+)|(?P<escape>\\.)"
    r"|(?P<flags>\(\?(?:[a-zA-Z-]+[:)]|P))|(?P<other>.)",
    regex.DOTALL,
)
_SET_OPERATION = regex.compile(r"&&|--|\|\||~~|(?<!^|\\)\[")
# Escapes with another meaning in Oniguruma, or none.
_UNPORTABLE = {
    r"\h",
    r"\H",
    r"\X",
    r"\R",
    r"\K",
    r"\G",
    r"\m",
    r"\M",
    r"\L",
    r"\N",
    r"\y",
    r"\Y",
    r"\Q",
    r"\E",
}


def to_oniguruma(pattern: str) -> str:
    """Write a ``regex`` pattern for Oniguruma.

    Raises
    ------
    PatternError
        The pattern uses a construct whose meaning differs there, so that a saved model would encode differently.
    """
    return "".join(_translate(match, _ANCHORS, pattern) for match in _TOKENS.finditer(pattern))


def from_oniguruma(pattern: str) -> str:
    """Write an Oniguruma pattern for the ``regex`` library; undoes `to_oniguruma`."""
    return "".join(_translate(match, _BACK, pattern) for match in _TOKENS.finditer(pattern))


def _translate(match: regex.Match[str], anchors: dict[str, str], pattern: str) -> str:
    text, kind = str(match.group()), match.lastgroup
    if kind == "class" and _SET_OPERATION.search(text):
        raise PatternError(f"pattern {pattern!r}: the set {text!r} does not mean the same everywhere; write it out")
    if text in _UNPORTABLE or (kind == "escape" and text[1].isdigit()):
        raise PatternError(f"pattern {pattern!r}: {text!r} means something else in tokenizer.json; write it out")
    if kind == "flags" and set(text) - set("(?i:"):
        raise PatternError(f"pattern {pattern!r}: the flags {text!r} cannot be saved; only (?i:...) can")
    if kind == "possessive":
        # In Ruby syntax {1,3}+ repeats the group; an atomic group means what the possessive form means.
        raise PatternError(f"pattern {pattern!r}: write {text!r} as an atomic group (?>...)")
    return anchors.get(text, text)
