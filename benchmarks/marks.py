"""The marks that toklab sets itself: how many times as fast as whom, and whether this run met them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import ENCODE, ENTRANTS, TRAIN
from benchmarks.matrix import count_threads
from benchmarks.rows import Row, comparable

VOCAB_SIZES = (32_000,)
DOUBLE = 2.3
FASTEST = "the fastest peer"
LOWEST = "the lowest peer"


@dataclass(frozen=True)
class Mark:
    """A ratio to reach.

    Parameters
    ----------
    label : what is measured
    task, ours : the rows of toklab that it is about
    against : the peer, or `FASTEST` or `LOWEST` for the best of all that do the same
    at_least : the peer's figure over toklab's
    which : the pass, for encoding
    corpus : the text; after a hyphen, whatever follows
    figure : the column
    at_mb : of this size only, and then of the word model's text too
    vocab_sizes : of these only
    """

    label: str
    task: str
    ours: str
    against: str
    at_least: float
    which: str | None = None
    corpus: str = "english"
    figure: str = "median_s"
    at_mb: int | None = None
    vocab_sizes: tuple[int, ...] = VOCAB_SIZES


_FIRST: tuple[tuple[str, float], ...] = (
    ("hf-bpe", 30),
    ("tiktoken", 6),
    ("hf-bpe-rc", 1.5),
    ("splintr", 1.5),
    ("tokie", 1.5),
    ("gigatoken", 1),
    ("fastokens", 1),
)
_TRAIN: tuple[tuple[str, float], ...] = (
    ("hf-bpe", 8),
    ("spm-bpe", 4),
    ("bpeasy", 4),
    ("youtokentome", 4),
    ("rustbpe", 3),
    ("gigatoken", 1.5),
)


def _train_unigram(at_mb: int, ratio: float, sizes: tuple[int, ...]) -> Iterator[Mark]:
    for label, figure, least in (("train Unigram", "median_s", ratio), ("peak memory, train Unigram", "peak_mb", 1)):
        name = f"{label}, {at_mb} MB"
        yield Mark(name, TRAIN, "unigram", "spm-unigram", least, figure=figure, at_mb=at_mb, vocab_sizes=sizes)


MARKS: tuple[Mark, ...] = (
    *(Mark("train BPE", TRAIN, "bpe", peer, ratio) for peer, ratio in _TRAIN),
    Mark("train WordPiece", TRAIN, "wordpiece-hf", "hf-wordpiece", 6),
    Mark("peak memory, train BPE", TRAIN, "bpe", LOWEST, 1, figure="peak_mb"),
    Mark("peak memory, train WordPiece", TRAIN, "wordpiece-hf", LOWEST, 1, figure="peak_mb"),
    *_train_unigram(10, 3, (8_000, 32_000)),
    *_train_unigram(100, 4, VOCAB_SIZES),
    *(Mark("encode BPE, first pass", ENCODE, "bpe", peer, ratio, "first") for peer, ratio in _FIRST),
    *(Mark("encode BPE, second pass", ENCODE, "bpe", peer, 1, "second") for peer in ("gigatoken", "fastokens")),
    Mark("encode WordPiece, first pass", ENCODE, "wordpiece-hf", FASTEST, 1, "first"),
    Mark("encode WordPiece, second pass", ENCODE, "wordpiece-hf", FASTEST, 1, "second"),
    Mark("encode Unigram, first pass", ENCODE, "unigram", FASTEST, 1, "first"),
    Mark("encode Unigram, second pass", ENCODE, "unigram", FASTEST, 1, "second"),
    Mark("encode hostile words", ENCODE, "bpe", FASTEST, 1, "first", "hostile-"),
)


def make_marks(rows: Sequence[Row], fits: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each mark whose rows there are, with the worst of all ratios that it is about and where that was."""
    groups = comparable(rows)
    found = [_judge(mark, groups) for mark in MARKS]
    return [*(row for row in found if row is not None), *_doubles(fits)]


def _judge(mark: Mark, groups: Sequence[Sequence[Row]]) -> dict[str, Any] | None:
    results = [result for group in groups for result in _ratios(mark, group)]
    if not results:
        return None
    worst, ours, peer = min(results, key=lambda result: result[0])
    return {
        "mark": mark.label,
        "against": mark.against,
        "at_least": mark.at_least,
        "at_most": None,
        "ratio": worst,
        "met": worst >= mark.at_least,
        "comparisons": len(results),
        "worst": _where(mark, ours, peer),
    }


def _ratios(mark: Mark, group: Sequence[Row]) -> Iterator[tuple[float, Row, Row]]:
    """The peer's figure over toklab's, if this group has both."""
    done = [row for row in group if row[mark.figure] and _is_about(mark, row)]
    ours = [row for row in done if row["contender"] == mark.ours]
    peers = [row for row in done if _is_peer(mark, row)]
    if ours and peers:
        best = min(peers, key=lambda row: float(row[mark.figure]))
        yield float(best[mark.figure]) / float(ours[0][mark.figure]), ours[0], best


def _is_about(mark: Mark, row: Row) -> bool:
    if (row["task"], row["pass"]) != (mark.task, mark.which) or row["vocab_size"] not in mark.vocab_sizes:
        return False
    if mark.at_mb is not None and round(row["text_mb"]) != mark.at_mb:
        return False
    corpus, begins = str(row["corpus"]), mark.corpus.endswith("-") or mark.at_mb is not None
    return corpus.startswith(mark.corpus) if begins else corpus == mark.corpus


def _is_peer(mark: Mark, row: Row) -> bool:
    if mark.against not in (FASTEST, LOWEST):
        return bool(row["contender"] == mark.against)
    entrant = ENTRANTS.get(row["contender"])
    return entrant is not None and not entrant.ours and entrant.reference == mark.ours


def _where(mark: Mark, ours: Row, peer: Row) -> str:
    parts = [ours["corpus"], f"{ours['text_mb']:.3g} MB", ours["shape"], count_threads(ours["threads"])]
    if len(mark.vocab_sizes) > 1:
        parts.append(f"{ours['vocab_size']:,} pieces")
    if mark.against in (FASTEST, LOWEST):
        parts.append(peer["contender"] + (", whose ids differ" if peer["same_ids"] is False else ""))
    return ", ".join(part for part in parts if part)


def _doubles(fits: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    ours = [
        fit
        for fit in fits
        if fit["corpus"].startswith("hostile") and fit["contender"] in ("bpe", "wordpiece-hf", "unigram")
    ]
    measured = [fit for fit in ours if fit["worst_double"] is not None]
    if measured:
        worst = max(measured, key=lambda fit: float(fit["worst_double"]))
        yield {
            "mark": "hostile words, time at 2n against n",
            "against": "itself",
            "at_least": None,
            "at_most": DOUBLE,
            "ratio": worst["worst_double"],
            "met": worst["worst_double"] < DOUBLE,
            "comparisons": sum(len(fit["at_double"]) for fit in measured),
            "worst": f"{worst['contender']}, {worst['corpus']}, {worst['pass']} pass",
        }
