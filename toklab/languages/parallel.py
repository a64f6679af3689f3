"""The same text in several languages, line by line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from toklab.corpus import Corpus, open_corpus
from toklab.errors import InputError

NAMED = 4  # files that an error about line counts names


@dataclass(frozen=True)
class ParallelText:
    """Lines that say the same in every language.

    Parameters
    ----------
    name : short name for tables and signatures
    texts : by language, in the order of their names: a corpus whose documents are the lines, without line ends;
        every language has the same number of lines
    left_out : lines that are blank in at least one language, and so were left out of all
    """

    name: str
    texts: Mapping[str, Corpus]
    left_out: int = 0

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.texts)

    @property
    def n_lines(self) -> int:
        """Lines of each language."""
        return len(next(iter(self.texts.values())))

    @property
    def n_bytes(self) -> int:
        """UTF-8 bytes of all languages, line ends left out."""
        return sum(text.n_bytes for text in self.texts.values())

    @cached_property
    def digest(self) -> str:
        """First 8 hexadecimal digits of a SHA-256 over names, lines and where they end."""
        named = ":".join(f"{language}@{text.digest}" for language, text in self.texts.items())
        return hashlib.sha256(named.encode("utf-8")).hexdigest()[:8]

    def split(self, held_out: float, seed: int = 0) -> tuple[ParallelText, ParallelText]:
        """Keep a share of the lines back: the same ones in every language, chosen as `Corpus.split` does.

        Raises
        ------
        UsageError
            The share is out of range, or there is a single line.
        """
        # The choice depends on the seed and the number of lines alone, so it is the same for all.
        parts = {language: text.split(held_out, seed) for language, text in self.texts.items()}
        kept = {language: part[0] for language, part in parts.items()}
        back = {language: part[1] for language, part in parts.items()}
        return ParallelText(self.name, kept), ParallelText(self.name, back)


def read_parallel(source: str | Path | Mapping[str, Sequence[str]]) -> ParallelText:
    """Read parallel text.

    Parameters
    ----------
    source : a folder with a file NAME.txt for each language, in UTF-8; or lines by language

    Returns
    -------
    ParallelText
        Lines that are blank in one language are left out of all languages, and counted.

    Raises
    ------
    InputError
        There is no such folder, it holds fewer than two languages, they have different numbers of lines, a file
        is empty or not UTF-8, or no line has text in every language.
    """
    if isinstance(source, Mapping):
        name, found = "texts", {language: list(source[language]) for language in sorted(source)}
    else:
        folder = Path(source)
        name, found = folder.resolve().name, read_lines(folder)
    if len(found) < 2:
        where = "the mapping" if isinstance(source, Mapping) else str(source)
        raise InputError(
            f"{where} holds {len(found)} language(s); parallel text needs a file NAME.txt for each of 2 or more"
        )
    _check_counts({language: len(lines) for language, lines in found.items()})
    whole = [index for index, row in enumerate(zip(*found.values(), strict=True)) if all(map(str.strip, row))]
    if not whole:
        raise InputError(f"no line of {name!r} has text in every language")
    total = len(next(iter(found.values())))
    texts = {language: Corpus(language, tuple(lines[i] for i in whole)) for language, lines in found.items()}
    return ParallelText(name, texts, total - len(whole))


def read_lines(folder: Path) -> dict[str, list[str]]:
    """The lines of every NAME.txt in a folder, by name, without their ends.

    Raises
    ------
    InputError
        There is no such folder, or a file is empty or not UTF-8.
    """
    if not folder.exists():
        raise InputError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; name the folder that holds a file NAME.txt for each language")
    paths = sorted(path for path in folder.glob("*.txt") if not path.name.startswith("."))
    return {path.stem: _lines(path) for path in paths}


def _lines(path: Path) -> list[str]:
    """The lines of a file without their ends; a carriage return before the newline belongs to the end."""
    documents = open_corpus(path, documents="line").documents
    return [line.removesuffix("\n").removesuffix("\r") for line in documents]


def _check_counts(counts: Mapping[str, int]) -> None:
    sizes = sorted(set(counts.values()))
    if len(sizes) > 1:
        # The number that most have first, then those that differ from it.
        usual = max(sizes, key=lambda size: (list(counts.values()).count(size), size))
        odd = [f"{language} has {count:,}" for language, count in counts.items() if count != usual]
        more = f" and {len(odd) - NAMED} more differ" if len(odd) > NAMED else ""
        most = next(language for language, count in counts.items() if count == usual)
        raise InputError(
            f"parallel text needs the same number of lines in every language: {most} has {usual:,}, but "
            f"{', '.join(odd[:NAMED])}{more}"
        )
