"""The reproducibility string: every choice that a figure depends on, in one line (the idea is sacreBLEU's)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version


def toklab_version() -> str:
    """The installed version, or the one of a source tree that is not installed."""
    try:
        return version("toklab")
    except PackageNotFoundError:
        return "0.1.0"


def library_version(distribution: str) -> str:
    """``name-version`` of an installed library."""
    return f"{distribution}-{version(distribution)}"


def number(value: float) -> str:
    """A number with all its digits; whole ones without a point."""
    return repr(float(value)).removesuffix(".0")


def words_fact() -> str:
    """How words are cut: Unicode's rules, by the tables of the regex library."""
    return f"uax29@{library_version('regex')}"


def signature(algorithm: str, vocab_size: int, pretokenizer: str, normalizer: str = "none") -> dict[str, str]:
    """What every tokenizer's signature begins with."""
    return {
        "toklab": toklab_version(),
        "algo": algorithm,
        "vocab": str(vocab_size),
        "pre": pretokenizer,
        "norm": normalizer,
    }


def render(facts: Mapping[str, str]) -> str:
    """One line: ``key:value`` joined by ``|``; a ``|`` inside a value is doubled."""
    return "|".join(f"{key}:{value.replace('|', '||')}" for key, value in facts.items())
