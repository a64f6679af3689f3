"""Train again and look: does a trainer give the same pieces, the same ids, the same encodings?

Every training runs in a process of its own, so hash seeds and thread pools are fresh. Along each axis one thing
is varied and all else is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toklab.algorithms import get_algorithm
from toklab.contenders import resolve
from toklab.corpus import Corpus, open_corpus
from toklab.errors import ToklabError, UnknownNameError, UsageError, VocabSizeError
from toklab.pretokenize import get_pretokenizer
from toklab.results import SCHEMA, Probe
from toklab.signature import render, toklab_version
from toklab.training import DEFAULT_VOCAB_SIZE
from toklab.types import Batch, Contender, Encoding, Piece, Tokenizer, Vocab
from toklab.workshop import Fit, Job, Limits, Progress, run_jobs

AXES = ("repeat", "hash-seed", "document-order", "threads")
THREADS = (1, 2, 4, 16)


@dataclass(frozen=True)
class Sameness:
    """Two trainings compared.

    Parameters
    ----------
    same_set : the same pieces
    same_ids : each with the same id, and for BPE the same merges in the same order
    same_encodings : the same segmentations of the texts
    first_difference : the first merge, id or text that parts them; None where nothing does
    """

    same_set: bool
    same_ids: bool
    same_encodings: bool
    first_difference: str | None


@dataclass(frozen=True)
class DeterminismReport:
    """The probes of all contenders, with the signature of the run."""

    probes: tuple[Probe, ...]
    signature: str

    def __getitem__(self, name: str) -> tuple[Probe, ...]:
        found = tuple(probe for probe in self.probes if probe.tokenizer == name)
        if not found:
            raise UnknownNameError("contender", name, dict.fromkeys(probe.tokenizer for probe in self.probes))
        return found

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json``."""
        rows = [
            {
                "tokenizer": p.tokenizer,
                "axis": p.axis,
                "runs": p.runs,
                "same_set": p.same_set,
                "same_ids": p.same_ids,
                "same_encodings": p.same_encodings,
                "first_difference": p.first_difference,
                "verdict": p.verdict,
                "error": p.error,
            }
            for p in self.probes
        ]
        return {"schema": SCHEMA, "signature": self.signature, "rows": rows}


def compare_trainings(
    first: Tokenizer, other: Tokenizer, texts: Sequence[str], encoded: Batch | None = None
) -> Sameness:
    """Hold two trainings of one contender against each other.

    Parameters
    ----------
    texts : whose encodings are compared
    encoded : these as the first training encodes them, where that is known already
    """
    a, b = first.vocab, other.vocab
    same_set = sorted(a.pieces, key=_key) == sorted(b.pieces, key=_key)
    same_ids = a.pieces == b.pieces and a.merges == b.merges
    difference = None if same_ids else _first_difference(first, other)
    if encoded is None:
        encoded = first.encode_batch(texts)
    pairs = zip(encoded, other.encode_batch(texts), texts, strict=True)
    changed = next((text for one, two, text in pairs if _pieces(a, one) != _pieces(b, two)), None)
    if difference is None and changed is not None:
        difference = f"the text {_short(changed)} is cut differently"
    return Sameness(same_set, same_ids, changed is None, difference)


def _key(piece: Piece) -> tuple[bytes, bool, bool, bool, bool]:
    return piece.surface, piece.continuation, piece.special, piece.word_final, piece.byte


def _pieces(vocab: Vocab, encoding: Encoding) -> list[Piece]:
    return [vocab[i] for i in encoding.ids.tolist()]


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _first_difference(first: Tokenizer, other: Tokenizer) -> str:
    """The first merge that parts two trainings, or the first id."""
    a, b = first.vocab, other.vocab
    for rank, (x, y) in enumerate(zip(a.merges, b.merges, strict=False)):
        if x != y:
            return f"merge {rank}: {_pair(x)} in the first run, {_pair(y)} in another"
    for index, (p, q) in enumerate(zip(a.pieces, b.pieces, strict=False)):
        if p != q:
            return f"id {index}: {_short(str(p))} in the first run, {_short(str(q))} in another"
    return f"{len(a):,} pieces in the first run, {len(b):,} in another"


def _pair(pair: tuple[Piece, Piece]) -> str:
    return f"{_short(str(pair[0]))} + {_short(str(pair[1]))}"


def axis_jobs(contender: Contender, corpus: Corpus, axis: str, runs: int) -> list[Job]:
    """The trainings of one axis beside the first one.

    ``repeat`` changes nothing; ``hash-seed`` sets PYTHONHASHSEED; ``document-order`` shuffles the documents;
    ``threads`` sets the threads of the library (Hugging Face takes them from RAYON_NUM_THREADS).
    """
    if axis == "repeat":
        return [Job(contender, corpus, _PLAIN) for _ in range(runs - 1)]
    if axis == "hash-seed":
        return [Job(contender, corpus, {"PYTHONHASHSEED": str(seed)}) for seed in range(1, runs)]
    if axis == "document-order":
        return [Job(contender, corpus.shuffled(seed), _PLAIN) for seed in range(1, runs)]
    return [
        Job(
            replace(contender, options={**contender.options, "threads": count}, label=contender.name),
            corpus,
            _PLAIN | {"RAYON_NUM_THREADS": str(count), "TOKENIZERS_PARALLELISM": "true"},
        )
        for count in THREADS
    ]


