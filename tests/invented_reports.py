"""Reports whose figures are invented, for the tests of how they are shown."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from toklab.results import Cell, Report, Result

METRICS = {
    "vocab_obtained": ("pieces", "", "vocabulary size"),
    "vocab_used": ("share", "higher", "vocabulary size"),
    "tokens": ("tokens", "lower", "sequence length"),
    "bytes_per_token": ("bytes", "higher", "sequence length"),
    "fertility": ("tokens/word", "lower", "sequence length"),
    "unk_rate": ("share", "lower", "OOV handling"),
    "unk_bytes": ("share", "lower", "OOV handling"),
    "fallback_rate": ("share", "lower", "OOV handling"),
    "oov_fertility": ("tokens/word", "lower", "OOV handling"),
    "oov_exploded": ("share", "lower", "OOV handling"),
    "round_trip": ("share", "higher", "fidelity"),
    "round_trip_cer": ("share", "lower", "fidelity"),
    "bits_per_byte": ("bits/byte", "lower", "cost of use"),
    "mattr": ("share", "", "distribution"),
    "likelihood_per_byte": ("bits/byte", "lower", "probability"),
}
NAMES = ("bpe", "wordpiece", "wordpiece-hf", "word", "character", "byte", "hf-bpe", "hf-unigram", "spm-bpe")
SIGNATURE = "toklab:0.1.0|vocab:2000,8000|pre:gpt2|norm:none|" + "|".join(f"fact{i}:{i * 7919}" for i in range(30))
HOSTILE = "\x1b[31m<script>|`*_\u202e\n=1+1"


def cell(metric: str, value: float | None, half: float | None = None) -> Cell:
    low, high = (None, None) if half is None or value is None else (value - half, value + half)
    unit, better, group = METRICS[metric]
    return Cell(metric, value, low, high, unit, better, group)


def result(
    name: str, figures: Mapping[str, float | None], size: int = 2000, *, sized: bool = True, obtained: int | None = None
) -> Result:
    values = {"vocab_obtained": float(size if obtained is None else obtained), **figures}
    return Result(name, size, sized, tuple(cell(metric, value) for metric, value in values.items()))


def full_report(sizes: tuple[int, ...] = (2000, 8000)) -> Report:
    """Every figure differs from every other, so that each can be looked for."""
    random = np.random.default_rng(0)
    results = []
    for i, name in enumerate(NAMES):
        for size in sizes:
            if name == "hf-unigram" and size == sizes[-1]:
                results.append(Result(name, size, error="trainer ran out of memory\nsecond line"))
                continue
            sized = name not in ("character", "byte")
            ratio = 1 + i / 7 + size / 1e5
            lengths = random.integers(20, 400, 50) + 10 * i
            cells = (
                cell("vocab_obtained", float(size if sized else 100 + i)),
                cell("vocab_used", 0.5 + i / 100),
                cell("tokens", float(lengths.sum())),
                cell("bytes_per_token", ratio, 0.083),
                cell("fertility", 5.6 / ratio),
                cell("unk_rate", None if i % 3 else i / 1000),
                cell("fallback_rate", 0.0),
                cell("oov_fertility", 9 / ratio),
                cell("oov_exploded", i / 90),
                cell("round_trip", 1.0 if i % 2 else 0.987),
                cell("bits_per_byte", 1.7 + i / 13 + size / 1e5),
                cell("mattr", None),
            )
            frequencies = 5000 // np.arange(1, 300 + i)
            warnings = (f"{name} is odd",) if i == 1 else ()
            results.append(
                Result(name, size, sized, cells, lengths, frequencies, ("exact", None)[i % 2], warnings=warnings)
            )
    return Report(tuple(results), SIGNATURE, {"name": "en", "train_bytes": 240012}, ("mind the corpus",))


def hostile_report() -> Report:
    good = result(HOSTILE, {"tokens": 12.0})
    bad = Result(HOSTILE + "2", 2000, error=HOSTILE[:-5])
    return Report((good, bad), f"sig:{HOSTILE}```", {HOSTILE: HOSTILE}, (HOSTILE,))
