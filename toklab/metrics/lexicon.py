"""Words whose morphemes are known, cut by hand: those that toklab brings along, or a file of the user's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from toklab.errors import InputError

_FORM = "a line is WORD, a tab, and its morphemes with a space between two of them"


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words with their morphemes.

    Parameters
    ----------
    name : short name for signatures
    digest : first 8 hexadecimal digits of the SHA-256 of the files
    words : the morphemes of each word, which is in lower case
    """

    name: str
    digest: str
    words: Mapping[str, tuple[str, ...]]


@cache
def bundled_lexicon() -> Lexicon:
    """The lists of ``corpora/morphemes``: English, Finnish and Turkish; no word is in two of them."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "bundled" / "morphemes"
    folder = installed if installed.exists() else package.parent / "corpora" / "morphemes"
    return _read("bundled", sorted(folder.glob("*.tsv")))


def read_lexicon(path: str | Path) -> Lexicon:
    """A list of words in a file: on each line a word, a tab, and its morphemes with a space between two of them.

    The morphemes are written as they stand in the word and together are the word: ``cities`` is ``citi es``. Case
    makes no difference, blank lines are passed over.

    Raises
    ------
    InputError
        The file cannot be read or is not UTF-8, holds no word, or has a line of another form, morphemes that are not
        the word, or a word twice with different morphemes.
    """
    return _read(Path(path).stem, [Path(path)])


def _read(name: str, paths: Iterable[Path]) -> Lexicon:
    state = hashlib.sha256()
    words: dict[str, tuple[str, ...]] = {}
    for path in paths:
        try:
            raw = path.read_bytes()
            text = raw.decode("utf-8-sig")
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        state.update(raw)
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                _add(words, line, f"{path}, line {number}")
    if not words:
        raise InputError(f"{', '.join(map(str, paths))}: no word; {_FORM}")
    return Lexicon(name, state.hexdigest()[:8], words)


def _add(words: dict[str, tuple[str, ...]], line: str, where: str) -> None:
    word, tab, rest = line.lower().partition("\t")
    parts = tuple(rest.split())
    if not tab or "\t" in rest or not parts:
        raise InputError(f"{where}: {line!r} is no word with its morphemes; {_FORM}")
    if "".join(parts) != word:
        raise InputError(f"{where}: the morphemes {' '.join(parts)!r} together are not the word {word!r}")
    if words.setdefault(word, parts) != parts:
        raise InputError(f"{where}: {word!r} stands there twice, with different morphemes")
