"""What the determinism lab found, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from toklab.report.grid import Entry, Grid, Head
from toklab.report.table import VERDICT_STYLES, wrapped
from toklab.report.terminal import to_string, visible
from toklab.retraining import Census, DeterminismReport, Probe, Sameness, Stability, Verdict

GRADE_STYLES = {"A": "bold green", "B": "bold yellow", "C": "bold red"}
PERCENT = 100


def render_determinism(
    report: DeterminismReport, console_width: int | None = None, colour: bool = False, evidence: bool = False
) -> str:
    """Verdicts and axes, then the census of ties, then what resampling showed; the signature is not part of it.

    Parameters
    ----------
    console_width : columns of the terminal; None, for a pipe, is as wide as the table needs
    colour : with escape codes for colour
    evidence : every retraining in a row of its own, with all that was compared
    """
    lines = _verdict_lines(report, console_width)
    if evidence:
        lines += [Text(), *_evidence(report.probes).draw(console_width), *_meaning(_EVIDENCE, console_width)]
    if report.censuses:
        lines += [Text(), *_ties(report.censuses).draw(console_width), *_meaning(_TIES, console_width)]
    if report.stabilities:
        lines += [Text(), *_stability(report.stabilities).draw(console_width), *_meaning(_STABILITY, console_width)]
        for stability in report.stabilities:
            lines += _listed(stability, console_width)
    return to_string(lines, colour)


def _verdict_lines(report: DeterminismReport, width: int | None) -> list[Text]:
    probes = report.probes
    if not probes:
        return []
    axes = list(dict.fromkeys(probe.axis for probe in probes))
    cells = {(probe.tokenizer, probe.axis): probe for probe in probes}
    verdicts = {verdict.tokenizer: verdict for verdict in report.verdicts}
    heads = [Head("verdict", ("grade",), right=False)] if verdicts else []
    heads += [Head("merge determinism: trained again", (visible(axis),), right=False) for axis in axes]
    entries = []
    for name in dict.fromkeys(probe.tokenizer for probe in probes):
        own = [cells.get((name, axis)) for axis in axes]
        entries.append(_probe_entry(name, axes, own, verdicts.get(name), bool(verdicts)))
    lines = Grid("tokenizer", tuple(heads), (("", tuple(entries)),)).draw(width)
    chance = chance_of_a_miss(probes)
    return [*lines, *_meaning([_VERDICTS, *chance], width)]


_VERDICTS = (
    "×n: trainings compared · exact: same ids and same encodings · encodings differ: same ids, but texts are "
    "cut differently · ids differ: same pieces, other ids · pieces differ: other vocabulary · – not probed · "
    "grade: A exact, B the same pieces with other ids or encodings, C other pieces; duplication, tie-rule and version "
    "are not graded: there, something is meant to change"
)
_EVIDENCE = (
    "jaccard: pieces in both ÷ pieces in either · by use: the same weighed by tokens · τ: Kendall's, of the ranks of "
    "merges (or ids) that both have · tokens changed: tokens that the other training cuts differently ÷ tokens",
)
_TIES = (
    "ties: merges whose pair shared its count with another ÷ merges · from rank: from here on nine of ten merges are "
    "ties · widest: most pairs that were equal at one merge · margin: occurrences by which the merged pair led",
)
_STABILITY = (
    "jaccard, by use: of every two resamples, mean and 95% of the pairs · kept by all: learned pieces that every "
    "resample holds · at a share of the documents: pieces in common with the vocabulary of all, by use",
)


def chance_of_a_miss(probes: Sequence[Probe]) -> list[str]:
    """How sure the absence of a difference is, for faults that show in some runs only."""
    runs = min((probe.runs for probe in probes if probe.axis in ("repeat", "hash-seed")), default=0)
    if not runs:
        return []
    often, rare = 0.5 ** (runs - 1), 0.9 ** (runs - 1)
    return [
        f"{runs} runs miss a fault that moves half of them with a chance of {often:.1%}, one that moves a tenth with "
        f"{rare:.0%}; --runs 30 takes that to {0.9**29:.0%}"
    ]


def _probe_entry(
    name: str, axes: Sequence[str], probes: Sequence[Probe | None], verdict: Verdict | None, graded: bool
) -> Entry:
    cells, notes = [], []
    if graded:
        grade = verdict.grade if verdict else "–"
        suffix = " exact" if grade == "A" else ""  # what moved takes a line of its own
        cells.append(Text(grade + suffix, style=GRADE_STYLES.get(grade, "dim")))
    if verdict and verdict.grade != "A":
        notes.append((0, visible(verdict.words)))
    if verdict and verdict.broken:
        notes.append((0, f"broken claim: {visible(verdict.broken)}"))
    for i, probe in enumerate(probes):
        if probe is None:
            cells.append(Text("–", style="dim"))
            continue
        cells.append(Text.assemble((probe.verdict, VERDICT_STYLES[probe.verdict]), (f" ×{probe.runs}", "dim")))
        said = (text for text in (probe.first_difference, probe.error) if text)
        notes += [(i + graded, f"{visible(axes[i])}: {visible(text)}") for text in said]
    return Entry(visible(name), tuple(cells), notes=tuple(notes))


def _evidence(probes: Sequence[Probe]) -> Grid:
    group = "against the first training"
    names = ("varied", "jaccard", "by use", "τ", "tokens changed", "documents", "tokens")
    heads = tuple(Head(group, (name,), right=name != "varied") for name in names)
    rows = [
        Entry(visible(probe.tokenizer), tuple(map(Text, _evidence_cells(found))))
        for probe in probes
        for found in probe.found
    ]
    return Grid("tokenizer", heads, (("", tuple(rows)),))


def _evidence_cells(found: Sameness) -> tuple[str, ...]:
    return (
        visible(found.label),
        _share(found.jaccard),
        _share(found.use_jaccard),
        "–" if found.rank_tau is None else f"{found.rank_tau:.4f}",
        _share(found.changed_tokens),
        f"{found.changed_documents:,}",
        f"{found.tokens:,}",
    )


def _ties(censuses: Sequence[Census]) -> Grid:
    names = ("merges", "ties", "from rank", "widest", "median margin", "decided by")
    heads = tuple(Head("ties between merges", (name,), right=name != "decided by") for name in names)
    return Grid("tokenizer", heads, (("", tuple(_tie_entry(census) for census in censuses)),))


def _tie_entry(census: Census) -> Entry:
    clear = sorted(census.margins[census.margins > 0].tolist())
    cells = (
        f"{len(census.counts):,}",
        _share(census.share),
        "–" if census.takeover is None else f"{census.takeover:,}",
        f"{census.widest:,}",
        f"{clear[len(clear) // 2]:,}" if clear else "–",
        visible(census.rule),
    )
    return Entry(visible(census.tokenizer), tuple(map(Text, cells)))


def _stability(stabilities: Sequence[Stability]) -> Grid:
    shares = sorted({point.share for stability in stabilities for point in stability.growth})
    heads = [Head("resampled documents", (name,)) for name in ("jaccard", "by use", "kept by all")]
    heads += [Head("by share of the documents", (f"{PERCENT * share:.3g}%",)) for share in shares]
    rows = []
    for found in stabilities:
        grown = {point.share: point.use_jaccard for point in found.growth}
        cells = [
            _interval(found.jaccard.mean, found.jaccard.low, found.jaccard.high),
            _interval(found.use_jaccard.mean, found.use_jaccard.low, found.use_jaccard.high),
            _share(found.kept),
            *(_share(grown.get(share)) for share in shares),
        ]
        rows.append(Entry(visible(found.tokenizer), tuple(map(Text, cells))))
    return Grid("tokenizer", tuple(heads), (("", tuple(rows)),))


def _listed(stability: Stability, width: int | None) -> list[Text]:
    lines = [f"{visible(stability.tokenizer)}: failed: {visible(error)}" for error in stability.failed]
    for words, pieces in (("least stable", stability.least), ("most stable", stability.most)):
        if pieces:
            listed = ", ".join(f"{visible(repr(str(piece)))} {PERCENT * share:.0f}%" for piece, share in pieces)
            lines.append(f"{visible(stability.tokenizer)}: {words}: {listed}")
    return [line for text in lines for line in wrapped(text, width, "dim")]


def _interval(mean: float | None, low: float | None, high: float | None) -> str:
    if mean is None or low is None or high is None:
        return "–"
    return f"{PERCENT * mean:.1f}% ({PERCENT * low:.1f} to {PERCENT * high:.1f})"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{PERCENT * value:.4g}%"


def _meaning(notes: str | Sequence[str], width: int | None) -> list[Text]:
    texts = [notes] if isinstance(notes, str) else notes
    return [Text(), *(line for text in texts for line in wrapped(text, width, "dim"))]
