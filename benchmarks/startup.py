"""What starting costs: whole commands of toklab, from the start of Python to its end."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.contenders import STARTUP, library_version
from benchmarks.documents import WARM_UP
from benchmarks.launch import CACHE, environment, how_it_ended, run_process
from benchmarks.matrix import Plan, Say
from benchmarks.rows import Row, empty_row

SENTENCE = "The night porter knows each lever by its squeak."
COPIES = 16_000  # of the warm-up text: so much that toklab compiles
TOKLAB = ("-m", "toklab")
BPE, WORDPIECE = "bpe-model", "wordpiece-model"


@dataclass(frozen=True)
class Command:
    """Arguments of Python; ``stdin`` gets the large text where ``reads`` is set."""

    arguments: tuple[str, ...]
    reads: bool = False


@dataclass
class Start:
    """One line of the table.

    Parameters
    ----------
    name : of the line
    commands : run one after the other; their time is that of all
    cold : begin with an empty cache of compiled kernels
    warm_twin : the name of the same commands with a warm cache
    """

    name: str
    commands: Sequence[Command]
    cold: bool = False
    warm_twin: str | None = None
    seconds: list[float] = field(default_factory=list)
    error: str | None = None


def starts() -> list[Start]:
    """All lines; each finds the models of those before it."""
    train = Command((*TOKLAB, "train", "--algo", "bpe", "--output", BPE))
    encode = Command((*TOKLAB, "encode", BPE, "-"), reads=True)
    fast = ("--backend", "fast", "--output")
    everything = [
        Command((*TOKLAB, "train", "--algo", "bpe", *fast, BPE)),
        encode,
        Command((*TOKLAB, "train", "--algo", "wordpiece", *fast, WORDPIECE)),
        Command((*TOKLAB, "train", "--algo", "wordpiece", "--variant", "hf", *fast, WORDPIECE)),
        Command((*TOKLAB, "encode", WORDPIECE, "-"), reads=True),
    ]
    work = {"train --algo bpe": [train], "encode 4.5 MB": [encode], "train and encode, all kinds": everything}
    return [
        Start("python -c pass", [Command(("-c", "pass"))]),
        Start("toklab --help", [Command((*TOKLAB, "--help"))]),
        *(Start(name, commands) for name, commands in work.items()),
        Start('toklab encode MODEL "a sentence"', [Command((*TOKLAB, "encode", BPE, SENTENCE))]),
        *(Start(f"{name}, cold", commands, True, name) for name, commands in work.items()),
    ]


def as_installed(folder: Path) -> dict[str, str]:
    """Variables by which Python finds bytecode of every module in a folder, as it does where pip installed them."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


class StartUps:
    """Measures all lines, each once before any has its second turn.

    Parameters
    ----------
    folder : for models, caches and what the commands print
    say : takes a line of progress
    """

    def __init__(self, plan: Plan, folder: Path, say: Say) -> None:
        self._plan, self._folder, self._say = plan, folder / "startup", say
        self._folder.mkdir()
        self._text = self._folder / "text.txt"
        self._text.write_text("\n".join(WARM_UP * COPIES), encoding="utf-8")

    def run(self, lines: Sequence[Start]) -> list[Start]:
        """Fill the warm cache and that of bytecode, then run every line in rounds."""
        for line in lines:
            if not line.cold:
                self._say(f"warm-up: {line.name}")
                line.error = self._once(line)[1]
        for number in range(1, self._plan.repeats + 1):
            for line in lines:
                if line.error is None:
                    seconds, line.error = self._once(line)
                    line.seconds.append(seconds)
                    self._say(
                        f"round {number} of {self._plan.repeats}: {line.name}: {line.error or f'{seconds:.2f} s'}"
                    )
        return list(lines)

    def _once(self, line: Start) -> tuple[float, str | None]:
        """Seconds of all commands, and why they are none."""
        cache = self._folder / ("cold" if line.cold else "warm")
        if line.cold:
            shutil.rmtree(cache, ignore_errors=True)
        spent = 0.0
        for command in line.commands:
            variables = {**environment(self._plan.threads[-1]), **as_installed(self._folder), CACHE: str(cache)}
            output = self._folder / "output"
            arguments = [str(self._folder / part) if part in (BPE, WORDPIECE) else part for part in command.arguments]
            started = time.perf_counter()
            source = self._text if command.reads else None
            code = run_process([sys.executable, *arguments], variables, output, self._plan.time_limit, source)
            spent += time.perf_counter() - started
            if code is None:
                return spent, f"over {self._plan.time_limit:g} s"
            if code != 0:
                return spent, how_it_ended(code, output)
        return spent, None


def start_rows(lines: Sequence[Start], threads: int) -> list[Row]:
    """A row for each line; ``compile_s`` is what an empty cache adds to the median."""
    medians = {line.name: median(line.seconds) for line in lines if line.seconds and line.error is None}
    rows = []
    for line in lines:
        middle, warm = medians.get(line.name), medians.get(line.warm_twin or "")
        done = line.seconds if middle is not None else []
        rows.append(
            empty_row()
            | {
                "task": STARTUP,
                "contender": line.name,
                "library": library_version("toklab"),
                "corpus": "bundled text",
                "threads": threads,
                "runs": len(done),
                "median_s": middle,
                "min_s": min(done, default=None),
                "max_s": max(done, default=None),
                "compile_s": None if middle is None or warm is None else middle - warm,
                "error": line.error,
            }
        )
    return rows
