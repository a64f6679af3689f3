"""Fingerprints of trainings in a file, to hold trainings on another machine, or of another day, against.

The file is JSON: the settings of the trainings, where they were made, and for each contender its pieces, its merges
and a digest of each held-out document's encoding, so that a check can name the first difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toklab.algorithms import get_algorithm
from toklab.choosing import resolve
from toklab.corpus import Corpus, open_corpus
from toklab.errors import FormatError, InputError, ToklabError
from toklab.files import write_atomic
from toklab.fingerprints import FLAGS, ids_digest, piece_flags, read_kept, this_place
from toklab.pretokenize import get_pretokenizer
from toklab.retraining.axes import PLAIN, PLATFORM
from toklab.retraining.findings import DeterminismReport, Probe
from toklab.retraining.probing import judge, prepared
from toklab.retraining.sameness import first_difference, same_pieces
from toklab.signature import render, toklab_version
from toklab.types import Contender, Piece, Vocab
from toklab.workshop import Fit, Job, Limits, Progress, run_jobs

KIND = "toklab determinism lock"
SCHEMA = 1


@dataclass(frozen=True)
class Settings:
    """What is trained: names of the contenders, and the options that all of them share."""

    contenders: tuple[str, ...]
    vocab_size: int
    pretokenizer: str | None
    held_out: float
    seed: int
    corpus: str
    digest: str


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of one training.

    Parameters
    ----------
    library : that trained, with its version
    vocab : pieces and merges
    encodings : a digest for each held-out document
    error : why there is nothing to keep
    """

    name: str
    library: str
    vocab: Vocab
    encodings: tuple[str, ...]
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For the file; a merge is a pair of ids."""
        places: dict[Piece, int] = {}
        for index, piece in enumerate(self.vocab.pieces):
            places.setdefault(piece, index)
        return {
            "name": self.name,
            "library": self.library,
            "unk_id": self.vocab.unk_id,
            "pieces": [[piece.surface.hex(), piece_flags(piece)] for piece in self.vocab.pieces],
            "merges": [[places[left], places[right]] for left, right in self.vocab.merges],
            "encodings": list(self.encodings),
            "error": self.error,
        }

    @staticmethod
    def of(found: Mapping[str, Any]) -> Fingerprint:
        """From the file."""
        pieces = tuple(
            Piece(bytes.fromhex(surface), **{flag: flag[0] in flags for flag in FLAGS})
            for surface, flags in found["pieces"]
        )
        merges = tuple((pieces[left], pieces[right]) for left, right in found["merges"])
        vocab = Vocab(pieces, found["unk_id"], merges)
        return Fingerprint(found["name"], found["library"], vocab, tuple(found["encodings"]), found["error"])


@dataclass(frozen=True)
class Lock:
    """The settings, where the trainings were made, and what came of them."""

    settings: Settings
    made_on: str
    fingerprints: tuple[Fingerprint, ...]

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        content = {
            "kind": KIND,
            "schema": SCHEMA,
            "settings": asdict(self.settings),
            "made_on": self.made_on,
            "contenders": [fingerprint.to_dict() for fingerprint in self.fingerprints],
        }
        write_atomic(Path(path), json.dumps(content, indent=None, separators=(",", ":")).encode() + b"\n")

    @staticmethod
    def load(path: str | Path) -> Lock:
        """Read a file that `save` wrote.

        Raises
        ------
        InputError
            There is no such file.
        FormatError
            It is no lock, or it is damaged.
        """
        content = read_kept(path, KIND, SCHEMA, "lock", "--lock")
        try:
            settings = dict(content["settings"])
            settings["contenders"] = tuple(settings["contenders"])
            fingerprints = tuple(Fingerprint.of(found) for found in content["contenders"])
            return Lock(Settings(**settings), str(content["made_on"]), fingerprints)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            raise FormatError(f"{path} is a damaged lock; make it again with --lock") from None


def make_lock(
    source: str | Path | Corpus | Iterable[str] | None = None,
    contenders: Sequence[str] | None = None,
    *,
    vocab_size: int,
    pretokenizer: str | None = "gpt2",
    documents: str = "paragraph",
    held_out: float = 0.1,
    seed: int = 0,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Lock:
    """Train each contender once and keep what came of it.

    Parameters
    ----------
    source, contenders, vocab_size, pretokenizer, documents, held_out, seed, limits, progress : as for
        `toklab.retraining.lab.determinism`

    Raises
    ------
    UsageError
        An unknown contender or pattern.
    InputError
        The text cannot be read.
    """
    corpus = open_corpus(source, documents=documents)
    names = tuple(contender.name for contender in resolve(contenders))
    settings = Settings(names, vocab_size, pretokenizer, held_out, seed, corpus.name, corpus.digest)
    return Lock(settings, this_place(), _train(settings, corpus, limits, progress))


def _train(
    settings: Settings, corpus: Corpus, limits: Limits | None, progress: Progress | None
) -> tuple[Fingerprint, ...]:
    if settings.pretokenizer is not None:
        get_pretokenizer(settings.pretokenizer)
    training, test = corpus.split(settings.held_out, settings.seed)
    chosen = _chosen(settings)
    fits = run_jobs([Job(contender, training, PLAIN) for contender in chosen], limits, progress)
    return tuple(_fingerprint(contender, fit, test) for contender, fit in zip(chosen, fits, strict=True))


def _chosen(settings: Settings) -> list[Contender]:
    contenders = resolve(settings.contenders)
    return [prepared(contender, settings.vocab_size, settings.pretokenizer) for contender in contenders]


def _fingerprint(contender: Contender, fit: Fit | ToklabError, test: Corpus) -> Fingerprint:
    library = getattr(get_algorithm(contender.algorithm), "library", "toklab")
    if not isinstance(fit, Fit):
        return Fingerprint(contender.name, library, Vocab(()), (), str(fit))
    encoded = fit.tokenizer.encode_batch(test.documents)
    return Fingerprint(contender.name, library, fit.tokenizer.vocab, tuple(ids_digest(row.ids) for row in encoded))


def check_lock(
    lock: Lock,
    source: str | Path | Corpus | Iterable[str] | None = None,
    *,
    documents: str = "paragraph",
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> DeterminismReport:
    """Train again what a lock holds, here and now, and hold the two against each other.

    Returns
    -------
    DeterminismReport : with the one axis ``platform``

    Raises
    ------
    InputError
        The text is not the one of the lock.
    UsageError
        A contender of the lock is not known here.
    """
    corpus, settings = open_corpus(source, documents=documents), lock.settings
    if corpus.digest != settings.digest:
        raise InputError(
            f"the lock is of the corpus {settings.corpus}@{settings.digest}, and this is "
            f"{corpus.name}@{corpus.digest}; give the same files, cut into documents in the same way"
        )
    _, test = corpus.split(settings.held_out, settings.seed)
    again = _train(settings, corpus, limits, progress)
    pairs = zip(_chosen(settings), lock.fingerprints, again, strict=True)
    probes = [_probe(contender.name, before, now, test) for contender, before, now in pairs]
    facts = {
        "toklab": toklab_version(),
        "vocab": str(settings.vocab_size),
        "pre": settings.pretokenizer or "default",
        "corpus": f"{settings.corpus}@{settings.digest}",
        "heldout": f"{settings.held_out:g}@seed{settings.seed}",
        "locked-on": lock.made_on,
        "checked-on": this_place(),
    }
    verdicts = tuple(judge(contender, [probe]) for contender, probe in zip(_chosen(settings), probes, strict=True))
    return DeterminismReport(tuple(probes), render(facts), verdicts)


def _probe(name: str, before: Fingerprint, now: Fingerprint, test: Corpus) -> Probe:
    error = now.error or (f"the lock holds no training of it: {before.error}" if before.error else None)
    if error and not (before.error and now.error):
        return Probe(name, PLATFORM.name, 2, None, None, None, None, error)
    a, b = before.vocab, now.vocab
    same_ids = a.pieces == b.pieces and a.merges == b.merges
    pairs = zip(before.encodings, now.encodings, strict=True)
    changed = [index for index, (one, two) in enumerate(pairs) if one != two]
    difference = None if same_ids else first_difference(a, b)
    if same_ids and changed:
        difference = f"the text {test.documents[changed[0]][:40]!r} is cut differently"
    if difference and before.library != now.library:
        difference += f" ({before.library} then, {now.library} now)"
    return Probe(name, PLATFORM.name, 2, same_pieces(a, b), same_ids, not changed, difference)