_PLAIN = {"PYTHONHASHSEED": "0"}


def probe_axis(
    name: str,
    axis: str,
    first: Fit | ToklabError,
    others: Iterable[Fit | ToklabError],
    texts: Sequence[str],
    encoded: Batch | None = None,
) -> Probe:
    """Hold the other trainings of an axis against the first; ``encoded`` is as for `compare_trainings`."""
    runs = [first, *others]
    failed = next((run for run in runs if isinstance(run, ToklabError)), None)
    if failed is not None:
        return Probe(name, axis, len(runs), None, None, None, None, str(failed))
    fits = [run for run in runs if isinstance(run, Fit)]
    if encoded is None:
        encoded = fits[0].tokenizer.encode_batch(texts)
    found = [compare_trainings(fits[0].tokenizer, fit.tokenizer, texts, encoded) for fit in fits[1:]]
    return Probe(
        name,
        axis,
        len(runs),
        all(s.same_set for s in found),
        all(s.same_ids for s in found),
        all(s.same_encodings for s in found),
        next((s.first_difference for s in found if s.first_difference), None),
    )


def prepared(contender: Contender, vocab_size: int, pretokenizer: str | None) -> Contender:
    """A contender with the options that a comparison gives to all."""
    options = dict(contender.options) | {"vocab_size": vocab_size}
    if pretokenizer is not None and getattr(get_algorithm(contender.algorithm), "takes_pretokenizer", True):
        options.setdefault("pretokenizer", pretokenizer)
    return replace(contender, options=options, label=contender.name)


def raise_if_all_too_small(fits: Sequence[Fit | ToklabError]) -> None:
    """A size that no contender can work with is wrong usage, not a result.

    Raises
    ------
    VocabSizeError
        The one that asks for least, where every training failed with such an error.
    """
    errors = [fit for fit in fits if isinstance(fit, VocabSizeError)]
    if errors and len(errors) == len(fits):
        raise min(errors, key=lambda error: error.smallest)


def determinism(
    source: str | Path | Corpus | Iterable[str] | None = None,
    contenders: Sequence[str | Contender] | str | None = None,
    *,
    vocab_size: int = DEFAULT_VOCAB_SIZE,
    axes: Sequence[str] | str = AXES,
    runs: int = 3,
    pretokenizer: str | None = "gpt2",
    documents: str = "paragraph",
    held_out: float = 0.1,
    seed: int = 0,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> DeterminismReport:
    """Retrain each contender in fresh processes and compare.

    Parameters
    ----------
    source : a path, texts, a ``Corpus``, or None for the bundled text
    contenders : names; None is the default set
    axes : which of `AXES` to vary
    runs : trainings per axis, the first one included (``threads`` always tries 1, 2, 4 and 16)
    held_out : share of the documents that is not trained on and whose encodings are compared

    Raises
    ------
    UsageError
        An unknown contender, pattern or axis, fewer than two runs, or a vocabulary size too small for every
        contender.
    InputError
        The text cannot be read.
    """
    axes = (axes,) if isinstance(axes, str) else tuple(axes)
    if not axes:
        raise UsageError(f"no axis to vary; name at least one of {', '.join(AXES)}")
    for axis in axes:
        if axis not in AXES:
            raise UnknownNameError("axis", axis, AXES)
    if runs < 2:
        raise UsageError(f"{runs} run cannot be compared with anything; ask for at least 2")
    if pretokenizer is not None:
        get_pretokenizer(pretokenizer)
    corpus = open_corpus(source, documents=documents)
    chosen = [prepared(contender, vocab_size, pretokenizer) for contender in resolve(contenders)]
    training, test = corpus.split(held_out, seed)
    plan = [(contender, axis, axis_jobs(contender, training, axis, runs)) for contender in chosen for axis in axes]
    jobs = [Job(contender, training, _PLAIN) for contender in chosen] + [job for _, _, group in plan for job in group]
    results = run_jobs(jobs, limits, progress)
    sized = [getattr(get_algorithm(contender.algorithm), "sized", True) for contender in chosen]
    raise_if_all_too_small([fit for fit, has_size in zip(results, sized, strict=False) if has_size])
    firsts = dict(zip((contender.name for contender in chosen), results, strict=False))
    rest = iter(results[len(chosen) :])
    probes = [
        probe_axis(contender.name, axis, firsts[contender.name], [next(rest) for _ in group], test.documents)
        for contender, axis, group in plan
    ]
    facts = {
        "toklab": toklab_version(),
        "vocab": str(vocab_size),
        "pre": pretokenizer or "default",
        "corpus": f"{corpus.name}@{corpus.digest}",
        "heldout": f"{held_out:g}@seed{seed}",
        "runs": str(runs),
        "axes": "+".join(axes),
    }
    return DeterminismReport(tuple(probes), render(facts))
