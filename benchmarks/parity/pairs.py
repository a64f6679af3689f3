"""Who claims to equal whom, in what, and where the two are known to part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from benchmarks.parity import references
from benchmarks.parity.checks import CHECKS, ENCODINGS, IDS, MERGES, ORDER, SCORES, SET, Trained
from toklab.algorithms import algorithm_targets
from toklab.contenders import VARIANTS

Make = Callable[[str, str, Sequence[str], int, Mapping[str, Any]], tuple[Trained, Trained]]


@dataclass(frozen=True)
class Pair:
    """One claim.

    Parameters
    ----------
    contender, reference : ours and the library's
    library : the distribution that the reference needs
    claims : the checks that must hold; the others are made and shown where they apply
    options : of both sides
    make : trains both
    tolerance : largest difference of scores (nats)
    note : what is known to differ, and why; one sentence
    checks : the checks that mean anything
    """

    contender: str
    reference: str
    library: str
    claims: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    make: Make = references.by_name
    tolerance: float = 0.0
    note: str = ""
    checks: tuple[str, ...] = CHECKS

    @property
    def shown_options(self) -> str:
        """The options in one line."""
        return ", ".join(f"{key} {value}" for key, value in self.options.items())

    @property
    def absence(self) -> str | None:
        """Why this pair cannot be compared; None where it can."""
        if self.contender not in {*algorithm_targets(), *VARIANTS}:
            return f"toklab has no contender {self.contender}"
        return None if find_spec(self.library) else f"{self.library} is not installed"


BPE = (SET, ORDER, MERGES, ENCODINGS, IDS)
BYTE_PATTERNS = ("gpt2", "cl100k", "llama3", "o200k", "whitespace")
UNKNOWN = "No merge spells <unk> here; the library learns it, and reads such text as the unknown token."
SUFFIXES = (
    "The library gives characters that end a word their ids in the order of a randomly seeded hash table: its order "
    "of them is adopted."
)
CONTINUATIONS = (
    "The library gives the ## characters their ids in the order of a randomly seeded hash table, and ties go by id: "
    "its order of them is adopted."
)
RETURNED = (
    "Characters that the library had dropped come back with scores in steps of 0.0001 in hash order: its choice of "
    "who gets which is adopted. Ids of pieces with nearly the same score may be swapped. Both sides encode with the "
    "library's scores, rounded, because the last bits choose between equally probable segmentations."
)
SPACES = "SentencePiece reads U+2581 in a text as a space, toklab keeps it; no text here holds one."
THREADS = "The library's sums, and so its scores, depend on its number of threads; toklab is told that number."


def _bpe(make: Make = references.by_name, note: str = "", **options: Any) -> Pair:
    return Pair("bpe", "hf-bpe", "tokenizers", BPE, options, make, note=note)


PAIRS = (
    *(_bpe(pretokenizer=pattern) for pattern in BYTE_PATTERNS),
    _bpe(pretokenizer="gpt2", min_frequency=3),
    _bpe(references.hugging_face_bpe, pretokenizer="gpt2", max_piece_length=6),
    *(
        _bpe(references.hugging_face_bpe, UNKNOWN, pretokenizer=pattern, alphabet="character")
        for pattern in ("gpt2", "whitespace")
    ),
    _bpe(
        references.hugging_face_bpe,
        f"{SUFFIXES} {UNKNOWN}",
        pretokenizer="whitespace",
        alphabet="character",
        end_of_word_suffix="</w>",
    ),
    *(
        Pair(
            *("bpe", "tiktoken", "tiktoken", (ENCODINGS, IDS), {"pretokenizer": pattern}),
            references.tiktoken_with_our_pieces,
            note="tiktoken does not train: it encodes with our vocabulary.",
            checks=(ENCODINGS, IDS),
        )
        for pattern in ("gpt2", "cl100k", "o200k")
    ),
    *(
        Pair(
            *("wordpiece-hf", "hf-wordpiece", "tokenizers", (SET, ORDER, ENCODINGS, IDS), {"pretokenizer": pattern}),
            references.hugging_face_wordpiece,
            note=CONTINUATIONS,
        )
        for pattern in ("bert", "whitespace")
    ),
    *(
        Pair(
            *("unigram-hf", "hf-unigram", "tokenizers", (SET, SCORES, ENCODINGS), {"pretokenizer": pattern}),
            references.hugging_face_unigram,
            references.NOISE,
            RETURNED,
        )
        for pattern in ("gpt2", "whitespace")
    ),
    Pair("bpe-spm", "spm-bpe", "sentencepiece", (SET, ORDER, SCORES, ENCODINGS, IDS), note=SPACES),
    *(
        Pair(
            *(
                "unigram-spm",
                "spm-unigram",
                "sentencepiece",
                (SET, ORDER, SCORES, ENCODINGS, IDS),
                {"threads": threads},
            ),
            references.sentencepiece_unigram,
            note=f"{SPACES} {THREADS}",
        )
        for threads in (1, 16)
    ),
)
