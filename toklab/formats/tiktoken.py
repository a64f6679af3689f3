"""``.tiktoken`` rank files, with what they lack: the pattern and the special tokens.

Both come from the option ``pattern``, or from a file beside it with ``.json`` behind its whole name
(``o200k_base.tiktoken.json``), or are known because the file is one that OpenAI published. Where nothing tells,
cl100k's pattern is assumed, and a warning says so. The file beside it is one object:

- ``schema``: 1; ``format``: ``"tiktoken"``; ``name``: of the tokenizer;
- ``pattern``: as tiktoken takes it; ``special_tokens``: their texts and ids;
- ``sha256``: of the rank file, because tiktoken loads a file that is cut short as a smaller model;
- ``signature``, ``warnings``: of the tokenizer that was written.

Source: tiktoken/load.py (``load_tiktoken_bpe``), tiktoken_ext/openai_public.py (the published files).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.errors import FormatError, PatternError
from toklab.files import write_atomic
from toklab.formats.ranks import Ranks, read_file, read_rows, tokenizer_of
from toklab.pretokenize import PATTERNS, get_pretokenizer
from toklab.pretokenize.rust_syntax import to_rust

FILE = "tokenizer.tiktoken"
SCHEMA = 1
ASSUMED = "cl100k"


@dataclass(frozen=True)
class Published:
    """A rank file that OpenAI published: its encoding, the name of its pattern, and its special tokens."""

    name: str
    pattern: str
    specials: Mapping[str, int]


_END, _FIM = "<|endoftext|>", ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")
PUBLISHED: Mapping[str, Published] = {
    "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930": Published("r50k_base", "gpt2", {_END: 50256}),
    "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069": Published("p50k_base", "gpt2", {_END: 50256}),
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7": Published(
        "cl100k_base",
        "cl100k",
        {_END: 100257, **{text: 100258 + i for i, text in enumerate(_FIM)}, "<|endofprompt|>": 100276},
    ),
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d": Published(
        "o200k_base", "o200k", {_END: 199999, "<|endofprompt|>": 200018}
    ),
}


@dataclass(frozen=True)
class Beside:
    """What the file beside a rank file tells; all of the tokenizer but its ranks."""

    name: str
    pattern: str
    specials: Mapping[str, int]
    facts: Mapping[str, str]
    warnings: tuple[str, ...]


def load(path: Path, pattern: str | None = None) -> TrainedTokenizer:
    """Read a rank file into a tokenizer that toklab runs.

    Parameters
    ----------
    pattern : name of a published pattern, or a regular expression as tiktoken takes it; None for the file's own

    Raises
    ------
    FormatError
        A file is damaged, or its pattern holds what only tiktoken can run.
    PatternError
        ``pattern`` is no such pattern.
    """
    ranks, facts = read(path, pattern)
    return tokenizer_of(ranks, facts)


def read(path: Path, pattern: str | None = None) -> tuple[Ranks, Mapping[str, str]]:
    """The ranks of a file with what belongs to them, and the signature that was saved with them, or none.

    Raises
    ------
    FormatError
        A file is damaged.
    PatternError, UnknownNameError
        ``pattern`` is no pattern.
    """
    data = read_file(path)
    digest = hashlib.sha256(data).hexdigest()
    beside, known = _read_beside(path, digest), PUBLISHED.get(digest)
    chosen = None if pattern is None else given_pattern(pattern)
    tokens, ids = read_rows(data, str(path))
    if beside is not None:
        changed = chosen is not None and chosen != beside.pattern
        ranks = Ranks(beside.name, tokens, ids, chosen or beside.pattern, beside.specials, beside.warnings)
        return ranks, {} if changed else beside.facts
    if known is not None:
        return Ranks(known.name, tokens, ids, chosen or given_pattern(known.pattern), known.specials), {}
    warnings = () if chosen else (f"{path.name} tells no pattern: {ASSUMED}'s is assumed (--pattern sets another)",)
    return Ranks(path.stem, tokens, ids, chosen or given_pattern(ASSUMED), {}, warnings), {}


def given_pattern(pattern: str) -> str:
    """A pattern as tiktoken takes it, from the name of a published one or from itself.

    Raises
    ------
    PatternError, UnknownNameError
        It is neither.
    """
    name = pattern in PATTERNS or pattern.replace("-", "").replace("_", "").isalnum()
    return to_rust(get_pretokenizer(pattern)) if name else pattern


def beside_of(path: Path) -> Path:
    """The file beside a rank file."""
    return path.with_name(path.name + ".json")


def _read_beside(path: Path, digest: str) -> Beside | None:
    beside = beside_of(path)
    if not beside.exists():
        return None
    try:
        data = json.loads(read_file(beside))
        if (data["format"], data["schema"]) != ("tiktoken", SCHEMA):
            raise FormatError(f"{beside} tells of the format {data['format']!r}, schema {data['schema']!r}")
        if data["sha256"] != digest:
            raise FormatError(f"{path} is not the file that {beside.name} tells of: it is cut short or was changed")
        facts = {str(key): str(value) for key, value in data["signature"].items()}
        warnings = tuple(map(str, data["warnings"]))
        return Beside(str(data["name"]), str(data["pattern"]), dict(data["special_tokens"]), facts, warnings)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FormatError(f"{beside} is not whole; delete it to load the ranks without it") from None


def save_tiktoken(tokenizer: TrainedTokenizer, path: str | Path) -> Path:
    """Write a rank file, and beside it what it cannot hold; gives the rank file.

    Raises
    ------
    FormatError
        tiktoken would encode otherwise: see `ranks_of`.
    OutputError
        A file cannot be written.
    """
    path = Path(path)
    for name, data in files_of(tokenizer, path.name).items():
        write_atomic(path.with_name(name), data)
    return path


def files_of(tokenizer: TrainedTokenizer, file: str = FILE) -> dict[str, bytes]:
    """The contents of both files by name; equal tokenizers give equal files.

    Raises
    ------
    FormatError
        tiktoken would encode otherwise: see `ranks_of`.
    """
    return written(ranks_of(tokenizer), tokenizer.signature, tokenizer.warnings, file)


def written(ranks: Ranks, facts: Mapping[str, str], warnings: tuple[str, ...], file: str = FILE) -> dict[str, bytes]:
    """The same of ranks."""
    data = ranks.to_bytes()
    beside = {
        "schema": SCHEMA,
        "format": "tiktoken",
        "name": ranks.name,
        "pattern": ranks.pattern,
        "special_tokens": dict(ranks.specials),
        "sha256": hashlib.sha256(data).hexdigest(),
        "signature": dict(facts),
        "warnings": list(warnings),
    }
    return {file: data, file + ".json": (json.dumps(beside, indent=1, ensure_ascii=False) + "\n").encode("utf-8")}


def ranks_of(tokenizer: TrainedTokenizer) -> Ranks:
    """A tokenizer as tiktoken's ranks, which are its ids.

    Raises
    ------
    FormatError
        It is no byte-level BPE, it normalises, its pattern cannot be written, a piece is there twice, or its merges
        are not those that tiktoken would make of its pieces.
    """
    model = tokenizer.model
    if not isinstance(model, BpeModel) or model.alphabet != "byte":
        raise FormatError(f"{tokenizer.name} is no byte-level BPE, and tiktoken has nothing else")
    if tokenizer.normalizer != "none":
        raise FormatError(f"{tokenizer.name} normalises text ({tokenizer.normalizer}), which tiktoken does not")
    try:
        pattern = to_rust(tokenizer.pretokenizer)
    except PatternError as error:
        raise FormatError(str(error)) from None
    plain = [(index, piece.surface) for index, piece in enumerate(model.vocab) if not piece.special]
    specials = {piece.surface.decode("utf-8"): i for i, piece in enumerate(model.vocab) if piece.special}
    ids, tokens = [index for index, _ in plain], [surface for _, surface in plain]
    if len(ids) + len(specials) < len(model.vocab):
        raise FormatError(f"{tokenizer.name}: a special token is there twice, which tiktoken cannot hold")
    ranks = Ranks(tokenizer.name, tokens, ids, pattern, specials)
    again = ranks.model()
    merges, theirs = (np.array(list(each.merges), np.int64).reshape(-1, 3) for each in (model, again))
    if not np.array_equal(merges, theirs) or (again.ignore_merges and not model.ignore_merges):
        raise FormatError(_difference(tokenizer, merges.tolist(), theirs.tolist()))
    return ranks


def _difference(tokenizer: TrainedTokenizer, merges: list[list[int]], theirs: list[list[int]]) -> str:
    """Why tiktoken would encode otherwise."""
    vocab = tokenizer.vocab
    begin = f"tiktoken would encode otherwise than {tokenizer.name}"
    for ours, other in zip(merges, theirs, strict=False):
        if ours != other:
            shown = [f"{vocab[a].surface!r} + {vocab[b].surface!r}" for a, b, _ in (ours, other)]
            return f"{begin}: it merges {shown[1]} where the list of merges has {shown[0]}"
    if len(merges) > len(theirs):
        left, right, new = merges[len(theirs)]
        return f"{begin}: it never merges {vocab[left].surface!r} + {vocab[right].surface!r} to {vocab[new].surface!r}"
    return f"{begin}: it takes every word that is a token whole, and some here are no merge's"
