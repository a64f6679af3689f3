"""The JSON object of ``--json`` and ``benchmark.json``, and what a reader must know of its figures."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.contenders import ENCODE, STARTUP, TRAIN
from benchmarks.fits import make_fits
from benchmarks.marks import make_marks
from benchmarks.matrix import Plan
from benchmarks.rows import TIE, Row, available_cores
from benchmarks.texts import Text

SCHEMA = 1
_WORK = (TRAIN, ENCODE)
# What a reader must know, and the tasks that it is about.
NOTES = (
    (
        _WORK,
        "Each figure comes from a fresh process per contender and round, held to as many cores as threads. Imports, "
        "loading the model and loading compiled kernels are outside the clock (warm_up_s).",
    ),
    (
        _WORK,
        "Peak MB is that of the whole process: interpreter, library and text included (before_mb: what it had held "
        "before the clock ran). threads_used is processor time divided by wall time.",
    ),
    (
        (TRAIN,),
        "Training is one call on a file, reading included; rustbpe and bpeasy get the file's lines. All byte-level "
        "trainers use the GPT-2 pattern; SentencePiece, YouTokenToMe and all of Unigram cut at spaces, WordPiece as "
        "BERT does.",
    ),
    (
        (ENCODE,),
        "Encoders get the same vocabulary, trained by toklab, and documents as a list of strings: one long document, "
        "or documents of 2 kB. First and second pass are different text of the same kind, so that words may be "
        "remembered, never texts. hf-bpe, hf-wordpiece and hf-unigram give ids, offsets and more; others ids alone. "
        "Ids are compared on a sample before timing and in full afterwards.",
    ),
    (
        (STARTUP,),
        "Starting up is whole commands, from the start of Python to its end, with bytecode as an installation leaves "
        "it; cold: no kernel is compiled yet.",
    ),
    (
        _WORK,
        f"Ratios are those of medians, in brackets the least and most of any round; within {TIE}x they are called a "
        "tie, because reruns differ by as much.",
    ),
)


def make_report(
    rows: Sequence[Row], texts: Sequence[Text], plan: Plan, missing: Mapping[str, str], command: str
) -> dict[str, Any]:
    """Everything that is shown.

    Parameters
    ----------
    missing : contenders that did not take part, and why
    command : what was typed
    """
    fits = make_fits(rows)
    return {
        "schema": SCHEMA,
        "command": command,
        "machine": {
            "cores": available_cores(),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "libraries": sorted({row["library"] for row in rows}),
        "corpora": [{"name": text.name, "origin": text.origin, "bytes": text.n_bytes} for text in texts],
        "repeats": plan.repeats,
        "left_out": dict(missing),
        "notes": [note for tasks, note in NOTES if any(row["task"] in tasks for row in rows)],
        "marks": make_marks(rows, fits),
        "fits": fits,
        "rows": list(rows),
    }
