"""A baseline: what was measured of a tokenizer on a text, in a file to be kept beside the tokenizer.

The file is JSON of one fact a line, so that a change of it reads well in a review. It holds every figure, a digest of
each document's ids, and the ids themselves of some fixed texts and of the first documents, so that a later check can
show where the ids part.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from toklab.checking.thresholds import thresholds
from toklab.comparison import encode
from toklab.corpus import Corpus, open_corpus
from toklab.errors import FormatError, UsageError
from toklab.files import write_atomic
from toklab.fingerprints import LIBRARIES, ids_digest, model_fact, read_kept, this_place, vocab_digest
from toklab.loading import load
from toklab.metrics import Encoded, Metric, all_metrics
from toklab.signature import library_version, render, toklab_version, words_fact
from toklab.types import Batch, Tokenizer

KIND = "toklab check baseline"
SCHEMA = 1
KEPT_TOKENS = 4096  # of the first documents, whose ids are kept
# What breaks tokenizers, and may be in no document: numbers, white space, scripts, joined characters, code.
SAMPLE = (
    "The quick brown fox doesn't jump over 1,234,567 lazy dogs.",
    "  two spaces,\ta tab\r\nand an empty line\n\n",
    "na\u00efve fa\u00e7ade, Stra\u00dfe, \u0141\u00d3D\u0179, \u0130stanbul; e\u0301 is two characters",
    "Привет, мир! Γειά σου Κόσμε",
    "日本語のテキスト、한국어와 中文。",
    "مرحبا بالعالم שלום עולם नमस्ते दुनिया สวัสดีชาวโลก",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1ea\U0001f1ea \ufeff\u200b",
    "def getHTTPName(self): return x != 0x1F and y >= 3.14e-10",
)


@dataclass(frozen=True)
class Kept:
    """One figure of a baseline.

    Parameters
    ----------
    value : None where it was undefined
    better : ``"higher"``, ``"lower"``, or ``""`` where neither is better
    """

    metric: str
    value: float | None
    unit: str
    better: str


@dataclass(frozen=True)
class Baseline:
    """What was measured of one tokenizer on one text.

    Parameters
    ----------
    tokenizer, signature : name, and what its figures depend on
    corpus, digest : name and digest of the text
    pieces, vocabulary : size of the vocabulary, and a digest of its pieces and merges
    made_on, versions : the machine and its Python; versions of toklab and of the library that runs the tokenizer
    figures : in the order of the metrics
    sample : fixed texts with their ids
    documents : a digest of each document's ids
    first_ids : the ids of the first documents, as many as the file has room for
    tokens : text of each id that ``sample`` and ``first_ids`` hold
    max_drop : thresholds that hold where a check gives none
    """

    tokenizer: str
    signature: str
    corpus: str
    digest: str
    pieces: int
    vocabulary: str
    made_on: str
    versions: Mapping[str, str]
    figures: tuple[Kept, ...]
    sample: tuple[tuple[str, tuple[int, ...]], ...]
    documents: tuple[str, ...]
    first_ids: tuple[tuple[int, ...], ...]
    tokens: Mapping[int, str]
    max_drop: Mapping[str, str] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all; another baseline in its place is replaced, no other file is.

        Raises
        ------
        UsageError
            The file exists and is no baseline.
        OutputError
            It cannot be written.
        """
        if Path(path).exists() and not _is_baseline(Path(path)):
            raise UsageError(f"{path} exists and is no baseline, so it is not replaced; name another file")
        write_atomic(Path(path), self._content)

    @property
    def digest_of_all(self) -> str:
        """First 8 hexadecimal digits of the SHA-256 of the file that `save` writes."""
        return hashlib.sha256(self._content).hexdigest()[:8]

    @property
    def _content(self) -> bytes:
        """The file."""
        content = {"kind": KIND, "schema": SCHEMA, **asdict(self)}
        content["sample"] = [{"text": text, "ids": _line(ids)} for text, ids in self.sample]
        content["first_ids"] = [_line(ids) for ids in self.first_ids]
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"

    @staticmethod
    def load(path: str | Path) -> Baseline:
        """Read a file that `save` wrote.

        Raises
        ------
        InputError
            There is no such file.
        FormatError
            It is no baseline, or it is damaged.
        """
        content = read_kept(path, KIND, SCHEMA, "baseline", "--write-baseline")
        try:
            return _parse(content)
        except (KeyError, TypeError, ValueError, AttributeError, UsageError):
            raise FormatError(f"{path} is a damaged baseline; make it again with --write-baseline") from None


def _is_baseline(path: Path) -> bool:
    """Of any schema."""
    try:
        return bool(json.loads(path.read_bytes())["kind"] == KIND)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _line(ids: Iterable[int]) -> str:
    """Ids on one line: JSON would give each a line of its own."""
    return " ".join(map(str, ids))


def _ids(line: str) -> tuple[int, ...]:
    return tuple(map(int, line.split()))


