"""The published pre-tokenization patterns: one table, with what each keeps and where it comes from.

``pattern`` is written for the ``regex`` library. Hugging Face compiles patterns with Oniguruma (Ruby syntax),
where ``$`` is the end of a *line* and ``{1,3}+`` is a repeat, not a possessive quantifier; `to_oniguruma`
writes the same meaning there and `from_oniguruma` reads it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import regex

from toklab.errors import PatternError
from toklab.pretokenize.unicode import samples


@dataclass(frozen=True)
class Pattern:
    """A named way to cut text.

    Parameters
    ----------
    name : what the command line calls it
    pattern : for the ``regex`` library; each match is one pre-token
    keeps_gaps : text between matches is kept as pre-tokens (else dropped, as BERT drops whitespace)
    source : where it was published
    follows : whose classes of characters it has, as in `toklab.pretokenize.unicode.differences`
    """

    name: str
    pattern: str
    keeps_gaps: bool
    source: str
    follows: str = "unicode-16"


_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
BERT_PUNCTUATION = r"!-/:-@\[-`{-~\p{P}"

# DeepSeek-V3 splits three times: by \p{N}{1,3}, what is left by runs of ideographs and kana, and every piece by a
# third pattern, to which a piece's end is the end of the text. In one pattern, nothing else may take a digit or an
# ideograph, lookahead stops before either, and a run of ideographs and kana is cut by alternatives of its own.
_EAST = "\u4e00-\u9fa5\u3040-\u30ff"
_EAST_LETTERS = "[\u4e00-\u9fa5\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff]"
_EAST_MARKS = "[\u309b\u309c\u30a0\u30fb]"
_EAST_UNASSIGNED = "[\u3040\u3097\u3098]"
_DEEPSEEK = (
    r"\p{N}{1,3}",
    rf"{_EAST_UNASSIGNED}?{_EAST_LETTERS}+",
    rf"{_EAST_MARKS}+",
    rf"{_EAST_UNASSIGNED}+(?!{_EAST_LETTERS})",
    r"[!-/:-@\[-`{-~][A-Za-z]+",
    rf"[^\r\n\p{{L}}\p{{N}}\p{{P}}\p{{S}}{_EAST}]?[^\p{{C}}\p{{N}}\p{{P}}\p{{S}}\p{{Z}}{_EAST}]+",
    rf" ?[^\p{{C}}\p{{L}}\p{{M}}\p{{N}}\p{{Z}}{_EAST}]+[\r\n]*",
    r"\s*[\r\n]+",
    rf"\s+(?![^\s\p{{N}}{_EAST}])",
    r"\s+",
)

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
    Pattern("deepseek-v3", "|".join(_DEEPSEEK), True, "DeepSeek-V3 tokenizer.json"),
    # Each space begins a word; "▁", which SentencePiece writes for a space, is one. Words are not yet split where
    # the script or the kind of character changes, as its other options ask.
    Pattern("sentencepiece", "[ \u2581][^ \u2581]*|[^ \u2581]+", True, "SentencePiece, the part split_by_whitespace"),
    Pattern("whitespace", r"\S+", False, "split at Unicode whitespace; Hugging Face WhitespaceSplit"),
    Pattern(
        "bert",
        rf"[{BERT_PUNCTUATION}]|[^\s{BERT_PUNCTUATION}]+",
        False,
        "BERT tokenization.py BasicTokenizer; Hugging Face BertPreTokenizer",
        "bert",
    ),
    Pattern("none", r"(?s:.+)", True, "a document is one pre-token"),
)
PATTERNS = {entry.name: entry for entry in _TABLE}

# What the two engines spell differently: (regex, Oniguruma).
_ANCHORS = {r"\Z": r"\z", "$": r"\Z", "^": r"\A"}
_BACK = {r"\z": r"\Z", r"\Z": "$"}
CATEGORY = r"\\[pP]\{(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cf]?)\}"
# Everything that means the same in both; what no branch matches does not, or has not been shown to.
_TOKENS = regex.compile(
    rf"(?P<set>\[\^?\]?(?:{CATEGORY}|\\[sSwWdDrntfv]|\\x[0-9a-fA-F]{{2}}|\\[^\w\s]|[^\]\\\[])*\])"
    rf"|(?P<escape>{CATEGORY}|\\[sSwWdDrntfvbBAZz]|\\x[0-9a-fA-F]{{2}}|\\[^\w\s])"
    r"|(?P<group>\(\?(?:i?:|[>=!]|<[=!]))"
    r"|(?P<times>(?:[?*+]|\{\d+(?:,\d*)?\})\??(?![+?*{])|[?*+]\+(?![+?*{]))"
    r"|(?P<other>[^\\\[{?*+(]|\((?!\?))",
    regex.DOTALL,
)
_SET_OPERATION = regex.compile(r"&&|--|\|\||~~")


@lru_cache(maxsize=1)
def _folds() -> frozenset[str]:
    """Sequences that one other character folds to, as ß to "ss": Oniguruma matches that character for (?i:ss)."""
    folded = map(str.casefold, samples("", "unicode-16").text)
    return frozenset(text for text in folded if len(text) > 1)


def to_oniguruma(pattern: str) -> str:
    """Write a ``regex`` pattern for Oniguruma.

    Raises
    ------
    PatternError
        The pattern uses a construct whose meaning differs there, or may, so that a saved model would encode
        differently.
    """
    return _translate(pattern, _ANCHORS)


def from_oniguruma(pattern: str) -> str:
    """Write an Oniguruma pattern for the ``regex`` library; undoes `to_oniguruma`."""
    return _translate(pattern, _BACK)


def _translate(pattern: str, anchors: dict[str, str]) -> str:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        match = _TOKENS.match(pattern, at)
        if match is None or (match.lastgroup == "set" and _SET_OPERATION.search(match.group())):
            construct = pattern[at : at + 12]
            raise PatternError(
                f"pattern {pattern!r}: the construct at {construct!r} cannot be saved to tokenizer.json with the same "
                "meaning; write it with plain sets, groups and quantifiers"
            )
        text = str(match.group())
        parts.append(anchors.get(text, text))
        at = match.end()
    if "(?i:" in pattern and any(fold in pattern.casefold() for fold in _folds()):
        raise PatternError(f"pattern {pattern!r}: a part of (?i:...) stands for one character elsewhere, as ss for ß")
    return "".join(parts)
