"""Which format a file or folder is in: told by its name and by how it begins, before anything is parsed."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from toklab.errors import FormatError
from toklab.formats.huggingface_checks import read_bytes
from toklab.loading.hub import fetch, is_hub

SIDECAR = "toklab.json"
SCHEMES = ("hf:", "tiktoken:")  # what a source begins with that is no path


@dataclass(frozen=True)
class Format:
    """One kind of model file.

    Parameters
    ----------
    name : as `toklab list` and ``--to`` name it
    description : what a reader calls it
    files : names that mark a folder as being in this format, the likeliest first; ``*`` stands for any name
    ours : ``"module:function"`` that reads a path into a tokenizer that toklab runs, or None
    library : the same for the library that the format belongs to, or None
    first : who runs it where nobody says: ``"library"`` or ``"toklab"``
    disguises : names that another format has too; such a file is in this one where it begins as ``begins`` says
    begins : regular expression
    prefix : what a source begins with that is a name and no path
    takes_pattern : the readers take a ``pattern``, which the file may lack
    """

    name: str
    description: str
    files: tuple[str, ...]
    ours: str | None
    library: str | None
    first: str = "library"
    disguises: tuple[str, ...] = ()
    begins: bytes = b""
    prefix: str | None = None
    takes_pattern: bool = False


# In the order in which a folder that holds several is read.
FORMATS: tuple[Format, ...] = (
    Format(
        "tokenizer-json",
        "tokenizer.json of Hugging Face tokenizers",
        ("tokenizer.json",),
        "toklab.formats.tokenizer_json:load_tokenizer",
        "toklab.baselines.huggingface:load",
    ),
    Format(
        "tekken",
        "Mistral's tekken.json",
        ("tekken.json", "*tekken*.json"),
        "toklab.formats.tekken:load",
        "toklab.baselines.tiktoken:load_tekken",
        first="toklab",
    ),
    Format(
        "tiktoken",
        "a file of tiktoken's ranks",
        ("tokenizer.tiktoken", "*.tiktoken"),
        "toklab.formats.tiktoken:load",
        "toklab.baselines.tiktoken:load",
        first="toklab",
        disguises=("tokenizer.model", "*.model"),  # as Llama 3 has it
        begins=rb"[A-Za-z0-9+/]+={0,2} [0-9]+\r?\n",
        takes_pattern=True,
    ),
    Format(
        "tiktoken-name",
        "an encoding that the installed tiktoken knows, tiktoken:o200k_base",
        (),
        "toklab.baselines.tiktoken:load_named_ours",
        "toklab.baselines.tiktoken:load_named",
        first="toklab",
        prefix="tiktoken:",
    ),
    Format(
        "sentencepiece",
        "a SentencePiece .model",
        ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "*.model"),
        "toklab.formats.sentencepiece_tokenizer:load_model_file",
        "toklab.baselines.sentencepiece:load",
    ),
    Format(
        "vocab-json",
        "vocab.json and merges.txt of BPE, with tokenizer_config.json",
        ("vocab.json", "merges.txt"),
        "toklab.loading.built:folder_by_toklab",
        "toklab.loading.built:folder_by_library",
    ),
    Format(
        "vocab-txt",
        "vocab.txt of WordPiece, with tokenizer_config.json",
        ("vocab.txt",),
        "toklab.loading.built:folder_by_toklab",
        "toklab.loading.built:folder_by_library",
    ),
    Format(
        "subword-nmt",
        "codes of subword-nmt",
        ("bpe.codes", "codes.bpe", "*.codes"),
        "toklab.formats.subword_nmt:load_codes",
        "toklab.baselines.subword_nmt_codes:load",
        first="toklab",
    ),
    Format(
        "gguf",
        "a GGUF file of llama.cpp: its tokenizer",
        ("*.gguf",),
        "toklab.loading.built:gguf_by_toklab",
        "toklab.loading.built:gguf_by_library",
    ),
)


@dataclass(frozen=True)
class Source:
    """A tokenizer that lies somewhere: its file, the format, and who runs it where nobody says."""

    path: Path
    format: Format
    engine: str


def is_source(text: str) -> bool:
    """Whether a text means a tokenizer to load: a scheme of `SCHEMES`, or a path that exists."""
    return text.startswith(SCHEMES) or os.path.lexists(text)


def find(source: str | Path) -> Source:
    """The model file that a path, or a repository on the hub, means, and its format.

    Raises
    ------
    UsageError
        It names the hub in a wrong way, or ``huggingface_hub`` is not installed.
    FormatError
        There is nothing, or nothing that toklab knows.
    """
    path = fetch(str(source), (name for entry in FORMATS for name in entry.files)) if is_hub(source) else Path(source)
    if not path.exists():
        for entry in FORMATS:
            if entry.prefix and str(source).startswith(entry.prefix):
                return Source(path, entry, entry.first)
        raise FormatError(f"{path} holds no tokenizer: no such file or folder")
    if path.is_dir():
        return _in_folder(path)
    return _source(path, _of_file(path))


def _in_folder(folder: Path) -> Source:
    for entry in FORMATS:
        for name in (*entry.files, *entry.disguises):
            matches = [path for path in sorted(folder.glob(name)) if name in entry.files or _begins(path, entry)]
            if len(matches) == 1:
                return _source(matches[0], entry)
    known = ", ".join(dict.fromkeys(name for entry in FORMATS for name in entry.files))
    raise FormatError(f"{folder} holds no tokenizer, or several of one kind: give the file itself (known: {known})")


def _of_file(path: Path) -> Format:
    for entry in FORMATS:
        if any(map(path.match, entry.files)) or (any(map(path.match, entry.disguises)) and _begins(path, entry)):
            return entry
    if path.suffix == ".json":
        return FORMATS[0]
    known = ", ".join(dict.fromkeys(name for entry in FORMATS for name in entry.files))
    raise FormatError(f"{path} is no model file that toklab knows by its name (known: {known})")


def _begins(path: Path, entry: Format) -> bool:
    """Whether a file begins as those of a format do."""
    try:
        with path.open("rb") as handle:
            return re.match(entry.begins, handle.read(512)) is not None
    except OSError:
        return False


def _source(path: Path, entry: Format) -> Source:
    """The engine is the one that the folder's ``toklab.json`` names, where that tells of this file."""
    sidecar = path.with_name(SIDECAR)
    if not sidecar.exists():
        return Source(path, entry, entry.first)
    try:
        engine = str(json.loads(read_bytes(sidecar))["engine"])
    except (FormatError, ValueError, KeyError, TypeError, RecursionError):
        raise FormatError(f"{sidecar} is not a whole toklab.json; delete it to load the model without it") from None
    if entry.name != "tokenizer-json":
        return Source(path, entry, entry.first)
    return Source(path, entry, "toklab" if engine == "toklab" else "library")
