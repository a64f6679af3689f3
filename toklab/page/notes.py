"""What a reader needs to check the page: warnings, and the signatures to make the same figures again."""

from __future__ import annotations

from toklab.page.frame import Findings, Section, fill
from toklab.report.table import signature_text, warning_lines


def notes_section(findings: Findings) -> Section | None:
    """Warnings, the signature of the comparison, and that of every contender."""
    report = findings.report
    own = [(r.tokenizer, r.vocab_size, r.signature) for r in report.results if r.signature]
    warnings, signature = warning_lines(report), "\n".join(signature_text(report))
    if not (warnings or signature or own):
        return None
    body = fill("notes.html", warnings=warnings, signature=signature, own=own)
    return Section("notes", "Warnings and signatures", body)
