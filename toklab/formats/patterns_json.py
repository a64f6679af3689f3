"""The patterns of ``tokenizer.json``: texts, and regular expressions as Oniguruma reads them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import regex

from toklab.errors import PatternError
from toklab.formats.fields import entry
from toklab.pretokenize import PATTERNS, Pattern, PreTokenizer, from_oniguruma, to_oniguruma
from toklab.pretokenize.matching import Expression, Literal, Matcher
from toklab.pretokenize.patterns import BERT_PUNCTUATION
from toklab.pretokenize.probing import LONGEST, compile_safely
from toklab.pretokenize.splitting import Split
from toklab.pretokenize.unicode import samples

_RUST_WORD = r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}"
# What `Whitespace` keeps: runs of what the Rust library ``regex`` calls \w, and of what else is no whitespace.
WORDS = Pattern(
    "words", rf"[{_RUST_WORD}]+|[^\s{_RUST_WORD}]+", False, "Hugging Face Whitespace: \\w+|[^\\w\\s]+ of Rust's regex"
)
# What Rust's standard library calls numeric, of Unicode 17; ``regex`` has some newer ones.
NUMBER = Expression(regex.compile(r"(?![\U0001246f\U00012475-\U0001247f\U00012550-\U00012686])\p{N}"))
PUNCTUATION = Pattern("punctuation", f"[{BERT_PUNCTUATION}]", False, "Hugging Face Punctuation", "bert")
# Where a set ends, and a set within a set, which only adds to it.
_SET = regex.compile(r"\[\^?\]?(?:\\.|[^\]\\\[]|\[(?![\^:])(?:\\.|[^\]\\\[])*\])*\]", regex.DOTALL)
_INNER = regex.compile(r"\[((?:\\.|[^\]\\\[])*)\]", regex.DOTALL)
_ITEM = regex.compile(r"(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|\\.|(?P<open>\((?!\?))|(?P<anchor>[\^$])|.", regex.DOTALL)
# Longest regular expression that is read; published ones have some hundred characters.


def read_pattern(part: Any) -> Matcher:
    """The ``pattern`` of a part.

    Raises
    ------
    ValueError
        It is neither a text nor a regular expression that means the same here.
    """
    pattern = entry(part, "pattern", dict)
    if list(pattern) == ["String"]:
        return Literal(entry(pattern, "String", str))
    return _by_regex(entry(pattern, "Regex", str))


def _by_regex(written: str) -> PreTokenizer:
    return _compiled(written.replace("\r", "\\r").replace("\n", "\\n"))


@lru_cache(maxsize=64)
def _compiled(written: str) -> PreTokenizer:
    for known in PATTERNS.values():
        if known.name != "none" and known.keeps_gaps and to_oniguruma(known.pattern) == written:
            return PreTokenizer(known)
    if len(written) > LONGEST:
        raise ValueError(f"a regular expression of {len(written):,} characters")
    try:
        pattern = from_oniguruma(_plain(written))
        compile_safely(pattern)
        samples(pattern, "unicode-16")
    except (PatternError, regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"the regular expression {written!r}, which toklab cannot run: {error}") from None
    return PreTokenizer(Pattern(pattern, pattern, True, "the file"))


def _plain(written: str) -> str:
    """The pattern with sets in one level, and groups that capture nothing.

    Raises
    ------
    PatternError
        It holds an anchor of lines, or refers to a group.
    """
    flat = _SET.sub(lambda match: "[" + _INNER.sub(r"\1", match.group()[1:-1]) + "]", written)
    parts = []
    for match in _ITEM.finditer(flat):
        if match["anchor"] or regex.fullmatch(r"\\[1-9kgG]", match.group()):
            raise PatternError(f"{match.group()!r} means lines or groups")
        parts.append("(?:" if match["open"] else match.group())
    return "".join(parts)


def _deepseek() -> tuple[Split, ...]:
    """The three steps of DeepSeek-V3, which the published pattern is one for."""
    written = (
        r"\p{N}{1,3}",
        "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
        r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    )
    return tuple(Split(_by_regex(text), "Isolated") for text in written)


DEEPSEEK = _deepseek()
