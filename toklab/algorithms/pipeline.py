"""A trained tokenizer of ours: normalise, cut into pre-tokens, encode each, put the ids together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toklab.algorithms.models import BpeModel, Model
from toklab.algorithms.offsets import RawBytes, assemble
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.word_cache import WordCache
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.backend import MUCH, READY_LIMIT, has_run, use_kernel
from toklab.pretokenize import PreTokenizer, get_normalizer, normalize_all
from toklab.pretokenize.precompiled import RULES
from toklab.types import Batch, Encoding, IdArray, IntArray, Posterior, TrainSpec, Vocab

if TYPE_CHECKING:
    from toklab.algorithms.sampling import Sample
    from toklab.algorithms.scanned import ScannedEncoder
    from toklab.pretokenize.cutter import Cutter

# What `toklab.algorithms.ahead` compiles for a model.
ENCODING_TASKS: Mapping[type, str] = {
    BpeModel: "encode-bpe",
    WordPieceModel: "encode-wordpiece",
    UnigramModel: "encode-unigram",
}


@dataclass(frozen=True)
class TrainedTokenizer:
    """A tokenizer that toklab trained or loaded.

    Parameters
    ----------
    name : of the algorithm, with its variant
    model : encodes single words, or whole texts: see `toklab.algorithms.unigram_model`
    pretokenizer, normalizer : how text becomes words
    signature : what is needed to train it again
    warnings : what a reader should know, such as a vocabulary smaller than asked for
    backend : ``"auto"``, ``"reference"`` or ``"fast"``; equal results
    """

    name: str
    model: Model
    pretokenizer: PreTokenizer
    normalizer: str = "none"
    signature: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    backend: str = "auto"
    _cache: WordCache = field(default_factory=WordCache, init=False, repr=False, compare=False)
    _encoders: list[ScannedEncoder] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def vocab(self) -> Vocab:
        return self.model.vocab

    def encode(self, text: str, *, allow_special: bool = False) -> Encoding:
        """Encode a text.

        Parameters
        ----------
        text : any text that UTF-8 can hold
        allow_special : texts of special tokens become those tokens; otherwise they are text like any other

        Raises
        ------
        UsageError
            The text holds a lone surrogate.
        """
        batch = self.encode_batch([text], offsets=True, allow_special=allow_special)
        return batch[0]

    def encode_batch(
        self,
        texts: Iterable[str],
        *,
        offsets: bool = False,
        allow_special: bool = False,
        threads: int | None = None,
    ) -> Batch:
        """Encode many texts; ids and rows come as flat arrays.

        Parameters
        ----------
        offsets : find the bytes of each token too
        threads : of the compiled scanner, for much text; None is one per core, at most 8; the result is the same
        """
        texts = list(texts)
        if allow_special and self._special_pattern is not None:
            return Batch.stack([self._encode_with_specials(text) for text in texts])
        if isinstance(self.model, UnigramModel) and self.model.single_precision:
            return self._encode_whole(self.model, texts, offsets, threads)
        if self.normalizer == "none" and texts:
            limit = READY_LIMIT if has_run("layout", "lay_out") else MUCH
            cutter = self.pretokenizer.cutter() if use_kernel(self.backend, sum(map(len, texts)), limit) else None
            if cutter is not None:
                return self._scanned(cutter).encode(texts, offsets, threads)
        cut = [self._cut(text) for text in texts]
        table = self._cache.segment(self.model, (word for words, _, _ in cut for word in words), self.backend)
        batch = Batch.stack([assemble([table[word] for word in words], starts, back) for words, starts, back in cut])
        return batch if offsets else replace(batch, offsets=np.zeros((0, 2), np.int64))

    def _encode_whole(self, model: UnigramModel, texts: list[str], offsets: bool, threads: int | None) -> Batch:
        """Encode texts for a model that looks at all that is before."""
        from toklab.algorithms.whole import encode_whole

        batch = encode_whole(model, normalize_all(self.normalizer, texts), offsets, threads, self.backend)
        if not offsets or self.normalizer == "none":
            return batch
        backs = (RawBytes.of(text, get_normalizer(self.normalizer)(text)) for text in texts)
        spans = [back.to_raw(*row.offsets.T) for back, row in zip(backs, batch, strict=True)]
        return replace(batch, offsets=np.concatenate([batch.offsets[:0], *spans]))

    def _scanned(self, cutter: Cutter) -> ScannedEncoder:
        """The encoder of much text, which remembers words from call to call."""
        from toklab.algorithms.scanned import ScannedEncoder

        if not self._encoders:
            keeps_gaps, task = self.pretokenizer.entry.keeps_gaps, ENCODING_TASKS.get(type(self.model))
            whole = self.model.whole_words if isinstance(self.model, (BpeModel, WordPieceModel)) else None
            self._encoders.append(ScannedEncoder(cutter, keeps_gaps, self.model.segment, task, whole))
        return self._encoders[0]

    def _cut(self, text: str) -> tuple[list[str], IntArray, RawBytes]:
        """Words of a text, where each starts in the normalised text (bytes), and the way back to raw bytes."""
        normalized = get_normalizer(self.normalizer)(text)
        back = RawBytes.of(text, normalized)
        spans = self.pretokenizer.spans(normalized.text)
        words = [normalized.text[start:end] for start, end in spans]
        starts = back.inner[np.array([start for start, _ in spans], np.int64)]
        return words, starts, back

    @cached_property
    def _special_pattern(self) -> re.Pattern[str] | None:
        texts = [p.surface.decode("utf-8") for p in self.vocab if p.special]
        return re.compile("|".join(re.escape(t) for t in sorted(texts, key=lambda t: (-len(t), t)))) if texts else None

    def _encode_with_specials(self, text: str) -> Encoding:
        assert self._special_pattern is not None
        ids_of = {p.surface.decode("utf-8"): i for i, p in enumerate(self.vocab) if p.special}
        parts: list[Encoding] = []
        done = at = 0

        def add(encoding: Encoding, size: int) -> None:
            nonlocal at
            parts.append(Encoding(encoding.ids, encoding.offsets + at))
            at += size

        for match in self._special_pattern.finditer(text):
            before, special = text[done : match.start()], match.group()
            add(self.encode(before), len(before.encode("utf-8")))
            size = len(special.encode("utf-8"))
            add(Encoding(np.array([ids_of[special]], np.int32), np.array([[0, size]], np.int64)), size)
            done = match.end()
        add(self.encode(text[done:]), 0)
        whole = Batch.stack(parts)
        return Encoding(whole.ids, whole.offsets)

    def sample(self, text: str, n: int, *, alpha: float, seed: int) -> list[Sample]:
        """Draw ways to cut a text: BPE-dropout, MaxMatch-dropout for WordPiece, or from a Unigram model's lattice.

        Each pre-token is cut for itself, which is the same: no piece crosses them.

        Parameters
        ----------
        text : any text that UTF-8 can hold; texts of special tokens are text like any other
        n : samples to draw, each by itself: two may be equal
        alpha : for dropout 0 (always what `encode` gives) to 1 (as finely as the alphabet allows); the papers use 0.1
            for most languages. For Unigram the exponent of the probabilities, 0 (all ways equally likely) to 1
        seed : any whole number. Sample i depends on the text, ``alpha``, the seed and i alone, so give texts that
            are trained on together seeds of their own, such as their numbers

        Raises
        ------
        UsageError
            The model knows one way only; ``alpha`` is not between 0 and 1; ``n`` is negative; the text holds a lone
            surrogate.
        """
        from toklab.algorithms.sampling import Sample, draw

        words, starts, back = self._cut(text)
        drawn = draw(self.model, self.name, words, n, alpha, seed, self.backend)
        return [Sample(assemble(found, starts, back), probability) for found, probability in drawn]

    def posterior(self, texts: Iterable[str]) -> Posterior | None:
        """What the model thinks of texts as a probability distribution; None where it is none.

        Raises
        ------
        UsageError
            A text holds a lone surrogate.
        """
        from toklab.algorithms.posterior import posterior_of

        model, normalize = self.model, get_normalizer(self.normalizer)
        if not isinstance(model, UnigramModel):
            return None
        rows = (self.pretokenizer.words(normalize(text).text) for text in texts)
        return posterior_of(lambda words: model.judge_words(words, self.backend), rows)

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids; special tokens have none.

        Raises
        ------
        UsageError
            An id is not in the vocabulary.
        """
        from toklab.algorithms.decoding import decode_all

        return decode_all(self, list(ids))

    def decode_batch(self, ids: IdArray, rows: IntArray, *, threads: int | None = None) -> list[str]:
        """Texts of many rows of ids, such as a `Batch` holds; each is what `decode` gives.

        Parameters
        ----------
        ids, rows : text i is that of ``ids[rows[i]:rows[i + 1]]``
        threads : of the compiled decoder, for many ids; None is one per core, at most 8; the result is the same

        Raises
        ------
        UsageError
            An id is not in the vocabulary, or the rows do not rise within the ids.
        """
        from toklab.algorithms.decoding import decode_rows

        return decode_rows(self, ids, rows, threads)

    def save(self, folder: str | Path) -> Path:
        """Write ``tokenizer.json`` (Hugging Face's format) and ``toklab.json`` into a folder.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        from toklab.formats.tokenizer_json import save_tokenizer

        return save_tokenizer(self, Path(folder))


def build_tokenizer(
    name: str, spec: TrainSpec, pretokenizer: PreTokenizer, model: Model, facts: Mapping[str, str]
) -> TrainedTokenizer:
    """Put a fresh model together with its pipeline, its signature and what the reader should know."""
    from toklab.signature import library_version, signature

    warnings = size_warnings(len(model.vocab), spec.vocab_size)
    described = signature(name, spec.vocab_size, pretokenizer.name, spec.normalizer) | {**facts, **_chosen(spec)}
    if spec.normalizer in RULES:
        described["rules"] = library_version("sentencepiece")
    reason = pretokenizer.why_not_compiled
    if reason is not None:
        warnings.append(f"the pattern {pretokenizer.name!r} is cut by the regex library, slowly: it holds {reason}")
        described["cut"] = library_version("regex")
    return TrainedTokenizer(name, model, pretokenizer, spec.normalizer, described, tuple(warnings), spec.backend)


def size_warnings(obtained: int, asked: int) -> list[str]:
    """What a reader should know where a vocabulary is smaller than asked for."""
    if obtained >= asked:
        return []
    return [f"vocabulary of {obtained:,} pieces: the corpus holds no more ({asked:,} asked for)"]


def _chosen(spec: TrainSpec) -> dict[str, str]:
    """The options that are not as they are by default and that a result depends on."""
    told = ("vocab_size", "pretokenizer", "normalizer", "variant", "tie", "threads", "backend")
    values = {entry.name: getattr(spec, entry.name) for entry in fields(spec) if entry.name not in told}
    default = {entry.name: entry.default for entry in fields(spec)}
    return {
        {"special_tokens": "special"}.get(key, key): ",".join(value) if isinstance(value, tuple) else str(value)
        for key, value in values.items()
        if value != default[key]
    }
