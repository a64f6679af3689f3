"""The tokenizers of a comparison as folders beside its report, and back."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from toklab.errors import FormatError, ToklabError
from toklab.loading import load
from toklab.loading.ours import Runnable, run_by_toklab
from toklab.loading.sources import find
from toklab.results import Report, Result
from toklab.types import Pretrained, Tokenizer

FOLDER = "models"
logger = logging.getLogger("toklab")
# Of a model's file that is copied; a larger one fits in no page.
MOST_BYTES = 50_000_000
NO_COPY = "its model is too large for the page, or only its library runs it"
ONLY_LIBRARY = "the page cannot run its model; its library can"
_UNSAFE = re.compile(r"[^A-Za-z0-9_=,-]+")
_LONGEST = 80


def save_models(report: Report, folder: Path, loaded: Iterable[Pretrained] = ()) -> Report:
    """Save every tokenizer under ``models/NAME-SIZE`` in a folder; gives the report that says where.

    Parameters
    ----------
    loaded : the models that were compared beside the trained tokenizers; a copy of each that toklab can run is saved

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    used: set[str] = set()
    results = []
    copies = _copies(loaded)
    for result in report.results:
        run = copies.get(result.tokenizer) if result.pretrained else result.run
        if run is not None and result.error is None:
            name = _free(f"{_UNSAFE.sub('_', result.tokenizer)[:_LONGEST]}-{result.vocab_size}", used)
            try:
                run.save(folder / FOLDER / name)
                result = replace(result, model=f"{FOLDER}/{name}")
            except FormatError:
                logger.info("%s is not saved: tokenizer.json cannot hold it", result.tokenizer)
        results.append(result)
    return replace(report, results=tuple(results))


def _copies(loaded: Iterable[Pretrained]) -> dict[str, Runnable]:
    """Models as toklab runs them, by name."""
    found = ((model.name, _copy(model.source)) for model in loaded)
    return {name: copy for name, copy in found if copy is not None}


def _copy(source: str | Path | Tokenizer) -> Runnable | None:
    """A model as toklab runs it; None where toklab does not, or where it is too large for a page."""
    try:
        if not isinstance(source, str | Path):
            return run_by_toklab(source)
        file = find(source).path
        if file.is_file() and file.stat().st_size > MOST_BYTES:
            return None
        return run_by_toklab(load(source, engine="toklab"))
    except (ToklabError, OSError):
        return None


def runnable(report: Report, loaded: Iterable[Pretrained] = ()) -> dict[tuple[str, int], Runnable | str]:
    """The tokenizers of a comparison that has just been made, as `load_models` gives those that were saved.

    Parameters
    ----------
    loaded : as for `save_models`
    """
    found: dict[tuple[str, int], Runnable | str] = {}
    copies = _copies(loaded)
    for result in report.results:
        if result.error is None and (result.pretrained or result.run is not None):
            run = copies.get(result.tokenizer) if result.pretrained else result.run
            ours = NO_COPY if run is None else _checked(run, report, result)
            found[result.tokenizer, result.vocab_size] = ours
    return found


def _free(name: str, used: set[str]) -> str:
    """The name, with a number where another has it already, on file systems that know no case too."""
    number, found = 1, name
    while found.lower() in used:
        number += 1
        found = f"{name}-{number}"
    used.add(found.lower())
    return found


def load_models(report: Report, folder: Path) -> dict[tuple[str, int], Runnable | str]:
    """The saved tokenizers by name and vocabulary size, run by toklab; where it does not run one, why.

    Parameters
    ----------
    folder : where the report lies

    Raises
    ------
    FormatError
        The report names a folder that is not below its own.
    """
    found: dict[tuple[str, int], Runnable | str] = {}
    for result in report.results:
        if result.model is not None:
            loaded = _load(folder, result.model)
            ours = loaded if isinstance(loaded, str) else _checked(loaded, report, result)
            found[result.tokenizer, result.vocab_size] = ours
        elif result.pretrained and result.error is None:
            found[result.tokenizer, result.vocab_size] = NO_COPY
    return found


def _load(folder: Path, model: str) -> Tokenizer | str:
    path = PurePosixPath(model)
    if path.is_absolute() or ".." in path.parts or "\\" in model or "\0" in model or path.parts[:1] != (FOLDER,):
        raise FormatError(f"no report of a comparison: the model {model!r} is not in the folder {FOLDER} beside it")
    if not (folder / path).exists():
        return f"its model is not beside the report ({model})"
    try:
        return load(folder / path, engine="toklab")
    except ToklabError:
        return ONLY_LIBRARY


def _checked(tokenizer: Tokenizer, report: Report, result: Result) -> Runnable | str:
    """The tokenizer as toklab runs it, if it gives the sentences the ids that the report holds; otherwise why not."""
    try:
        ours = run_by_toklab(tokenizer)
        cuts = result.cuts
        if cuts is not None and not np.array_equal(ours.encode_batch(report.sentences).ids, cuts.ids):
            return "run by toklab, it cuts the sentences otherwise"
    except ToklabError:
        return ONLY_LIBRARY
    return ours
