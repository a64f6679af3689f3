"""The process that judges one text: ``python -m toklab.serving.worker FOLDER``.

It reads ``task.json`` and ``text`` from the folder, tells in ``progress.json`` how far it is, and leaves
``report.html`` and ``result.json`` there; `toklab.serving.tasks` starts it, reads these, and ends it when its time is
up.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toklab.comparison import compare, judge_text
from toklab.corpus import Corpus, Held, cut_documents
from toklab.errors import InputError, ToklabError
from toklab.page import Findings, render_page
from toklab.page.answer import METRIC, interval
from toklab.ranking import find, number
from toklab.report.files import encode
from toklab.report.models import runnable
from toklab.results import Report, Result
from toklab.serving.bench import read_bench
from toklab.trained import Trained
from toklab.worker import limit_memory
from toklab.workshop import Limits, Progress

TASK, TEXT, PROGRESS, PAGE, RESULT = "task.json", "text", "progress.json", "report.html", "result.json"


def main(folder: Path) -> None:
    """What the process does."""
    # As Ctrl-C, so that the trainings in other processes end too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    task = json.loads((folder / TASK).read_text(encoding="ascii"))
    limit_memory(task["memory_mb"])

    def progress(name: str, done: int, total: int) -> None:
        write(folder / PROGRESS, {"last": name, "done": done, "total": total})

    result: dict[str, Any]
    try:
        raw = (folder / TEXT).read_bytes()
        text = Corpus(task["name"], tuple(cut_documents(Held(raw), task["documents"])))
        trained = read_bench(Path(task["bench"]))
        report = _report(task, trained, text, progress)
        findings = Findings(report, models=runnable(report, trained.loaded))
        (folder / PAGE).write_bytes(encode(render_page(findings)))
        result = {"rows": rows(report)}
    except ToklabError as error:
        result = {"error": str(error)}
    except MemoryError:
        result = {"error": f"ran out of memory (limit {task['memory_mb']:,} MB)"}
    write(folder / RESULT, result)


def _report(task: Mapping[str, Any], trained: Trained, text: Corpus, progress: Progress) -> Report:
    limits = Limits(task["seconds"], task["memory_mb"])
    if not task["train"]:
        return judge_text(trained, text, limits=limits, progress=progress)
    if len(text) < 2:
        raise InputError("the text is one document, so none can be held out; choose lines, or separate paragraphs")
    setting = trained.setting
    return compare(
        text,
        [*trained.chosen, *trained.loaded],
        vocab_size=trained.sizes,
        pretokenizer=setting.pretokenizer,
        held_out=setting.held_out,
        seed=setting.seed,
        resamples=setting.bootstrap.resamples,
        probe=False,
        limits=limits,
        progress=progress,
    )


def rows(report: Report) -> list[dict[str, Any]]:
    """One figure of each contender, with its interval, for a small table."""
    return [_row(result) for result in report.results]


def _row(result: Result) -> dict[str, Any]:
    cell, value = find(result, METRIC), number(result, METRIC)
    row = {"tokenizer": result.tokenizer, "vocab_size": result.vocab_size, "error": result.error or ""}
    if cell is None or value is None:
        return {**row, "figure": "", "interval": ""}
    return {**row, "figure": f"{value:.2f}", "interval": "" if cell.ci_low is None else interval(cell)}


def write(path: Path, value: object) -> None:
    """Write JSON so that its reader never sees a part of it."""
    path.with_suffix(".new").write_text(json.dumps(value), encoding="ascii")
    path.with_suffix(".new").replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
