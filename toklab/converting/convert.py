"""Write a tokenizer in another format, after proof that what reads it there gives the same ids."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toklab.converting.proof import Proof, prove
from toklab.converting.targets import CONFUSIONS, TARGETS, Files, Target
from toklab.corpus import Corpus, open_corpus
from toklab.errors import FormatError, UnknownNameError
from toklab.files import write_atomic
from toklab.loading import load
from toklab.loading.ours import as_ours
from toklab.types import Tokenizer


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote, and what was checked before.

    Parameters
    ----------
    tokenizer : name of the tokenizer
    target : the format
    files : what was written, the main file first
    proof : the texts that gave the same ids on both sides
    warnings : what a reader should know, such as texts that decode otherwise
    """

    tokenizer: str
    target: str
    files: tuple[Path, ...]
    proof: Proof
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json``."""
        return {
            "schema": 1,
            "tokenizer": self.tokenizer,
            "to": self.target,
            "files": [str(path) for path in self.files],
            "texts": self.proof.texts,
            "tokens": self.proof.tokens,
            "pieces": self.proof.pieces,
            "warnings": list(self.warnings),
        }


def convert(
    source: str | Path | Tokenizer,
    to: str,
    output: str | Path,
    *,
    text: str | Path | Corpus | Iterable[str] | None = None,
    engine: str = "auto",
) -> Conversion:
    """Write a tokenizer in another format.

    It is written into a folder that nobody sees, read back by the library that the format belongs to, and both sides
    encode the text, every piece of the vocabulary, and a set of texts that go wrong easily. Only where all ids are the
    same does the result appear.

    Parameters
    ----------
    source : a tokenizer, or what `toklab.load` loads
    to : name of the format
    output : a folder; or a file name with the ending of the format's main file
    text : what to encode for the proof; None is the bundled text
    engine : who runs ``source``, as in `toklab.load`

    Raises
    ------
    UnknownNameError
        No such format.
    FormatError
        The format cannot hold the tokenizer; the text names the feature, or a text whose ids would change.
    OutputError
        The output cannot be written.
    """
    if to not in TARGETS:
        raise UnknownNameError("format", to, TARGETS)
    target = TARGETS[to]
    tokenizer = load(source, engine=engine) if isinstance(source, str | Path) else source
    texts = open_corpus(text).documents
    with tempfile.TemporaryDirectory(prefix="toklab-") as folder:
        files = _contents(tokenizer, target)
        _write(files, Path(folder) / "new", None)
        read_back = load(Path(folder) / "new" / next(iter(files)), engine="library")
        confusions = [target.confusion, CONFUSIONS.get(getattr(tokenizer, "engine", ""))]
        proof = prove(tokenizer, read_back, texts, to, [found for found in confusions if found is not None])
    written = _write(files, *_place(Path(output), next(iter(files))))
    return Conversion(tokenizer.name, to, written, proof, proof.warnings)


def _contents(tokenizer: Tokenizer, target: Target) -> Files:
    """The files; a tokenizer that is in this format already keeps its own."""
    kept = target.keeps(tokenizer)
    if kept is not None:
        return kept
    try:
        return target.files(as_ours(tokenizer))
    except FormatError as error:
        raise FormatError(f"{tokenizer.name} cannot be converted to {target.name}: {error}") from None


def _place(output: Path, main: str) -> tuple[Path, str | None]:
    """The folder, and the name of the main file where it is not its usual one."""
    return (output.parent, output.name) if output.suffix == Path(main).suffix else (output, None)


def _write(files: Files, folder: Path, name: str | None) -> tuple[Path, ...]:
    """Write the files, the main one last, so that it never stands without what belongs to it."""
    main = next(iter(files))
    names = [(name or main) + file.removeprefix(main) if file.startswith(main) else file for file in files]
    for file, data in reversed(list(zip(names, files.values(), strict=True))):
        write_atomic(folder / file, data)
    return tuple(folder / file for file in names)
