"""Patterns as tiktoken takes them (Rust's ``fancy-regex``): read for the ``regex`` library, and written back.

tiktoken drops the text between two matches, so a pattern that keeps it is written with one alternative more, which
matches just that text. What may be in a pattern is what means the same in both engines.
"""

from __future__ import annotations

from collections.abc import Mapping

import regex

from toklab.errors import PatternError
from toklab.pretokenize import PreTokenizer
from toklab.pretokenize.automaton import compile_pattern
from toklab.pretokenize.patterns import CATEGORY, PATTERNS, Pattern
from toklab.pretokenize.probing import LONGEST, compile_safely
from toklab.pretokenize.unicode import samples

# tiktoken's own spellings of published patterns, where they differ from those of the table.
SPELLINGS = {
    "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
    "cl100k": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
}
# Patterns of which every character of any text is part of a match.
COVERING = ("gpt2", "cl100k", "o200k", "llama3", "qwen2", "sentencepiece", "none")
_ATOM = rf"{CATEGORY}|\\[sSwWdDrntfv]|\\x[0-9a-fA-F]{{2}}|\\[^\w\s]"
_SET = rf"\[\^?\]?(?:{_ATOM}|[^\]\\\[&~-]|-(?!-)|&(?!&)|~(?!~))*\]"
_TOKENS = regex.compile(
    rf"(?P<possessive>(?P<repeated>(?:{_SET}|{_ATOM}|[^\\\[(){{}}?*+|^$])\{{\d+(?:,\d*)?\}})\+)"
    rf"|(?P<anchor>\\[Az]|[$^])"
    rf"|(?P<group>\((?!\?))"
    rf"|(?P<same>{_SET}|{_ATOM}|\\[bB]|\(\?(?:[is]?:|[>=!]|<[=!])"
    r"|(?:[?*+]|\{\d+(?:,\d*)?\})\??(?![+?*{])|[?*+]\+(?![+?*{])|[^\\\[{}?*+(^$])",
    regex.DOTALL,
)
_ANCHORS = {"$": r"\Z", r"\z": r"\Z", "^": r"\A", r"\A": r"\A"}


def from_rust(pattern: str) -> PreTokenizer:
    """The pre-tokenizer that cuts as tiktoken does with a pattern; a published pattern is known by its text.

    Raises
    ------
    PatternError
        It is no regular expression, matches the empty string, takes too long, or holds a construct that the ``regex``
        library knows otherwise or not at all.
    """
    if len(pattern) > 2 * LONGEST:  # `_with_gaps` doubles it
        raise PatternError(f"a pattern of {len(pattern):,} characters; {LONGEST:,} is the most")
    for name, spelling in SPELLINGS.items():
        if pattern == spelling:
            return PreTokenizer(PATTERNS[name])
    inner = _without_gaps(pattern)
    text = _translate(pattern if inner is None else inner)
    for entry in PATTERNS.values():
        same_gaps = entry.name in COVERING or entry.keeps_gaps == (inner is not None)
        if entry.pattern == text and entry.follows == "unicode-16" and same_gaps:
            return PreTokenizer(entry)
    compile_safely(text)
    samples(text, "unicode-16")
    return PreTokenizer(Pattern(text, text, inner is not None or covers(text), "of a model file"))


def covers(pattern: str) -> bool:
    """Whether every character of any text is proven to be part of a match: then nothing is dropped."""
    automaton = compile_pattern(pattern)
    if automaton is None:
        return False
    waiting, seen = [0], {0}
    while waiting:  # states that can be reached before any match has ended
        state = waiting.pop()
        entries = automaton.table[state] if state else automaton.table[0, :-1]
        nexts = {(entry >> 1) - 1 for entry in entries.tolist() if not entry & 1}
        if -1 in nexts:  # nothing has matched, and nothing will
            return False
        waiting += sorted(nexts - seen)
        seen |= nexts
    return True


def to_rust(pretokenizer: PreTokenizer) -> str:
    """The pattern with which tiktoken cuts as a pre-tokenizer does; `from_rust` reads it back.

    Raises
    ------
    PatternError
        tiktoken has no pattern like it.
    """
    entry = pretokenizer.entry
    if entry.name in SPELLINGS:
        return SPELLINGS[entry.name]
    if entry.follows != "unicode-16":
        raise PatternError(f"the pre-tokenizer {entry.name!r} has classes of characters that tiktoken has not")
    text = _anchored(entry.pattern, {r"\Z": "$", "$": r"(?=\n?$)"})
    if entry.keeps_gaps and entry.name not in COVERING:
        text = _with_gaps(text)
    again = from_rust(text).entry
    meant = _anchored(entry.pattern, {"$": r"(?=\n?\Z)", "^": r"\A"})
    if (again.pattern, again.keeps_gaps) != (meant, entry.keeps_gaps):
        raise PatternError(f"the pattern {entry.pattern!r} cannot be written for tiktoken with the same meaning")
    return text


def _anchored(pattern: str, spelled: Mapping[str, str]) -> str:
    """A pattern with other anchors; a plain ``$`` also stands before a last line end in ``regex``, not in Rust."""
    return str(regex.sub(rf"{_SET}|\\.|[$^]", lambda match: spelled.get(match.group(), match.group()), pattern))


def _with_gaps(pattern: str) -> str:
    return f"{pattern}|(?s:(?:(?!{pattern}).)+)"


def _without_gaps(pattern: str) -> str | None:
    """What `_with_gaps` was given, or None for any other pattern."""
    size = (len(pattern) - len(_with_gaps(""))) // 2
    inner = pattern[: max(0, size)]
    return inner if inner and _with_gaps(inner) == pattern else None


def _translate(pattern: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        match = _TOKENS.match(pattern, at)
        if match is None:
            construct = pattern[at : at + 12]
            raise PatternError(
                f"pattern {pattern!r}: the construct at {construct!r} is not known to mean the same outside tiktoken; "
                "the library itself runs it (--engine library)"
            )
        text = str(match.group())
        if match["possessive"]:
            text = f"(?>{match['repeated']})"
        elif match["anchor"]:
            text = _ANCHORS[text]
        elif match["group"]:
            text = "(?:"
        parts.append(text)
        at = match.end()
    return "".join(parts)
