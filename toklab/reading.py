"""The JSON of a report, entry by entry: what is read has the type that it must have, and errors name the place."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from toklab.errors import FormatError
from toklab.types import IntArray

MOST = 100_000_000  # documents, ids or bytes that a list of counts may stand for


@dataclass(frozen=True)
class Object:
    """A JSON object, and where in the file it stands; each entry is checked for its type when it is asked for."""

    values: Mapping[str, Any]
    place: str

    def fail(self, key: str, what: str) -> FormatError:
        return FormatError(f"no report: {self.place}{key} is not {what}")

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str):
            raise self.fail(key, "a text")
        return value

    def maybe_text(self, key: str) -> str | None:
        return None if self.values.get(key) is None else self.text(key)

    def whole(self, key: str) -> int:
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            raise self.fail(key, "a whole number")
        return value

    def maybe_whole(self, key: str) -> int | None:
        return None if self.values.get(key) is None else self.whole(key)

    def truth(self, key: str) -> bool:
        value = self.values.get(key)
        if not isinstance(value, bool):
            raise self.fail(key, "true or false")
        return value

    def maybe_truth(self, key: str) -> bool | None:
        return None if self.values.get(key) is None else self.truth(key)

    def number(self, key: str) -> float:
        value = self.figure(key)
        if value is None:
            raise self.fail(key, "a number")
        return value

    def figure(self, key: str) -> float | None:
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
            raise self.fail(key, "a number")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.fail(key, "a list of texts")
        return tuple(value)

    def object(self, key: str) -> Object:
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.fail(key, "an object")
        return Object(value, f"{self.place}{key}.")

    def objects(self, key: str) -> Iterator[Object]:
        """The objects of a list; none where there is no such key, as in files of earlier versions."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.fail(key, "a list of objects")
        for place, each in enumerate(value):
            yield Object(each, f"{self.place}{key}[{place}].")

    def numbers(self, key: str, least: int = 0) -> IntArray:
        """A list of whole numbers, none below ``least``."""
        values = self.values.get(key)
        if not isinstance(values, list) or not all(type(n) is int and least <= n <= MOST for n in values):
            raise self.fail(key, "a list of whole numbers")
        return np.array(values, np.int64)

    def facts(self, key: str) -> dict[str, Any]:
        """An object of texts and numbers."""
        found = self.object(key)
        for name, value in found.values.items():
            if not isinstance(value, str | int | float):
                raise found.fail(name, "a text or a number")
        return dict(found.values)

    def counts(self, key: str, name: str, count: str) -> tuple[IntArray, IntArray] | None:
        """Two lists of whole numbers; None where there is none."""
        if self.values.get(key) is None:
            return None
        lists = self.object(key)
        found = lists.numbers(name), lists.numbers(count)
        if len(found[0]) != len(found[1]) or found[1].sum() > MOST or (np.diff(found[0]) <= 0).any():
            raise self.fail(key, "two lists of one length, the first ascending")
        return found


def parse(text: str | bytes) -> object:
    """JSON without NaN and infinities.

    Raises
    ------
    FormatError
        It is no JSON.
    """

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no report: no JSON ({error})") from None


def read_whole(data: object, schema: int, key: str) -> Object:
    """The object that a file is, if it has the schema and the key that tells its kind.

    Raises
    ------
    FormatError
        It is no such object, or of a later schema.
    """
    if not isinstance(data, dict):
        raise FormatError("no report: not a JSON object")
    if data.get("schema") != schema or key not in data:
        raise FormatError(f"no report: it has no {key} of schema {schema}")
    return Object(data, "")
