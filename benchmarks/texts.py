"""Texts on disk, as every child reads them: whole for training, and in two halves, in two shapes, for encoding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from benchmarks.documents import LENGTH_BYTES, MEGABYTE, write_document, write_documents
from benchmarks.hostile import halves
from benchmarks.sources import Source
from benchmarks.wordmodel import WordModel
from toklab.errors import InputError

LONG, SHORT = "long", "short"
SHAPES = (LONG, SHORT)
PIECE = 2000  # bytes of a short document
SAMPLED = 100  # short documents of either half whose ids are compared before anything is timed
SEED = 1


@dataclass(frozen=True)
class Text:
    """A text on disk.

    Parameters
    ----------
    name : for tables
    origin : what it is made of
    n_bytes : of the whole
    halves : bytes of either half; the second is other text of the same kind, so that a second pass finds words
        that it knows, never texts
    folder : where its files are
    """

    name: str
    origin: str
    n_bytes: int
    halves: tuple[int, int]
    folder: Path

    @property
    def whole(self) -> str:
        return str(self.folder / "whole.txt")

    @property
    def sample(self) -> str:
        return str(self.folder / "sample")

    def documents(self, shape: str) -> list[str]:
        """The documents of either half, in files."""
        return [str(self.folder / f"{shape}-{number}") for number in (0, 1)]


def cut(blocks: Iterable[bytes], limit: int | None = None) -> Iterator[bytes]:
    """Pieces of about 2 kB that end after a newline, else a space, else a character; end to end, the text."""
    rest, left = b"", limit
    for block in blocks:
        rest += block if left is None else block[:left]
        start = 0
        while len(rest) - start > 2 * PIECE:
            end = _end(rest, start)
            yield rest[start:end]
            start = end
        rest = rest[start:]
        if left is not None:
            left -= min(left, len(block))
            if left == 0:
                break
    # The limit may have cut a character.
    rest = rest.decode("utf-8", "ignore").encode("utf-8")
    while rest:
        end = _end(rest, 0) if len(rest) > PIECE else len(rest)
        yield rest[:end]
        rest = rest[end:]


def _end(raw: bytes, start: int) -> int:
    for mark in (b"\n", b" "):
        if (place := raw.rfind(mark, start + PIECE // 2, start + PIECE)) >= 0:
            return place + 1
    end = start + PIECE
    while raw[end] & 0xC0 == 0x80:
        end -= 1
    return end


def write_source(source: Source, limit: int | None, folder: Path) -> Text:
    """Write the first ``limit`` bytes of a source; every second piece goes to the second half.

    Raises
    ------
    InputError
        There is less than two pieces of text.
    """
    pieces = ((number % 2, piece) for number, piece in enumerate(cut(source.blocks(), limit)))
    text = _write(source.name, source.origin, pieces, folder)
    if not all(text.halves):
        raise InputError(f"{source.name} ({source.origin}) is too short to measure on; give 4 kB at least")
    return text


def write_generated(source: Source, n_bytes: int, folder: Path) -> Text:
    """Write a text of any size that the word model makes from the words of a source."""
    known = b"".join(piece for piece in cut(source.blocks(), 4 * MEGABYTE)).decode("utf-8")
    made = Source(f"{source.name}-model", f"word model, from {source.origin}", lambda: WordModel(known, SEED).blocks())
    return write_source(made, n_bytes, folder)


def write_hostile(kind: str, n_bytes: int, folder: Path) -> Text:
    """Write a hostile text: halves of ``n_bytes`` each."""
    pieces = ((number, piece) for number, block in halves(kind, n_bytes) for piece in cut([block]))
    return _write(f"hostile-{kind}", "generated", pieces, folder)


def _write(name: str, origin: str, pieces: Iterable[tuple[int, bytes]], folder: Path) -> Text:
    folder.mkdir(parents=True)
    sizes, sample = [0, 0], ([], [])  # type: tuple[list[int], tuple[list[str], list[str]]]
    with ExitStack() as stack:
        whole = stack.enter_context((folder / "whole.txt").open("wb"))
        files: Mapping[str, list[BinaryIO]] = {
            shape: [stack.enter_context((folder / f"{shape}-{number}").open("wb")) for number in (0, 1)]
            for shape in SHAPES
        }
        for handle in files[LONG]:
            handle.write(bytes(LENGTH_BYTES))
        for number, piece in pieces:
            whole.write(piece)
            write_document(files[SHORT][number], piece)
            files[LONG][number].write(piece)
            sizes[number] += len(piece)
            if len(sample[number]) < SAMPLED:
                sample[number].append(piece.decode("utf-8"))
        for handle, size in zip(files[LONG], sizes, strict=True):
            handle.seek(0)
            handle.write(size.to_bytes(LENGTH_BYTES, "little"))
    # The same text in both shapes, because libraries cut long documents in ways of their own.
    write_documents(folder / "sample", [*sample[0], *sample[1], "".join(sample[0]), "".join(sample[1])])
    return Text(name, origin, sum(sizes), (sizes[0], sizes[1]), folder)
