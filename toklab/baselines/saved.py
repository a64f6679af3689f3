"""What the libraries' adapters share: options that none of them has, and a tokenizer that saves and loads.

A saved tokenizer is a folder with the library's own model file and, beside it, ``toklab.json``: name,
signature, warnings, and the SHA-256 of the model file, because a library may load a file that is cut short as
a smaller model.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from toklab.errors import FormatError, ToklabError, UsageError
from toklab.files import write_atomic
from toklab.pretokenize.utf8 import to_utf8
from toklab.types import Batch, Encoding, TrainSpec, Vocab

CARD = "toklab.json"
SCHEMA = 1
# Texts that a library encodes in one call.
CHUNK = 1024


@dataclass(frozen=True, eq=False)
class LibraryTokenizer(ABC):
    """A tokenizer that a library runs.

    Parameters
    ----------
    name : of the algorithm
    model : the contents of the library's model file
    signature : what is needed to train it again
    warnings : what a reader should know, such as a vocabulary smaller than asked for
    """

    name: str
    model: bytes
    signature: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    engine: ClassVar[str]
    library: ClassVar[str]
    file: ClassVar[str]

    def __reduce__(self) -> tuple[Any, ...]:
        # A library's object loses settings when it is pickled, so it stays out.
        return type(self), (self.name, self.model, self.signature, self.warnings)

    @property
    @abstractmethod
    def vocab(self) -> Vocab:
        """The pieces by id."""

    @abstractmethod
    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode a few texts in one call of the library."""

    @abstractmethod
    def _decode(self, ids: list[int]) -> str:
        """The text of ids that are in the vocabulary."""

    def encode(self, text: str) -> Encoding:
        """Encode a text; the text of special tokens is text like any other.

        Raises
        ------
        UsageError
            The text holds a lone surrogate.
        BaselineError
            The library failed.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Iterable[str], *, offsets: bool = False) -> Batch:
        """Encode many texts; raises what `encode` raises. Offsets always come with the ids here."""
        encodings: list[Encoding] = []
        stream = iter(texts)
        while chunk := list(islice(stream, CHUNK)):
            encodings += self._encode(chunk)
        return Batch.stack(encodings)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids, without special tokens.

        Raises
        ------
        UsageError
            An id is not in the vocabulary.
        BaselineError
            The library failed.
        """
        wanted = [int(index) for index in ids]
        size = len(self.vocab)
        for index in wanted:
            if not 0 <= index < size:
                raise UsageError(f"id {index} is not in the vocabulary (0 to {size - 1})")
        return self._decode(wanted)

    def save(self, folder: str | Path) -> Path:
        """Write the library's model file and ``toklab.json``; gives the model file.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        card = {
            "schema": SCHEMA,
            "engine": self.engine,
            "name": self.name,
            "signature": dict(self.signature),
            "warnings": list(self.warnings),
            "sha256": hashlib.sha256(self.model).hexdigest(),
        }
        write_atomic(Path(folder) / self.file, self.model)
        write_atomic(Path(folder) / CARD, (json.dumps(card, indent=2) + "\n").encode())
        return Path(folder) / self.file


Saved = TypeVar("Saved", bound=LibraryTokenizer)


def read_saved(kind: type[Saved], path: str | Path) -> Saved:
    """Read what `LibraryTokenizer.save` wrote.

    Parameters
    ----------
    kind : the library's tokenizer
    path : the folder, or the model file in it

    Raises
    ------
    FormatError
        A file is missing, cut short, changed since it was saved, or of another kind.
    """
    path = Path(path)
    if not path.exists():
        raise FormatError(f"{path}: no such file or folder")
    file = path if path.is_file() else path / kind.file
    with failures(FormatError, f"{path} holds no {kind.library} tokenizer that toklab saved"):
        card = _read_card(file.with_name(CARD), kind.engine)
        model = file.read_bytes()
        if hashlib.sha256(model).hexdigest() != card["sha256"]:
            raise FormatError(f"{file} is not the file that was saved: it is cut short or was changed")
        tokenizer = kind(card["name"], model, card["signature"], tuple(card["warnings"]))
        tokenizer.decode(tokenizer.encode(tokenizer.name).ids)
    return tokenizer


def was_saved(card: Path, engine: str) -> bool:
    """Whether a folder's ``toklab.json`` tells of a model of this engine: a library's, or ``"toklab"``."""
    try:
        return bool(json.loads(card.read_bytes())["engine"] == engine)
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return engine != "toklab"  # read_saved tells what is wrong


def _read_card(path: Path, engine: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(path.read_bytes())
    missing = [key for key in ("engine", "schema", "name", "signature", "warnings", "sha256") if key not in card]
    if (card.get("engine", engine), card.get("schema", SCHEMA)) != (engine, SCHEMA):
        raise FormatError(f"{path} tells of a model of {card['engine']!r}, schema {card['schema']!r}")
    if missing:
        raise FormatError(f"{path} lacks {', '.join(missing)}")
    return card


@contextmanager
def failures(kind: type[ToklabError], what: str) -> Iterator[None]:
    """Turn whatever a library raises into one error of ours.

    Parameters
    ----------
    kind : the error to raise; one that is already of that kind passes as it is
    what : how its text begins
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError, kind):
        raise
    except BaseException as error:  # a panic in Rust is no Exception
        raise kind(f"{what}: {' '.join(str(error).split())}") from error


Spec = TypeVar("Spec", bound=TrainSpec)


def check_spec(name: str, spec: TrainSpec, spec_type: type[Spec]) -> Spec:
    """The spec as the library's own, once the options that no library has are left alone.

    Raises
    ------
    UsageError
        It is another library's, names a backend, or has a special token that no tokenizer can hold.
    """
    if not isinstance(spec, spec_type):
        raise UsageError(f"{name} takes a {spec_type.__name__}, not a {type(spec).__name__}")
    if spec.backend != "auto":
        raise UsageError(f"{name} has one backend, the library's; leave backend at 'auto'")
    if "" in spec.special_tokens:
        raise UsageError("a special token is empty; give it a text")
    for text in spec.special_tokens:
        to_utf8(text)
    return spec


def special_facts(spec: TrainSpec) -> dict[str, str]:
    """What a signature says of the special tokens, where there are any."""
    return {"special": ",".join(spec.special_tokens)} if spec.special_tokens else {}
