"""Who takes part in a comparison: trainers by name, and models that are loaded.

What `-t` and ``compare`` take, in the order in which a text is understood:

1. ``NAME`` or ``NAME:option=value`` where NAME is a trainer's: trained, even where a file has that name
   (``./bpe`` is the file);
2. a path that exists, ``hf:owner/name`` or ``tiktoken:name``: loaded;
3. ``LABEL=`` and one of these: the same under another name. A label holds no ``:`` and no ``/``, so it cannot be
   taken for options, a scheme or a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, cast

from toklab.contenders import DEFAULT_CONTENDERS, known_names, parse_contender
from toklab.errors import FormatError, UsageError
from toklab.loading.sources import SCHEMES, is_source
from toklab.types import Contender, Pretrained, Tokenizer

Named: TypeAlias = str | Path | Contender | Pretrained | Tokenizer
NEEDED = ("name", "vocab", "encode_batch", "decode")


def resolve_all(contenders: Sequence[Named] | Named | None) -> tuple[tuple[Contender, ...], tuple[Pretrained, ...]]:
    """The contenders to train, and those to load; None is the default set.

    A model without a label is called by the last parts of its path, as many as it takes to tell all names apart; a
    tokenizer that is there already by its own name, with " (loaded)" where a trainer has that name.

    Raises
    ------
    UnknownNameError
        No trainer, variant or option has that name, and no file either.
    UsageError
        The same name twice, none at all, a label that is a trainer's name, or something that is no tokenizer.
    FormatError
        A path at which nothing is.
    """
    if contenders is None:
        contenders = DEFAULT_CONTENDERS
    several = isinstance(contenders, Sequence) and not isinstance(contenders, str)
    found: list[Contender | Pretrained] = [
        parse(item) for item in cast(Sequence[Named], contenders if several else [contenders])
    ]
    trained = tuple(item for item in found if isinstance(item, Contender))
    models = [item for item in found if isinstance(item, Pretrained)]
    taken = [item.name for item in found if item.name]
    paths = [Path(str(model.source)) for model in models if not model.name]
    loaded = tuple(
        model if model.name else replace(model, name=_label(Path(str(model.source)), paths, taken)) for model in models
    )
    _check_names([*(contender.name for contender in trained), *(model.name for model in loaded)])
    return trained, loaded


def resolve(contenders: Sequence[str | Contender] | str | Contender | None) -> tuple[Contender, ...]:
    """Contenders to train, by name or as they are, for what trains again and again; None is the default set.

    Raises
    ------
    UnknownNameError
        No trainer, variant or option has that name.
    UsageError
        The same name twice, none at all, or a model, which cannot be trained.
    """
    trained, loaded = resolve_all(contenders)
    if loaded:
        raise UsageError(f"{loaded[0].name} is a model, and this trains: name trainers only; compare takes models too")
    return trained


def parse(item: Named) -> Contender | Pretrained:
    """One contender; a model without a label has an empty name.

    Raises
    ------
    UnknownNameError, UsageError, FormatError
        As for `resolve_all`.
    """
    if isinstance(item, Contender | Pretrained):
        return item
    if isinstance(item, Path):
        return Pretrained("", _existing(str(item)))
    if not isinstance(item, str):
        return _object(item)
    names = known_names()
    if item.partition(":")[0] in names:
        return parse_contender(item)
    if is_source(item):
        return _model(item)
    label, equals, rest = item.partition("=")
    if equals and label and not set(label) & set(":/\\"):
        if label in names:
            raise UsageError(f"the label {label!r} is the name of a trainer; choose another one")
        found = parse(rest)
        return replace(found, label=label) if isinstance(found, Contender) else replace(found, name=label)
    if "/" in item or "\\" in item:
        _existing(item)
    return parse_contender(item)


def _model(source: str) -> Pretrained:
    return Pretrained(source if source.startswith(SCHEMES) else "", source)


def _existing(path: str) -> str:
    if not is_source(path):
        raise FormatError(f"{path} holds no tokenizer: no such file or folder")
    return path


def _object(item: Tokenizer) -> Pretrained:
    missing = [name for name in NEEDED if not hasattr(item, name)]
    if missing:
        raise UsageError(f"{type(item).__name__} is no contender: it has no {', '.join(missing)}")
    name = str(item.name)
    return Pretrained(f"{name} (loaded)" if name in known_names() else name, item)


def _label(path: Path, paths: Iterable[Path], taken: Iterable[str]) -> str:
    """The last parts of a path that no other path ends with, and that is no name that is taken."""
    parts = path.absolute().parts
    others = [other.absolute().parts for other in paths]
    for count in range(1, len(parts)):
        label = "/".join(parts[-count:])
        if label not in taken and sum(other[-count:] == parts[-count:] for other in others) == 1:
            return label
    return str(path)


def _check_names(names: Sequence[str]) -> None:
    if not names:
        raise UsageError("no contender to compare; name at least one")
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the contender {name!r} is named twice")
