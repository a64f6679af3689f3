"""The tokenizers of a comparison as folders beside its report, and back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from toklab.algorithms.loaded import LoadedTokenizer
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import UnigramModel
from toklab.errors import FormatError, ToklabError
from toklab.loading import load
from toklab.loading.ours import as_ours
from toklab.results import Report, Result

FOLDER = "models"
ONLY_LIBRARY = "the page cannot run its model; its library can"
_UNSAFE = re.compile(r"[^A-Za-z0-9_=,-]+")
_LONGEST = 80


def save_models(report: Report, folder: Path) -> Report:
    """Save every tokenizer under ``models/NAME-SIZE`` in a folder; gives the report that says where.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    used: set[str] = set()
    results = []
    for result in report.results:
        if result.run is not None:
            name = _free(f"{_UNSAFE.sub('_', result.tokenizer)[:_LONGEST]}-{result.vocab_size}", used)
            result.run.save(folder / FOLDER / name)
            result = replace(result, model=f"{FOLDER}/{name}")
        results.append(result)
    return replace(report, results=tuple(results))


def _free(name: str, used: set[str]) -> str:
    """The name, with a number where another has it already, on file systems that know no case too."""
    number, found = 1, name
    while found.lower() in used:
        number += 1
        found = f"{name}-{number}"
    used.add(found.lower())
    return found


def load_models(report: Report, folder: Path) -> dict[tuple[str, int], TrainedTokenizer | str]:
    """The saved tokenizers by name and vocabulary size, run by toklab; where it does not run one, why.

    Parameters
    ----------
    folder : where the report lies

    Raises
    ------
    FormatError
        The report names a folder that is not below its own.
    """
    found: dict[tuple[str, int], TrainedTokenizer | str] = {}
    for result in report.results:
        if result.model is not None:
            ours = _load(folder, result.model)
            if not isinstance(ours, str) and not _cuts_alike(ours, report.sentences, result):
                ours = "read from its file, it cuts the sentences otherwise"
            found[result.tokenizer, result.vocab_size] = ours
    return found


def _load(folder: Path, model: str) -> TrainedTokenizer | str:
    path = PurePosixPath(model)
    if path.is_absolute() or ".." in path.parts or "\\" in model or "\0" in model or path.parts[:1] != (FOLDER,):
        raise FormatError(f"no report of a comparison: the model {model!r} is not in the folder {FOLDER} beside it")
    if not (folder / path).exists():
        return f"its model is not beside the report ({model})"
    try:
        loaded = load(folder / path, engine="toklab")
        if isinstance(loaded, LoadedTokenizer) and isinstance(loaded.model, UnigramModel):
            return ONLY_LIBRARY  # the texts of its special tokens are pieces to it
        return as_ours(loaded)
    except ToklabError:
        return ONLY_LIBRARY


def _cuts_alike(ours: TrainedTokenizer, sentences: tuple[str, ...], result: Result) -> bool:
    """Whether a tokenizer gives the sentences the ids that the report holds."""
    return result.cuts is None or np.array_equal(ours.encode_batch(sentences).ids, result.cuts.ids)
