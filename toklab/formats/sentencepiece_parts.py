"""The parts of a SentencePiece ``.model`` that toklab runs: its rules, its pieces, and what cannot be run.

Source: SentencePiece 0.2.3, ``model_interface.cc`` and ``unigram_model.cc``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from toklab.algorithms.single import single
from toklab.algorithms.spm_charsmap import Charsmap
from toklab.algorithms.spm_normalizer import MOST_NESTED, SpmNormalizer
from toklab.algorithms.spm_pieces import SpmBpeModel, SpmWordModel
from toklab.algorithms.unigram_model import UnigramModel, hidden_score
from toklab.formats.sentencepiece_proto import LONGEST, Entry, Kind, ModelType, Normalizer, SentencePieceFile
from toklab.pretokenize import PreTokenizer, get_pretokenizer
from toklab.pretokenize.patterns import Pattern
from toklab.types import Piece, Vocab

SPACE = "\u2581"
# The library refuses pieces of so many bytes.
MOST_BYTES = 8000
# A score beyond this leaves no 32-bit float to add to.
MOST_SCORE = 1e30
_TEXTUAL = (Kind.NORMAL, Kind.USER_DEFINED, Kind.UNUSED)
_PATTERNS = {
    "before": Pattern("words", f"{SPACE}*[^{SPACE}]+|{SPACE}+", True, "SentencePiece, words behind their spaces"),
    "behind": Pattern("words", f"[^{SPACE}]+{SPACE}*|{SPACE}+", True, "SentencePiece, words before their spaces"),
    "each": Pattern("words", f"{SPACE}[^{SPACE}]*|[^{SPACE}]+", True, "SentencePiece, model type WORD"),
}


def normalizer_of(rules: Normalizer, kept: tuple[bytes, ...], suffix_space: bool, exact: bool) -> SpmNormalizer:
    """How texts are changed."""
    return SpmNormalizer(
        Charsmap.of(rules.charsmap),
        kept,
        rules.add_dummy_prefix,
        rules.remove_extra_whitespaces,
        rules.escape_whitespaces,
        suffix_space,
        exact,
    )


def piece_of(entry: Entry) -> Piece:
    """A piece as toklab shows it."""
    if entry.kind == Kind.BYTE:
        return Piece(bytes([int(entry.text[3:5], 16)]), byte=True)
    if entry.kind in (Kind.UNKNOWN, Kind.CONTROL):
        return Piece(entry.text.encode(), special=True)
    return Piece(entry.text.replace(SPACE, " ").encode())


def model_of(file: SentencePieceFile) -> tuple[SpmBpeModel | SpmWordModel | UnigramModel, PreTokenizer]:
    """What cuts changed texts, and where words are that it can cut by themselves."""
    # The library shuts out a null character, which converters of other formats add.
    pairs = [(index, entry) for index, entry in enumerate(file.entries) if entry.text != "\0"]
    unused = {entry.text: index for index, entry in pairs if entry.kind == Kind.UNUSED}
    used = {entry.text: index for index, entry in pairs if entry.kind in (Kind.NORMAL, Kind.USER_DEFINED)}
    if file.model_type == ModelType.UNIGRAM:
        return _unigram(file, used), get_pretokenizer("none")
    vocab = Vocab(tuple(Piece(e.text.encode(), special=e.kind not in _TEXTUAL) for e in file.entries), file.unknown)
    raw = {entry.text: index for index, entry in enumerate(file.entries) if entry.kind == Kind.BYTE}
    fallback = tuple(raw[f"<0x{byte:02X}>"] for byte in range(256)) if file.byte_fallback else ()
    if file.model_type == ModelType.WORD:
        spread = file.normalizer.changes is None
        return SpmWordModel(vocab, used, fallback, spread), PreTokenizer(_PATTERNS["each"])
    merging = file.model_type == ModelType.BPE
    # A text of the user's never comes about by merging: it is taken out before.
    normal = {text: index for text, index in used.items() if file.entries[index].kind == Kind.NORMAL}
    scores = [entry.score for entry in file.entries]
    texts = [*normal, *unused] if merging else []
    return SpmBpeModel(vocab, normal, unused, scores, fallback, merging), _cutter(texts)


def _cutter(texts: Sequence[str]) -> PreTokenizer:
    """Where no piece crosses."""
    if not any(re.search(f"[^{SPACE}]{SPACE}", text) for text in texts):
        return PreTokenizer(_PATTERNS["before"])
    if not any(re.search(f"{SPACE}[^{SPACE}]", text) for text in texts):
        return PreTokenizer(_PATTERNS["behind"])
    return get_pretokenizer("none")


def _unigram(file: SentencePieceFile, used: dict[str, int]) -> UnigramModel:
    """The pieces with their scores; those of the user have the library's, by which they win."""
    lowest = min(file.entries[index].score for index in used.values() if file.entries[index].kind == Kind.NORMAL)
    pieces, scores = [], []
    for entry in file.entries:
        byte, textual = entry.kind == Kind.BYTE, used.get(entry.text) is not None and entry.kind in _TEXTUAL
        pieces.append(piece_of(entry) if byte else Piece(entry.text.encode(), special=not textual))
        if entry.kind == Kind.USER_DEFINED:
            scores.append(single(0.1 * (len(entry.text.encode()) - 1)))
        else:
            scores.append(entry.score if textual else hidden_score(entry.text, lowest))
    return UnigramModel(Vocab(tuple(pieces), file.unknown), scores, file.byte_fallback, single_precision=True)


def check_runs(file: SentencePieceFile) -> None:
    """Raise ValueError for what the library refuses, or toklab does not run exactly."""
    texts = [entry for entry in file.entries if entry.kind in _TEXTUAL]
    for text, score, kind in file.entries:
        if len(text.encode()) >= MOST_BYTES:
            raise ValueError(f"a piece of {len(text.encode()):,} bytes; {MOST_BYTES - 1:,} is the most")
        shut_out = text == "\0" and (kind == Kind.UNUSED or file.byte_fallback)
        if "\0" in text and not shut_out:
            raise ValueError(f"the piece {text!r}, which holds U+0000")
        if file.model_type == ModelType.BPE and kind in (Kind.NORMAL, Kind.UNUSED) and len(text) > LONGEST:
            raise ValueError(f"a piece of {len(text):,} characters; {LONGEST} is the most")
        if abs(score) > MOST_SCORE:
            raise ValueError(f"the score {score} of {text!r}, which is too large to be added up")
    if not texts:
        raise ValueError("no piece that text can become")
    _check_nesting({entry.text for entry in texts if entry.kind == Kind.USER_DEFINED})
    normal = [entry.score for entry in texts if entry.kind == Kind.NORMAL]
    if file.model_type == ModelType.UNIGRAM and min(normal, default=1.0) > 0:
        raise ValueError("Unigram without a NORMAL piece whose score is 0 or less")
    for rules in (file.normalizer, file.denormalizer):
        if rules is not None:
            Charsmap.of(rules.charsmap)


def _check_nesting(kept: set[str]) -> None:
    for text in kept:
        within = sum(text[:size] in kept for size in range(1, len(text) + 1))
        if within > MOST_NESTED:
            raise ValueError(f"{within} USER_DEFINED pieces that begin one another; {MOST_NESTED} is the most")
