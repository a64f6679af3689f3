"""Where text comes from: files, standard input or strings, cut into documents without losing a byte."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from toklab.corpus.documents import DOCUMENT_KINDS, Documents, cut_documents
from toklab.corpus.raw import Held, raw_file
from toklab.errors import InputError, UnknownNameError, UsageError

__all__ = ["DOCUMENT_KINDS", "Corpus", "Documents", "Held", "bundled_path", "cut_documents", "open_corpus"]


@dataclass(frozen=True)
class Corpus:
    """Named documents, in order.

    Parameters
    ----------
    name : short name for tables and signatures, such as ``"en"``
    documents : the texts; no pre-token ever crosses from one into the next
    """

    name: str
    documents: tuple[str, ...] | Documents

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """UTF-8 bytes of each document."""
        return tuple(len(raw) for raw in self._parts())

    @property
    def n_bytes(self) -> int:
        """UTF-8 bytes of all documents."""
        return len(self.documents.raw) if isinstance(self.documents, Documents) else sum(self.sizes)

    @cached_property
    def digest(self) -> str:
        """First 8 hexadecimal digits of a SHA-256 over the documents and where they end."""
        state = hashlib.sha256()
        for raw in self._parts():
            state.update(len(raw).to_bytes(8, "little"))
            state.update(raw)
        return state.hexdigest()[:8]

    def _parts(self) -> Iterable[bytes]:
        """The documents in UTF-8."""
        if isinstance(self.documents, Documents):
            return self.documents.parts()
        return (text.encode("utf-8") for text in self.documents)

    def split(self, held_out: float, seed: int = 0) -> tuple[Corpus, Corpus]:
        """Keep a share of the documents back.

        Documents are ranked by SHA-256 of seed and position, so the choice is the same on every machine and
        Python version; both parts keep the order of the corpus.

        Parameters
        ----------
        held_out : share of the documents to keep back, above 0 and below 1; at least one document each way
        seed : another seed, another choice

        Raises
        ------
        UsageError
            The share is out of range, or the corpus has a single document.
        """
        if not 0 < held_out < 1:
            raise UsageError(f"held-out share {held_out} is not between 0 and 1; try 0.1")
        if len(self) < 2:
            raise UsageError(
                f"corpus {self.name!r} holds {len(self)} document and cannot be split; separate documents by "
                "blank lines, or use --documents line"
            )
        ranked = sorted(range(len(self)), key=lambda i: hashlib.sha256(f"{seed}:{i}".encode()).digest())
        count = min(max(round(held_out * len(self)), 1), len(self) - 1)
        chosen = frozenset(ranked[:count])
        kept = tuple(text for i, text in enumerate(self.documents) if i not in chosen)
        back = tuple(text for i, text in enumerate(self.documents) if i in chosen)
        return Corpus(self.name, kept), Corpus(self.name, back)

    def shuffled(self, seed: int) -> Corpus:
        """The same documents in another order, which depends on the seed alone."""
        order = sorted(range(len(self)), key=lambda i: hashlib.sha256(f"order:{seed}:{i}".encode()).digest())
        return Corpus(self.name, tuple(self.documents[i] for i in order))

    def within(self, limit: int, seed: int = 0) -> Corpus:
        """The corpus itself, or where it is larger, a choice of its documents, in their order.

        Documents are taken in an order that depends on the seed and their number alone, as in `split`; of the last one
        the beginning, so that the choice is of the size asked for.

        Parameters
        ----------
        limit : UTF-8 bytes at most
        seed : another seed, another choice
        """
        if self.n_bytes <= limit:
            return self
        ranked = sorted(range(len(self)), key=lambda i: hashlib.sha256(f"within:{seed}:{i}".encode()).digest())
        taken: dict[int, str] = {}
        for i in ranked:
            raw = self.documents[i].encode("utf-8")
            taken[i] = raw[:limit].decode("utf-8", "ignore")  # what is ignored is part of a character at the cut
            limit -= len(raw)
            if limit <= 0:
                break
        return Corpus(self.name, tuple(taken[i] for i in sorted(taken)))


def bundled_path() -> Path:
    """The English text that toklab brings along (``corpora/en.txt``)."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "bundled" / "en.txt"
    return installed if installed.exists() else package.parent / "corpora" / "en.txt"


def open_corpus(
    source: str | Path | Corpus | Iterable[str | Path] | None = None,
    *,
    documents: str = "paragraph",
    name: str | None = None,
) -> Corpus:
    """Read a corpus.

    Parameters
    ----------
    source : None for the bundled text; a path, or ``"-"`` for standard input; several ``Path`` objects; an
        iterable of ``str``, each of which is then one document; or a ``Corpus``, returned as it is
    documents : how files are cut: ``"paragraph"`` (at blank lines), ``"line"`` or ``"file"``
    name : the name of the corpus; the file's stem unless given

    Raises
    ------
    InputError
        A file is missing, empty, not readable or not UTF-8.
    UnknownNameError
        ``documents`` is not one of the three.
    """
    if documents not in DOCUMENT_KINDS:
        raise UnknownNameError("kind of document", documents, DOCUMENT_KINDS)
    if isinstance(source, Corpus):
        return source
    paths = _paths(source)
    if paths is None:
        assert source is not None
        return _from_texts(source, name)  # type: ignore[arg-type]
    files = [_read(path, documents) for path in paths]
    found = files[0] if len(files) == 1 else Documents.joined(files)
    stem = "stdin" if str(paths[0]) == "-" else Path(paths[0]).stem
    return Corpus(name or (stem if len(paths) == 1 else f"{stem}+{len(paths) - 1}"), found)


def _paths(source: object) -> list[Path] | None:
    """The files that a source means, or None where it is texts."""
    if source is None:
        return [bundled_path()]
    if isinstance(source, str | Path):
        return [Path(source)]
    if isinstance(source, Sequence) and source and all(isinstance(item, Path) for item in source):
        return list(source)
    return None


def _from_texts(source: Iterable[str], name: str | None) -> Corpus:
    texts = tuple(source)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"document {index} is {type(text).__name__}, not str")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise InputError(f"document {index} holds a lone surrogate, which UTF-8 cannot hold") from None
    kept = tuple(text for text in texts if text)
    if not kept:
        raise InputError("the corpus is empty: it holds no document with text")
    return Corpus(name or "texts", kept)


def _read(path: Path, documents: str) -> Documents:
    label = "standard input" if str(path) == "-" else str(path)
    try:
        raw = Held(sys.stdin.buffer.read()) if str(path) == "-" else raw_file(path)
    except FileNotFoundError:
        raise InputError(f"{label}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{label} is a folder; name the files in it") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"{label!r} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not len(raw):
        raise InputError(f"{label} is empty; give a file with text")
    try:
        return cut_documents(raw, documents)
    except UnicodeDecodeError as error:
        line = bytes(raw.read(0, error.start)).count(b"\n") + 1
        raise InputError(
            f"{label} is not UTF-8: line {line}, byte offset {error.start} (0x{error.object[error.start]:02x}); "
            "convert it first, for example with: iconv -f latin1 -t utf-8"
        ) from None
