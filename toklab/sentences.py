"""Sentences of the held-out text that a reader looks at: how every contender cuts them, the most disputed first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from toklab.errors import ToklabError
from toklab.results import Report, Result
from toklab.types import Batch, Tokenizer

MOST, LONGEST = 20, 200
# How many sentences the most disputed are chosen from, and of how many characters of a document at most.
CANDIDATES, READ = 200, 10_000
RULE = (
    f"Of {CANDIDATES} held-out sentences, spread evenly, those come first where the number of tokens differs most "
    "between contenders that take a vocabulary size; then those with the most tokens, then by their text."
)
_END = re.compile(r"(?<=[.!?…。！？।])[\"'”’»)\]]*\s+|\n\s*\n")


def with_sentences(report: Report, trained: Sequence[Tokenizer | ToklabError], texts: Sequence[str]) -> Report:
    """The report with its most disputed sentences, cut by every contender.

    Parameters
    ----------
    trained : what each of the results is about
    texts : held-out documents
    """
    sentences = candidates(texts)
    cut = [
        replace(result, run=tokenizer, cuts=tokenizer.encode_batch(sentences, offsets=True))
        if result.error is None and not isinstance(tokenizer, ToklabError)
        else result
        for result, tokenizer in zip(report.results, trained, strict=True)
    ]
    chosen = most_disputed(sentences, cut)
    results = tuple(r if r.cuts is None else replace(r, cuts=_of(r.cuts, chosen)) for r in cut)
    return replace(report, results=results, sentences=tuple(sentences[place] for place in chosen))


def candidates(texts: Sequence[str]) -> list[str]:
    """Distinct sentences from documents that are spread evenly over all of them."""
    read = (text[:READ] for text in _spread(texts, CANDIDATES))
    return _spread(list(dict.fromkeys(each for text in read for each in sentences_of(text))), CANDIDATES)


def sentences_of(text: str) -> Iterator[str]:
    """The sentences of a text, without the space around them; a longer one is cut at a space where there is one."""
    start = 0
    for end in [*(match.end() for match in _END.finditer(text)), len(text)]:
        part, start = text[start:end].strip(), end
        while part:
            at = len(part) if len(part) <= LONGEST else max(part.rfind(space, 1, LONGEST + 1) for space in " \n")
            at = at if at > 0 else LONGEST
            yield part[:at].rstrip()
            part = part[at:].lstrip()


def most_disputed(sentences: Sequence[str], results: Sequence[Result]) -> list[int]:
    """Places of the sentences to show, see `RULE`."""
    counts = [(result.sized, np.diff(result.cuts.rows)) for result in results if result.cuts is not None]
    counted = [numbers for sized, numbers in counts if sized] or [numbers for _, numbers in counts]
    if not counted:
        return []
    most, least = np.max(counted, axis=0).tolist(), np.min(counted, axis=0).tolist()
    order = sorted(range(len(sentences)), key=lambda i: (least[i] - most[i], -most[i], sentences[i]))
    return order[:MOST]


def _spread(items: Sequence[str], most: int) -> list[str]:
    """At most so many, evenly spread, in their order."""
    count = min(most, len(items))
    return [items[place * len(items) // count] for place in range(count)]


def _of(batch: Batch, places: Sequence[int]) -> Batch:
    return Batch.stack([batch[place] for place in places])
