"""SentencePiece's ``.model``: what the library loads from here cuts a text into the same ids, and the way back.

The library cuts the whole text, so that only pre-tokens that no piece crosses can be carried: those of
``sentencepiece``, where each space begins a word, and ``none``. Three things differ by nature:

- The library reads U+2581 in a text as a space. To our models it is a character like any other.
- A ``.model`` of type BPE ranks pieces and holds no merges: any two neighbours that spell the best piece merge. Merges
  that come to anything else are refused.
- Scores are 32-bit floats, and the library adds them up so from the beginning of the text. So does ``unigram`` with
  the variant ``spm``, and what is read from a file; other Unigram models add 64-bit floats from the beginning of the
  word. Where two ways to cut a word are as probable but for that rounding, as ``-|--`` and ``--|-`` are, the choice
  may be the other one: see `caveats`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

from toklab.algorithms.models import BpeModel, Model
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import UnigramModel, hidden_score, is_hidden, spelled
from toklab.errors import FormatError
from toklab.files import write_atomic
from toklab.formats.protobuf import single
from toklab.formats.sentencepiece_merges import merges_of
from toklab.formats.sentencepiece_proto import (
    IDENTITY,
    LONGEST,
    Entry,
    Kind,
    ModelType,
    Normalizer,
    SentencePieceFile,
)
from toklab.pretokenize import get_pretokenizer
from toklab.pretokenize.precompiled import RULES, charsmap
from toklab.types import Piece, Vocab

SPACE = "\u2581"
CARRIED = ("sentencepiece", "none")


def save_sentencepiece_model(tokenizer: TrainedTokenizer, folder: Path) -> Path:
    """Write ``NAME.model`` into a folder; see `sentencepiece_file`.

    Raises
    ------
    FormatError
        The format cannot hold the tokenizer.
    OutputError
        The folder cannot be written.
    """
    path = folder / f"{tokenizer.name}.model"
    write_atomic(path, sentencepiece_file(tokenizer).to_bytes())
    return path


def files_of(tokenizer: TrainedTokenizer) -> dict[str, bytes]:
    """``tokenizer.model``, as a conversion writes it; see `sentencepiece_file`."""
    return {"tokenizer.model": sentencepiece_file(tokenizer).to_bytes()}


def sentencepiece_file(tokenizer: TrainedTokenizer) -> SentencePieceFile:
    """The file's contents; options that the trainer had are in it for the record.

    Raises
    ------
    FormatError
        The library would cut some text otherwise; the text names the feature.
    """
    model = tokenizer.model
    if not isinstance(model, BpeModel | UnigramModel):
        raise _cannot(f"a {type(model).__name__}, only BPE and Unigram")
    if tokenizer.pretokenizer.name not in CARRIED:
        raise _cannot(f"the pre-tokenizer {tokenizer.pretokenizer.name!r}, only {' and '.join(map(repr, CARRIED))}")
    if model.vocab.unk_id is None:
        raise _cannot("a vocabulary without an unknown token; train with the special token '<unk>'")
    if isinstance(model, UnigramModel):
        kind, scores = ModelType.UNIGRAM, model.scores
    else:
        _check_spelling(model)
        kind, scores = ModelType.BPE, _places(model.vocab)
    entries = tuple(
        _entry(piece, score, index == model.vocab.unk_id)
        for index, (piece, score) in enumerate(zip(model.vocab, scores, strict=True))
    )
    facts = tokenizer.signature
    file = SentencePieceFile(
        kind,
        entries,
        model.byte_fallback,
        _normalizer(tokenizer.normalizer),
        single(float(facts.get("character_coverage", 1))),
        split_digits=facts.get("split_digits") == "True",
    )
    try:
        file.check()
        _check_pieces(_texts(file))
    except ValueError as error:
        raise _cannot(str(error)) from None
    if isinstance(model, BpeModel):
        _check_merges(model)
    return file


def _normalizer(name: str) -> Normalizer:
    if name == "none":
        return IDENTITY
    if name not in RULES:
        raise _cannot(f"the normaliser {name!r}")
    return Normalizer(name, charsmap(name))


def caveats(tokenizer: TrainedTokenizer) -> tuple[str, ...]:
    """What a reader should know of the file's encodings in the library."""
    if not isinstance(tokenizer.model, UnigramModel) or tokenizer.model.single_precision:
        return ()
    return (
        "SentencePiece adds scores as 32-bit floats: where two ways to cut a word are equally probable but for "
        "rounding, it may choose the other",
    )


def load_sentencepiece_model(data: bytes) -> TrainedTokenizer:
    """A tokenizer of ours from the bytes of a ``.model`` that toklab or SentencePiece wrote.

    Raises
    ------
    FormatError
        It is cut short or no such file; it is not BPE or Unigram; or it has a feature that toklab does not run, such
        as a normaliser or user-defined pieces.
    """
    file = SentencePieceFile.from_bytes(data)
    try:
        _check_features(file)
        texts = _texts(file)
        _check_pieces(texts)
        model: Model = _read_bpe(file, texts) if file.model_type == ModelType.BPE else _read_unigram(file, texts)
    except ValueError as error:
        raise FormatError(f"toklab does not run this SentencePiece model: {error}") from None
    crossed = any(SPACE in text[1:] for text in texts)
    return TrainedTokenizer(
        file.model_type.name.lower(), model, get_pretokenizer("none" if crossed else "sentencepiece")
    )


def _cannot(what: str) -> FormatError:
    return FormatError(f"a SentencePiece model cannot hold {what}")


