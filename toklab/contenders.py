"""Which trainers there are, and how the command line names one with its options."""

from __future__ import annotations

import logging
import typing
from typing import Any

from toklab.algorithms import algorithm_targets, get_algorithm
from toklab.errors import UnknownNameError, UsageError
from toklab.types import Contender, TrainSpec

logger = logging.getLogger("toklab")

# Variants that have a name of their own in tables.
VARIANTS = {
    "bpe-spm": Contender("bpe", {"variant": "spm", "pretokenizer": "sentencepiece"}, "bpe-spm"),
    "unigram-hf": Contender("unigram", {"variant": "hf"}, "unigram-hf"),
    "unigram-spm": Contender("unigram", {"variant": "spm", "pretokenizer": "sentencepiece"}, "unigram-spm"),
    "wordpiece-hf": Contender("wordpiece", {"variant": "hf"}, "wordpiece-hf"),
}

DEFAULT_CONTENDERS = (
    "bpe",
    "hf-bpe",
    "spm-bpe",
    "wordpiece",
    "wordpiece-hf",
    "hf-wordpiece",
    "unigram",
    "hf-unigram",
    "spm-unigram",
    "word",
    "hf-wordlevel",
    "spm-word",
    "character",
    "spm-char",
    "byte",
)


def known_names() -> list[str]:
    """Every trainer and variant.

    Raises
    ------
    UsageError
        An installed package uses a name that is taken.
    """
    targets = algorithm_targets()
    for name in VARIANTS:
        if name in targets:
            raise UsageError(f"the algorithm name {name!r} is taken twice: by toklab and by {targets[name]!r}")
    return [*targets, *VARIANTS]


def parse_contender(text: str) -> Contender:
    """A contender from ``NAME`` or ``NAME:option=value,option=value``.

    Examples
    --------
    ``bpe``, ``wordpiece-hf``, ``bpe:tie=first-seen,min_frequency=2``

    Raises
    ------
    UnknownNameError
        No algorithm or option has that name.
    UsageError
        An option without a value, a value of the wrong kind, or the vocabulary size, which is not for one
        contender to choose.
    """
    name, _, rest = text.partition(":")
    known = known_names()
    if name not in known:
        raise UnknownNameError("algorithm", name, known)
    base = VARIANTS.get(name, Contender(name))
    if not rest:
        return base
    spec_type = get_algorithm(base.algorithm).spec_type
    options = dict(base.options)
    for item in rest.split(","):
        key, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"option {item!r} of {name} has no value; write option=value")
        if key == "vocab_size":
            raise UsageError(f"the vocabulary size is not an option of {name}; give it once, for all contenders")
        options[key] = parse_option(spec_type, name, key, value)
    return Contender(base.algorithm, options, text)


def parse_option(spec_type: type[TrainSpec], name: str, key: str, value: str) -> Any:
    """A spec's option from its text, by the type that the spec declares.

    Raises
    ------
    UnknownNameError
        The spec has no such option.
    UsageError
        The text is no value of that type.
    """
    hints = typing.get_type_hints(spec_type)
    if key not in hints:
        raise UnknownNameError(f"option of {name}", key, sorted(hints))
    kinds = typing.get_args(hints[key]) or (hints[key],)
    try:
        if bool in kinds:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[value.lower()]
        if int in kinds:
            return int(value)
        if float in kinds:
            return float(value)
    except (KeyError, ValueError):
        raise UsageError(f"option {key} of {name} cannot be {value!r}") from None
    return tuple(value.split("+")) if typing.get_origin(hints[key]) is tuple else value


def catalogue() -> dict[str, dict[str, str]]:
    """Everything that has a name: heading to name to what it is."""
    from toklab.loading.sources import FORMATS
    from toklab.metrics import all_metrics
    from toklab.metrics.pairs import PAIR_METRICS
    from toklab.pretokenize import NORMALIZERS, PATTERNS

    # Metrics first: a package that breaks while its algorithm is imported has defined some of its metrics by then.
    metrics = {
        name: f"{found.description} [{found.unit}{', ' + found.better if found.better else ''}]"
        for name, found in all_metrics().items()
    }
    targets = algorithm_targets()
    known = [name for name in known_names() if name in targets]
    ours = {name: _describe(name) for name in known if not targets[name].startswith("toklab.baselines")}
    theirs = {name: _describe(name) for name in known if targets[name].startswith("toklab.baselines")}
    variants = {name: f"{found.algorithm} with {dict(found.options)}" for name, found in VARIANTS.items()}
    return {
        "algorithms": ours | variants,
        "baselines": theirs,
        "metrics": metrics,
        "metrics of pairs": {found.name: f"{found.description} [{found.unit}]" for found in PAIR_METRICS},
        "patterns": {name: entry.source for name, entry in PATTERNS.items()},
        "normalizers": {name: (function.__doc__ or "").splitlines()[0] for name, function in NORMALIZERS.items()},
        "formats": {entry.name: f"{entry.description} ({', '.join(entry.files)})" for entry in FORMATS},
    }


def _describe(name: str) -> str:
    try:
        algorithm = get_algorithm(name)
    except UsageError as error:  # another package's, which is broken
        logger.warning("%s", error)
        return "cannot be loaded"
    library = getattr(algorithm, "library", "")
    missing = getattr(algorithm, "missing", None)
    if missing:
        return str(missing)
    return f"{library}; claims: {algorithm.claims.value}"
