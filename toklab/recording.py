"""What a loaded model makes of texts, written down in a child process and read back in its parent.

A model of somebody else's may crash the library that runs it, or hang, or eat all memory; so it is loaded and run
where a training would run, and what it said is all that the parent sees of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np

from toklab.errors import UsageError
from toklab.fingerprints import FLAGS, vocab_digest
from toklab.signature import library_version, toklab_version
from toklab.types import Batch, Encoding, IntArray, Piece, Posterior, Tokenizer, Vocab

CARD, ARRAYS = "recording.json", "recording.npz"
DISTRIBUTIONS = {"huggingface": "tokenizers"}  # of an engine, where the package has another name
DIGITS = 16
# Files that make a model together, and those that say how they are meant.
PARTS = frozenset(("vocab.json", "merges.txt", "vocab.txt"))
BESIDE = frozenset(("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json"))


@dataclass(frozen=True, eq=False)
class Recorded:
    """A tokenizer that knows what it was asked before, and nothing else; otherwise like the one that was recorded.

    Parameters
    ----------
    name, vocab, signature, warnings : of the tokenizer; the vocabulary without merges
    texts : every text that was encoded, those that were decoded again first
    batch : their tokens, with offsets
    decoded : what the tokens of the first texts decode to
    probabilities : what a probabilistic tokenizer thinks of these first texts; None for any other
    """

    name: str
    vocab: Vocab
    signature: Mapping[str, str]
    warnings: tuple[str, ...]
    texts: tuple[str, ...]
    batch: Batch
    decoded: tuple[str, ...]
    probabilities: Posterior | None

    @cached_property
    def _rows(self) -> dict[str, int]:
        rows: dict[str, int] = {}
        for row, text in enumerate(self.texts):
            rows.setdefault(text, row)
        return rows

    @cached_property
    def _text_of(self) -> dict[bytes, str]:
        return {self.batch[row].ids.tobytes(): text for row, text in enumerate(self.decoded)}

    def encode_batch(self, texts: Iterable[str], *, offsets: bool = False) -> Batch:
        """What it made of texts.

        Raises
        ------
        UsageError
            A text was not among those that were recorded.
        """
        batch = Batch.stack([self.batch[row] for row in self._find(texts)])
        return batch if offsets else replace(batch, offsets=np.zeros((0, 2), np.int64))

    def encode(self, text: str) -> Encoding:
        """What it made of a text; raises what `encode_batch` raises."""
        return self.encode_batch([text], offsets=True)[0]

    def decode(self, ids: Iterable[int]) -> str:
        """What it made of the ids of a text.

        Raises
        ------
        UsageError
            They are those of no text that was decoded.
        """
        key = np.array(list(ids), np.int32).tobytes()
        if key not in self._text_of:
            raise UsageError(f"{self.name} was not asked for the text of these ids")
        return self._text_of[key]

    def posterior(self, texts: Iterable[str]) -> Posterior | None:
        """What it thinks of texts that were decoded too."""
        found = self.probabilities
        if found is None:
            return None
        rows = self._find(texts)
        return Posterior(*(getattr(found, entry.name)[rows] for entry in fields(Posterior)))

    def save(self, folder: str | Path) -> Path:
        """Write all but the texts into a new folder, for `read_recording`."""
        batch, found = self.batch, self.probabilities
        card = {
            "name": self.name,
            "signature": dict(self.signature),
            "warnings": self.warnings,
            "unk_id": self.vocab.unk_id,
            "pieces": [[p.surface.decode("latin-1"), *(int(getattr(p, flag)) for flag in FLAGS)] for p in self.vocab],
            "decoded": self.decoded,
        }
        arrays: dict[str, Any] = {"ids": batch.ids, "rows": batch.rows, "offsets": batch.offsets}
        if found is not None:
            arrays |= {entry.name: getattr(found, entry.name) for entry in fields(Posterior)}
        Path(folder).mkdir()
        (Path(folder) / CARD).write_text(json.dumps(card), encoding="ascii")
        np.savez(Path(folder) / ARRAYS, **arrays)
        return Path(folder) / CARD

    def _find(self, texts: Iterable[str]) -> list[int]:
        try:
            return [self._rows[text] for text in texts]
        except KeyError:
            raise UsageError(f"{self.name} was not asked for one of these texts") from None


def facts_of(name: str, tokenizer: Tokenizer, path: Path | None = None) -> dict[str, str]:
    """What a signature says of a model that was loaded.

    Parameters
    ----------
    name : what the comparison calls it
    path : its file; None where it has none, so that its vocabulary is what is digested
    """
    kind, digest = "vocab", vocab_digest(tokenizer.vocab)
    if path is not None and path.is_file():
        kind, digest = "sha256", files_digest(path)
    return {
        "toklab": toklab_version(),
        "model": f"{name}@{kind}:{digest}",
        "engine": _engine(tokenizer),
        "vocab": str(len(tokenizer.vocab)),
    }


def files_digest(path: Path) -> str:
    """16 hexadecimal digits of the SHA-256 of a model file.

    Of a model that lies in several files, such as ``vocab.json`` and ``merges.txt``: of their names and SHA-256s.
    """
    found = [path]
    if path.name in PARTS:
        found = [path.with_name(name) for name in sorted(PARTS | BESIDE) if path.with_name(name).is_file()]
    digests = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in found}
    listed = "".join(f"{name} {digest}\n" for name, digest in digests.items())
    whole = digests[path.name] if len(found) == 1 else hashlib.sha256(listed.encode()).hexdigest()
    return whole[:DIGITS]


def _engine(tokenizer: Tokenizer) -> str:
    """The package that runs a tokenizer, with its version where that is another one than toklab."""
    engine = str(getattr(tokenizer, "engine", type(tokenizer).__module__.partition(".")[0]))
    package = DISTRIBUTIONS.get(engine, engine)
    try:
        return package if package == "toklab" else library_version(package)
    except PackageNotFoundError:
        return package


def listen(tokenizer: Tokenizer, facts: Mapping[str, str], texts: Iterable[str], others: Iterable[str]) -> Recorded:
    """Ask a tokenizer all that a comparison asks.

    Parameters
    ----------
    facts : the signature of what is recorded
    texts : to encode, to decode again and, where the tokenizer can, to judge
    others : to encode only
    """
    first = tuple(texts)
    everything = (*first, *others)
    batch = tokenizer.encode_batch(everything, offsets=True)
    decoded = tuple(tokenizer.decode(batch[row].ids.tolist()) for row in range(len(first)))
    judge = getattr(tokenizer, "posterior", None)
    probabilities = None if judge is None else judge(first)
    warnings = tuple(getattr(tokenizer, "warnings", ()))
    return Recorded(tokenizer.name, tokenizer.vocab, facts, warnings, everything, batch, decoded, probabilities)


def read_recording(folder: Path, texts: Iterable[str], others: Iterable[str]) -> Recorded:
    """What `Recorded.save` wrote about the same texts."""
    card = json.loads((folder / CARD).read_text(encoding="ascii"))
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        found: dict[str, IntArray] = {name: arrays[name] for name in arrays.files}
    pieces = tuple(Piece(surface.encode("latin-1"), *map(bool, flags)) for surface, *flags in card["pieces"])
    posterior = [found[entry.name] for entry in fields(Posterior) if entry.name in found]
    return Recorded(
        card["name"],
        Vocab(pieces, card["unk_id"]),
        card["signature"],
        tuple(card["warnings"]),
        (*texts, *others),
        Batch(found["ids"].astype(np.int32, copy=False), found["rows"], found["offsets"]),
        tuple(card["decoded"]),
        Posterior(*posterior) if posterior else None,
    )