def _entry(piece: Piece, score: float, unknown: bool) -> Entry:
    if piece.byte:
        return Entry(spelled(piece), 0.0, Kind.BYTE)
    text = piece.surface.decode("utf-8")
    if "\0" in text:
        raise _cannot(f"the piece {text!r}, because it holds U+0000")
    if piece.special:
        return Entry(text, 0.0, Kind.UNKNOWN if unknown else Kind.CONTROL)
    if SPACE in text:
        raise _cannot(f"the piece {text!r}, because U+2581 is its spelling of a space")
    return Entry(text.replace(" ", SPACE), single(score))


def _places(vocab: Vocab) -> list[float]:
    """The score of each piece of a BPE vocabulary: minus its place among those that text can become."""
    scores, place = [], 0
    for piece in vocab:
        scores.append(-float(place))  # -0.0 for the first, as in the library's files
        place += not is_hidden(piece)
    return scores


def _check_spelling(model: BpeModel) -> None:
    """Refuse words that the library would not spell in the same symbols."""
    if model.alphabet == "byte":
        raise _cannot("a byte-level alphabet; train with the alphabet 'character'")
    if model.suffix:
        raise _cannot(f"the end-of-word suffix {model.suffix!r}")
    if not model.byte_fallback:
        raise _cannot("BPE without byte fallback as toklab runs it: a run of unknown characters would be one token")


def _check_merges(model: BpeModel) -> None:
    """Refuse merges that are not those of the library for these pieces in this order."""
    ids = {text: index for index, text in enumerate(model.strings) if not is_hidden(model.vocab[index])}
    pairs = itertools.zip_longest(model.merges, merges_of(ids, ids))
    for place, (ours, theirs) in enumerate(pairs):
        if ours != theirs:
            told = f"merge {place + 1} is {_spell(model, ours)}, where the library's would be {_spell(model, theirs)}"
            raise _cannot(f"these merges: {told}")


def _spell(model: BpeModel, merge: tuple[int, int, int] | None) -> str:
    return "none" if merge is None else f"{model.strings[merge[0]]!r} + {model.strings[merge[1]]!r}"


def _texts(file: SentencePieceFile) -> dict[str, int]:
    """Id of each piece that text can become."""
    return {entry.text: index for index, entry in enumerate(file.entries) if entry.kind == Kind.NORMAL}


def _check_pieces(texts: Mapping[str, int]) -> None:
    """Raise ValueError for pieces that the library and toklab understand in different ways."""
    if SPACE not in texts:
        raise ValueError("a vocabulary without a piece for the space, which is then spelled with U+2581's bytes")
    for text in texts:
        if "\0" in text or " " in text:
            raise ValueError(f"the piece {text!r}, which holds U+0000 or a space that is not spelled U+2581")
        if len(text) > LONGEST:
            raise ValueError(f"a piece of {len(text):,} characters; {LONGEST} is the most")
        for char in text:
            if char not in texts:
                raise ValueError(f"the piece {text!r}, whose character {char!r} is no piece")


def _check_features(file: SentencePieceFile) -> None:
    if file.model_type not in (ModelType.BPE, ModelType.UNIGRAM):
        raise ValueError(f"its type is {file.model_type.name}, where toklab runs BPE and UNIGRAM")
    if file.normalizer.changes is not None:
        raise ValueError(f"it changes the text by {file.normalizer.changes}")
    if file.denormalizer is not None:
        raise ValueError("it changes decoded text (denormalizer_spec)")
    if file.suffix_space:
        raise ValueError("it has treat_whitespace_as_suffix")
    if file.model_type == ModelType.BPE and not file.byte_fallback:
        raise ValueError("it is BPE without byte_fallback, and makes one token of a run of unknown characters")
    for entry in file.entries:
        if entry.kind in (Kind.USER_DEFINED, Kind.UNUSED):
            raise ValueError(f"the piece {entry.text!r} is {entry.kind.name}")


def _read_bpe(file: SentencePieceFile, ids: Mapping[str, int]) -> BpeModel:
    merged = sorted((-file.entries[index].score, text) for text, index in ids.items() if len(text) > 1)
    for (score, text), (other, _) in zip(merged[1:], merged, strict=False):
        if score == other:
            raise ValueError(f"the score {-score} of {text!r} is given twice, and decides which piece comes first")
    merges = merges_of(ids, {text: rank for rank, (_, text) in enumerate(merged)})
    pieces = _pieces(file)
    pairs = tuple((pieces[left], pieces[right]) for left, right, _ in merges)
    return BpeModel(Vocab(pieces, file.unknown, pairs), tuple(merges), "character", byte_fallback=True)


def _read_unigram(file: SentencePieceFile, ids: Mapping[str, int]) -> UnigramModel:
    pieces = _pieces(file)
    lowest = min(file.entries[index].score for index in ids.values())
    scores = tuple(
        entry.score if entry.kind == Kind.NORMAL else hidden_score(entry.text, lowest) for entry in file.entries
    )
    return UnigramModel(Vocab(pieces, file.unknown), scores, file.byte_fallback, single_precision=True)


def _pieces(file: SentencePieceFile) -> tuple[Piece, ...]:
    return tuple(map(_piece, file.entries))


def _piece(entry: Entry) -> Piece:
    if entry.kind == Kind.BYTE:
        return Piece(bytes([int(entry.text[3:5], 16)]), byte=True)
    if entry.kind == Kind.NORMAL:
        return Piece(entry.text.replace(SPACE, " ").encode())
    return Piece(entry.text.encode(), special=True)
