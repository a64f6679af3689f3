"""The text that is measured on: the standard library's own sources, or a file or folder of the user's."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toklab.corpus import open_corpus
from toklab.errors import InputError

MEGABYTE = 1_000_000
LENGTH_BYTES = 8
NOT_OURS = frozenset({"site-packages", "dist-packages"})

# Small enough to cost nothing, varied enough that every trainer learns something from it.
WARM_UP: tuple[str, ...] = (
    "The ferry left at 6:45 with 212 people, nine bicycles and a piano; it came back with the piano alone.\n",
    "def tides(hours):\n    return [height * 0.5 for height in hours if height > 12]\n",
    "It wasn't the captain's fault, they said, and the harbour master wouldn't say whose fault it was.\n",
)


@dataclass(frozen=True)
class Text:
    """Documents to measure on.

    Parameters
    ----------
    name : for tables
    documents : the texts, in order
    skipped : files that were left out because they are not UTF-8
    """

    name: str
    documents: tuple[str, ...]
    skipped: int = 0

    @property
    def n_bytes(self) -> int:
        """UTF-8 bytes of all documents."""
        return sum(len(text.encode("utf-8")) for text in self.documents)

    def first(self, megabytes: float) -> Text:
        """The first ``megabytes`` (of 1,000,000 bytes); the last document is cut at a character."""
        left = round(megabytes * MEGABYTE)
        kept: list[str] = []
        for text in self.documents:
            raw = text.encode("utf-8")[:left]
            left -= len(raw)
            kept.append(raw.decode("utf-8", "ignore"))
            if left <= 0:
                break
        return Text(f"{self.name}, first {megabytes:g} MB", tuple(filter(None, kept)), self.skipped)

    def halves(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Every second document, and the others: two texts of the same kind that share none.

        Raises
        ------
        InputError
            There is one document only.
        """
        if len(self.documents) < 2:
            raise InputError(
                f"{self.name} is a single document, and encoding needs two: one for each pass; "
                "try --documents line, or --task train"
            )
        return self.documents[::2], self.documents[1::2]


def read_text(path: Path | None, documents: str = "paragraph") -> Text:
    """The text at a path, or the standard library's sources.

    Parameters
    ----------
    path : a file, which is cut into documents; or a folder, each of whose files is one document; or None
    documents : how a file is cut: ``"paragraph"``, ``"line"`` or ``"file"``

    Raises
    ------
    InputError
        Nothing there can be read.
    """
    if path is None:
        return _standard_library()
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file())
        return _from_files(path.name, path, files)
    corpus = open_corpus(path, documents=documents)
    return Text(corpus.name, corpus.documents)


def _standard_library() -> Text:
    root = Path(sysconfig.get_path("stdlib"))
    files = (file for file in root.rglob("*.py") if NOT_OURS.isdisjoint(file.relative_to(root).parts))
    return _from_files(f"python-{sysconfig.get_python_version()}-stdlib", root, files)


def _from_files(name: str, root: Path, files: Iterable[Path]) -> Text:
    """One document per file, ordered by path; empty files and those that are not UTF-8 are left out."""
    kept: list[str] = []
    skipped = 0
    for file in sorted(files, key=lambda file: file.relative_to(root).as_posix()):
        try:
            kept.append(file.read_bytes().decode("utf-8"))
        except UnicodeDecodeError:
            skipped += 1
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    documents = tuple(filter(None, kept))
    if not documents:
        raise InputError(f"{root} holds no text to measure on")
    return Text(name, documents, skipped)


def write_documents(path: Path, documents: Sequence[str]) -> None:
    """Write documents one after the other, each with its length before it.

    A child reads this without ever holding a second copy of the text, which would count as its memory.
    """
    with path.open("wb") as handle:
        for text in documents:
            raw = text.encode("utf-8")
            handle.write(len(raw).to_bytes(LENGTH_BYTES, "little"))
            handle.write(raw)


def read_documents(path: Path) -> list[str]:
    """Read what `write_documents` wrote."""
    documents: list[str] = []
    with path.open("rb") as handle:
        while size := handle.read(LENGTH_BYTES):
            documents.append(handle.read(int.from_bytes(size, "little")).decode("utf-8"))
    return documents
