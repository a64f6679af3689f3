"""Run every measurement in a fresh process, round by round: each contender once before any has its second turn.

What else the machine does at a time then falls on all contenders alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.child import CHECK, PREPARE, WARM
from benchmarks.contenders import ENCODE, Entrant, python_of
from benchmarks.launch import run_child
from benchmarks.matrix import Group, Measurement, Plan, Say


class Bench:
    """Measures groups.

    Parameters
    ----------
    folder : for jobs and models
    say : takes a line of progress
    """

    def __init__(self, plan: Plan, folder: Path, say: Say) -> None:
        self._plan, self._folder, self._say = plan, folder, say
        self.left_out: dict[str, str] = {}
        self._warm: set[str] = set()
        self._models: dict[str, str | None] = {}
        self._checked: dict[tuple[str, str, str], Mapping[str, Any]] = {}

    def measure(self, groups: Sequence[Group]) -> None:
        """Warm up, check, then all rounds; a contender that fails keeps its error, and the others go on.

        A round goes through all groups, because their times are compared: they differ in the size of the text.
        """
        for group in groups:
            self._warm_up(group)
            if group.task == ENCODE:
                self._prepare(group)
                self._check(group)
        for number in range(1, self._plan.repeats + 1):
            for group in groups:
                for measurement in group.measurements:
                    if measurement.error is None:
                        self._once(group, measurement, number)

    def _warm_up(self, group: Group) -> None:
        """Fill the cache of compiled kernels, so that no child's time or memory is that of a compiler."""
        for entrant in (m.entrant for m in group.measurements if m.entrant.ours):
            if entrant.name not in self._warm:
                self._warm.add(entrant.name)
                self._say(f"warm-up: {entrant.name}")
                self._run({"task": WARM, "contender": entrant.name, "threads": self._plan.threads[-1]}, entrant)

    def _prepare(self, group: Group) -> None:
        """The vocabularies that the encoders share; without one, its encoders fail."""
        for measurement in group.measurements:
            path = self._model(group, measurement)
            if path not in self._models:
                name = measurement.entrant.model
                text = group.model_text or group.text
                self._say(f"vocabulary to encode with: {name}, {group.vocab_size:,} pieces, from {text.name}")
                job = {"task": PREPARE, "contender": name, "vocab_size": group.vocab_size, "text": text.whole}
                threads = self._plan.threads[-1]
                self._models[path] = self._run({**job, "model": path, "threads": threads}).get("error")
            if self._models[path] is not None:
                measurement.error = f"no vocabulary to encode with: {self._models[path]}"

    def _model(self, group: Group, measurement: Measurement) -> str:
        text = (group.model_text or group.text).folder.name
        return str(self._folder / f"model-{measurement.entrant.model}-{group.vocab_size}-{text}")

    def _check(self, group: Group) -> None:
        """Ids of a sample, before anything is timed; who cannot load the vocabulary does not take part."""
        for measurement in list(group.measurements):
            name, path = measurement.entrant.name, self._model(group, measurement)
            if measurement.error is not None:
                continue
            key = (name, path, group.text.sample)
            if key not in self._checked:
                job = {"task": CHECK, "contender": name, "texts": [group.text.sample], "model": path}
                self._checked[key] = self._run({**job, "threads": group.threads}, measurement.entrant)
            measurement.checked = found = self._checked[key]
            if found.get("load"):
                self.left_out[name] = f"cannot load our model: {found['error']}"
                group.measurements.remove(measurement)
            elif "error" in found:
                measurement.error = str(found["error"])

    def _once(self, group: Group, m: Measurement, number: int) -> None:
        job = {"task": group.task, "contender": m.entrant.name, "vocab_size": group.vocab_size, **m.job}
        if group.task == ENCODE:
            job["model"] = self._model(group, m)
        result = self._run({**job, "threads": group.threads}, m.entrant)
        if "error" in result:
            m.error = str(result["error"])
        else:
            m.runs.append(result)
        self._say(f"round {number} of {self._plan.repeats}: {group}: {m.entrant.name}: {outcome(result)}")

    def _run(self, job: Mapping[str, Any], entrant: Entrant | None = None) -> dict[str, Any]:
        python = python_of(entrant, self._plan.environments) if entrant else None
        return run_child(job, self._folder, self._plan.time_limit, python)


def outcome(result: Mapping[str, Any]) -> str:
    """What a line of progress says of a result."""
    if "error" in result:
        return str(result["error"])
    return " + ".join(f"{each['wall_s']:.3g} s" for each in result["passes"])
