"""From the JSON of the determinism lab back to its report; nothing of it is trusted."""

from __future__ import annotations

from toklab.reading import Object, read_whole
from toklab.retraining.census import Census
from toklab.retraining.findings import GRADES, SCHEMA, DeterminismReport, Probe, Verdict
from toklab.retraining.sameness import Sameness
from toklab.retraining.stability import Growth, Interval, Stability
from toklab.types import Piece

LEAST = -(2**31)  # a margin may lie below 0


def restore(data: object) -> DeterminismReport:
    """The report of a JSON object.

    Raises
    ------
    FormatError
        It is no such object, or of a later schema; the message names the place.
    """
    whole = read_whole(data, SCHEMA, "verdicts")
    return DeterminismReport(
        tuple(_probe(row) for row in whole.objects("rows")),
        whole.text("signature"),
        tuple(_verdict(row) for row in whole.objects("verdicts")),
        tuple(_census(row) for row in whole.objects("ties")),
        tuple(_stability(row) for row in whole.objects("stability")),
    )


def _probe(row: Object) -> Probe:
    return Probe(
        row.text("tokenizer"),
        row.text("axis"),
        row.whole("runs"),
        row.maybe_truth("same_set"),
        row.maybe_truth("same_ids"),
        row.maybe_truth("same_encodings"),
        row.maybe_text("first_difference"),
        row.maybe_text("error"),
        tuple(_sameness(each) for each in row.objects("differences")),
    )


def _sameness(row: Object) -> Sameness:
    return Sameness(
        row.text("label"),
        row.truth("same_set"),
        row.truth("same_ids"),
        row.truth("same_encodings"),
        row.maybe_text("first_difference"),
        row.number("jaccard"),
        row.figure("use_jaccard"),
        row.figure("rank_tau"),
        row.figure("changed_tokens"),
        row.whole("changed_documents"),
        row.whole("tokens"),
    )


def _verdict(row: Object) -> Verdict:
    grade = row.text("grade")
    if grade not in GRADES.values():
        raise row.fail("grade", "a grade")
    return Verdict(row.text("tokenizer"), grade, row.text("words"), row.text("claims"), row.maybe_text("broken"))


def _census(row: Object) -> Census:
    counts, margins, tied = row.numbers("counts"), row.numbers("margins", LEAST), row.numbers("tied")
    if not len(counts) == len(margins) == len(tied):
        raise row.fail("counts", "as long as margins and tied")
    return Census(row.text("tokenizer"), counts, margins, tied, row.text("tie_rule"))


def _stability(row: Object) -> Stability:
    return Stability(
        row.text("tokenizer"),
        row.whole("resamples"),
        _interval(row.object("resample_jaccard")),
        _interval(row.object("resample_use_jaccard")),
        tuple((_piece(each), each.number("share")) for each in row.objects("pieces")),
        tuple(_growth(each) for each in row.objects("growth")),
        row.texts("failed"),
    )


def _interval(part: Object) -> Interval:
    return Interval(part.figure("mean"), part.figure("low"), part.figure("high"))


def _piece(row: Object) -> Piece:
    try:
        surface = bytes.fromhex(row.text("surface"))
    except ValueError:
        raise row.fail("surface", "bytes as hexadecimal digits") from None
    return Piece(surface, continuation=row.truth("continuation"), word_final=row.truth("word_final"))


def _growth(row: Object) -> Growth:
    figures = row.number("share"), row.whole("n_bytes"), row.number("jaccard"), row.figure("use_jaccard")
    return Growth(*figures, row.whole("tokens"))
