"""Trained contenders in a folder, for the processes that judge texts by them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toklab.corpus import Corpus
from toklab.errors import ToklabError, UsageError
from toklab.loading import load
from toklab.metrics import seen_characters
from toklab.metrics.lexicon import Lexicon
from toklab.setting import LEARNED_MB, Setting
from toklab.statistics import Bootstrap
from toklab.trained import Trained
from toklab.types import Contender, Pretrained
from toklab.workshop import Fit

CARD, CORPUS, SEEN, LEXICON = "bench.json", "corpus.json", "seen.json", "lexicon.json"


def write_bench(trained: Trained, folder: Path) -> None:
    """Write contenders and their setting into an empty folder; of each trainer the training that is judged.

    Raises
    ------
    UsageError
        A model is there as an object only, which another process cannot have.
    """
    for model in trained.loaded:
        if not isinstance(model.source, str | Path):
            raise UsageError(f"{model.name} is no file: save it, and name the file, so that other processes can run it")
    setting = trained.setting
    card = {
        "corpus": setting.corpus.name,
        "pretokenizer": setting.pretokenizer,
        "held_out": setting.held_out,
        "seed": setting.seed,
        "resamples": setting.bootstrap.resamples,
        "lexicon": [setting.lexicon.name, setting.lexicon.digest],
        "sizes": trained.sizes,
        "chosen": [[each.algorithm, dict(each.options), each.label] for each in trained.chosen],
        "loaded": [[each.name, str(each.source)] for each in trained.loaded],
        "fits": [_write_fit(first, folder / str(place)) for place, (first, *_) in enumerate(trained.runs)],
    }
    _write(folder / CARD, card)
    _write(folder / CORPUS, list(setting.corpus.documents))
    _write(folder / SEEN, sorted(setting.seen))
    _write(folder / LEXICON, {word: list(parts) for word, parts in setting.lexicon.words.items()})


def read_bench(folder: Path) -> Trained:
    """What `write_bench` wrote; of models what is needed to load them."""
    card = _read(folder / CARD)
    corpus = Corpus(card["corpus"], tuple(_read(folder / CORPUS)))
    training, test = corpus.split(card["held_out"], card["seed"])
    name, digest = card["lexicon"]
    setting = Setting(
        training,
        test,
        corpus,
        card["pretokenizer"],
        card["held_out"],
        card["seed"],
        Bootstrap(len(test), card["resamples"], card["seed"]),
        frozenset(_read(folder / SEEN)),
        training.within(LEARNED_MB * 1_000_000, card["seed"]),
        Lexicon(name, digest, {word: tuple(parts) for word, parts in _read(folder / LEXICON).items()}),
        seen_characters(training.documents),
    )
    chosen = tuple(Contender(algorithm, _options(options), label) for algorithm, options, label in card["chosen"])
    loaded = tuple(Pretrained(name, source) for name, source in card["loaded"])
    fits = tuple([_read_fit(entry, folder / str(place))] for place, entry in enumerate(card["fits"]))
    return Trained(setting, tuple(card["sizes"]), chosen, loaded, fits, (), probed=False)


def _write_fit(fit: Fit | ToklabError, folder: Path) -> dict[str, Any]:
    if isinstance(fit, ToklabError):
        return {"error": str(fit)}
    fit.tokenizer.save(folder)
    return {"seconds": fit.seconds, "peak_mb": fit.peak_mb}


def _read_fit(entry: Mapping[str, Any], folder: Path) -> Fit | ToklabError:
    if "error" in entry:
        return ToklabError(entry["error"])
    return Fit(load(folder), entry["seconds"], entry["peak_mb"])


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="ascii")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="ascii"))