def _parse(content: Mapping[str, Any]) -> Baseline:
    figures = tuple(Kept(**row) for row in content["figures"])
    sample = tuple((str(row["text"]), _ids(row["ids"])) for row in content["sample"])
    first_ids = tuple(map(_ids, content["first_ids"]))
    tokens = {int(index): str(text) for index, text in content["tokens"].items()}
    documents = tuple(map(str, content["documents"]))
    names = [row.metric for row in figures]
    kept = [ids for _, ids in sample] + list(first_ids)
    if len(set(names)) != len(names) or len(first_ids) > len(documents):
        raise ValueError("a metric twice, or ids of more documents than there are")
    if not all(index in tokens for ids in kept for index in ids):
        raise ValueError("an id without its text")
    for row in figures:
        if not (row.value is None or isinstance(row.value, int | float)) or row.better not in ("higher", "lower", ""):
            raise ValueError("a figure that is no number")
    max_drop = {str(name): str(amount) for name, amount in content["max_drop"].items()}
    thresholds(max_drop, names)
    rest = {
        name: str(content[name]) for name in ("tokenizer", "signature", "corpus", "digest", "vocabulary", "made_on")
    }
    versions = {str(name): str(version) for name, version in content["versions"].items()}
    return Baseline(
        **rest,
        pieces=int(content["pieces"]),
        versions=versions,
        figures=figures,
        sample=sample,
        documents=documents,
        first_ids=first_ids,
        tokens=tokens,
        max_drop=max_drop,
    )


def make_baseline(
    tokenizer: Tokenizer | str | Path,
    source: str | Path | Corpus | Iterable[str] | None = None,
    *,
    max_drop: Mapping[str, str | float] | None = None,
    documents: str = "paragraph",
) -> Baseline:
    """Measure a tokenizer on a text.

    There is no training text here, so what needs one (the OOV figures) is None.

    Parameters
    ----------
    tokenizer : a tokenizer, or where one is saved
    source : a path, texts, a ``Corpus``, or None for the bundled text
    max_drop : thresholds to keep for later checks, as for `toklab.checking.check`
    documents : how files are cut into documents: ``"paragraph"``, ``"line"`` or ``"file"``

    Raises
    ------
    UnknownNameError
        A threshold is of an unknown metric.
    UsageError
        A threshold is none.
    FormatError
        Nothing there can be read as a tokenizer.
    InputError
        The text cannot be read.
    """
    metrics = all_metrics()
    limits = {name: str(limit) for name, limit in thresholds(max_drop or {}, metrics).items()}
    if isinstance(tokenizer, str | Path):
        tokenizer = load(tokenizer)
    corpus = open_corpus(source, documents=documents)
    encoded = encode(tokenizer, tuple(corpus.documents))
    figures = tuple(_kept(metric, encoded) for metric in metrics.values())
    sample = tuple((text, tuple(tokenizer.encode(text).ids.tolist())) for text in SAMPLE)
    first_ids = _first_ids(encoded.batch)
    used = sorted({index for ids in (*first_ids, *(ids for _, ids in sample)) for index in ids})
    facts = {
        "toklab": toklab_version(),
        "model": model_fact(tokenizer),
        "corpus": f"{corpus.name}@{corpus.digest}",
        "words": words_fact(),
        "morphemes": f"{encoded.lexicon.name}@{encoded.lexicon.digest}",
    }
    return Baseline(
        tokenizer=tokenizer.name,
        signature=render({**tokenizer.signature, **facts}),
        corpus=corpus.name,
        digest=corpus.digest,
        pieces=len(tokenizer.vocab),
        vocabulary=vocab_digest(tokenizer.vocab),
        made_on=this_place(),
        versions=_versions(tokenizer),
        figures=figures,
        sample=sample,
        documents=tuple(ids_digest(row.ids) for row in encoded.batch),
        first_ids=first_ids,
        tokens={index: str(tokenizer.vocab[index]) for index in used},
        max_drop=limits,
    )


def _kept(metric: Metric, encoded: Encoded) -> Kept:
    value = metric(encoded).value()
    defined = value is not None and math.isfinite(value)
    return Kept(metric.name, value if defined else None, metric.unit, metric.better)


def _first_ids(batch: Batch) -> tuple[tuple[int, ...], ...]:
    """The first `KEPT_TOKENS` ids by document; of the last document perhaps not all."""
    ends = np.minimum(batch.rows, KEPT_TOKENS)
    spans = itertools.pairwise(ends[: np.count_nonzero(batch.rows < KEPT_TOKENS) + 1].tolist())
    return tuple(tuple(batch.ids[start:end].tolist()) for start, end in spans)


def _versions(tokenizer: Tokenizer) -> dict[str, str]:
    library = LIBRARIES.get(str(getattr(tokenizer, "engine", "")))
    return {"toklab": toklab_version()} | ({library: library_version(library)} if library else {})
