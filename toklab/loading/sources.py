"""Which format a file or folder is in: told by its name and by how it begins, before anything is parsed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from toklab.errors import FormatError
from toklab.loading.hub import fetch, is_hub

SIDECAR = "toklab.json"


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
    """

    name: str
    description: str
    files: tuple[str, ...]
    ours: str | None
    library: str | None
    first: str = "library"


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
        raise FormatError(f"{path} holds no tokenizer: no such file or folder")
    if path.is_dir():
        return _in_folder(path)
    return _source(path, _of_file(path))


def _in_folder(folder: Path) -> Source:
    for entry in FORMATS:
        for name in entry.files:
            matches = sorted(folder.glob(name))
            if len(matches) == 1:
                return _source(matches[0], entry)
    known = ", ".join(dict.fromkeys(name for entry in FORMATS for name in entry.files))
    raise FormatError(f"{folder} holds no tokenizer, or several of one kind: give the file itself (known: {known})")


def _of_file(path: Path) -> Format:
    for entry in FORMATS:
        if any(path.match(name) for name in entry.files):
            return entry
    if path.suffix == ".json":
        return FORMATS[0]
    known = ", ".join(dict.fromkeys(name for entry in FORMATS for name in entry.files))
    raise FormatError(f"{path} is no model file that toklab knows by its name (known: {known})")


def _source(path: Path, entry: Format) -> Source:
    """The engine is the one that the folder's ``toklab.json`` names, where that tells of this file."""
    sidecar = path.with_name(SIDECAR)
    if not sidecar.exists():
        return Source(path, entry, entry.first)
    try:
        engine = str(json.loads(sidecar.read_bytes())["engine"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise FormatError(f"{sidecar} is not a whole toklab.json; delete it to load the model without it") from None
    if entry.name != "tokenizer-json":
        return Source(path, entry, entry.first)
    return Source(path, entry, "toklab" if engine == "toklab" else "library")
