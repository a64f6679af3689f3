"""What a reader needs to check the page: warnings, and the signatures to make the same figures again."""

from __future__ import annotations

from toklab.page.frame import Findings, Section, fill
from toklab.report import language_table, sweeps
from toklab.report.table import warning_lines
from toklab.report.terminal import visible


def notes_section(findings: Findings) -> Section | None:
    """Warnings, the signatures of what was compared, and that of every contender."""
    warnings = _warnings(findings)
    parts = (findings.report, findings.lab, findings.languages, findings.sweep)
    signatures = [part.signature for part in parts if part is not None and part.signature]
    own = _own(findings)
    if not (warnings or signatures or own):
        return None
    text = "\n".join(visible(line) for signature in signatures for line in signature.splitlines())
    body = fill("notes.html", warnings=warnings, signature=text, own=own)
    return Section("notes", "Warnings and signatures", body)


def _warnings(findings: Findings) -> list[str]:
    found = warning_lines(findings.report)
    if findings.languages is not None:
        found += language_table.warning_lines(findings.languages)
    if findings.sweep is not None:
        found += sweeps.warning_lines(findings.sweep)
    return list(dict.fromkeys(found))


def _own(findings: Findings) -> list[tuple[str, int, str]]:
    """Name, size and signature of every contender that has one."""
    found = [(r.tokenizer, r.vocab_size, r.signature) for r in findings.report.results]
    if findings.languages is not None:
        found += [(r.tokenizer, r.vocab_size, r.signature) for r in findings.languages.results]
    if findings.sweep is not None:
        points = [point.result for curve in findings.sweep.curves for point in curve.points]
        found += [(r.tokenizer, r.vocab_size, r.signature) for r in points]
    return [each for each in found if each[2]]
