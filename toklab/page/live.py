"""Try it: the contenders in the page, which cut what a reader types, and show how they cut a word."""

from __future__ import annotations

from typing import Any

from toklab.errors import FormatError
from toklab.loading.ours import Runnable
from toklab.page.data import as_json, element
from toklab.page.export import model_data, pattern_data
from toklab.page.frame import Findings, Section, fill
from toklab.page.pipelines import pipeline_of
from toklab.page.segmentation import sizes_of
from toklab.pretokenize.patterns import Pattern
from toklab.results import Result

# Of the models' JSON, so that the page stays below about 8 MB.
MOST_BYTES = 7_000_000
SCRIPTS = ("tokens.js", "texts.js", "models.js", "rules.js", "encoders.js", "drawings.js", "words.js", "live.js")
EXAMPLE = "Tokenizers cut text: naïve café, 東京タワー, 👩\u200d🚀 and 3.14159!"


def live_section(findings: Findings) -> Section | None:
    """The box to type in, with all contenders that the page can run; which it cannot, and why."""
    shown = [r for r in findings.report.results if (r.tokenizer, r.vocab_size) in findings.models]
    if not shown:
        return None
    patterns: dict[Pattern, int] = {}
    embedded: list[str] = []
    contenders: dict[int, str] = {}
    left_out: dict[int, str] = {}
    room = MOST_BYTES
    # The smallest first, so that where there is no room for all, all of the smaller sizes are there.
    for place in sorted(range(len(shown)), key=lambda place: shown[place].vocab_size):
        result = shown[place]
        tokenizer = findings.models[result.tokenizer, result.vocab_size]
        found = _contender(result, tokenizer, patterns, embedded)
        if isinstance(found, str):
            left_out[place] = found
            continue
        text = as_json(found)
        size = len(text.encode("utf-8", "backslashreplace"))
        if size > room:
            left_out[place] = f"its {size / 1e6:.1f} MB would make the page too large"
            continue
        room -= size
        contenders[place] = text
    inside = ",".join(contenders[place] for place in sorted(contenders))
    data = element("models", f'{{"patterns":[{",".join(embedded)}],"contenders":[{inside}]}}')
    body = fill(
        "live.html",
        sizes=sizes_of([shown[place] for place in sorted(contenders)]),
        left_out=[(shown[place], left_out[place]) for place in sorted(left_out)],
        count=len(contenders),
        example=EXAMPLE,
        data=data if contenders else "",
    )
    return Section("try", "Try it", body, SCRIPTS if contenders else (), ("tokens.css",))


def _contender(
    result: Result, tokenizer: Runnable | str, patterns: dict[Pattern, int], embedded: list[str]
) -> dict[str, Any] | str:
    """The data of a contender, whose pattern is added to those embedded; or why there is none."""
    if isinstance(tokenizer, str):
        return tokenizer
    try:
        pipeline = pipeline_of(tokenizer)
    except FormatError as error:
        return str(error)
    model = model_data(pipeline.model)
    if model is None:
        return "the page does not run such a model"
    place = None
    if pipeline.pattern is not None:
        pattern = pipeline.pattern.entry
        if pattern not in patterns:
            data = pattern_data(pipeline.pattern)
            if data is None:
                return "its pattern holds what only a library of regular expressions can do"
            patterns[pattern] = len(embedded)
            embedded.append(as_json(data))
        place = patterns[pattern]
    head = {"name": result.tokenizer, "size": result.vocab_size, "sized": result.sized, "pattern": place}
    return head | {"changes": pipeline.changes, "model": model}
