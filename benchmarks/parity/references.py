"""Both sides of a claim, trained on the same documents.

Where a library hands out ids or scores in the order of a randomly seeded hash table, no rule can equal it, and it
does not equal itself from run to run: what it drew is adopted here, and all that follows from it is compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from sentencepiece import SentencePieceProcessor
from tokenizers import Regex, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Engine

import toklab
from benchmarks.models import byte_ranks
from benchmarks.parity.checks import Trained
from toklab.algorithms import bpe, get_algorithm, make_spec, wordpiece
from toklab.algorithms.models import BpeModel, unknown_id
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.symbols import Symbol, build_material
from toklab.algorithms.unigram import DECIMALS
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.baselines.huggingface_model import HuggingFaceTokenizer
from toklab.baselines.sentencepiece_model import SentencePieceTokenizer
from toklab.contenders import parse_contender
from toklab.formats.sentencepiece_model import sentencepiece_file
from toklab.pretokenize import PATTERNS, count_words, get_pretokenizer, to_oniguruma
from toklab.types import Piece, Tokenizer, TrainSpec, Vocab

Options = Mapping[str, Any]
Sides = tuple[Trained, Trained]
# Hugging Face's Unigram gives characters that it had dropped scores in steps of this size (nats), in hash order.
RETURN_STEP = 0.0001
NOISE = 1e-9


def by_name(contender: str, reference: str, documents: Sequence[str], size: int, options: Options) -> Sides:
    """Both by toklab's front door: a trainer of its own and a library's."""
    ours = fit(contender, documents, size, options)
    theirs = toklab.train(reference, list(documents), vocab_size=size, **options)
    return trained(ours), trained(theirs)


def fit(contender: str, documents: Sequence[str], size: int, options: Options) -> TrainedTokenizer:
    """A trainer of toklab's, compiled."""
    named = parse_contender(contender)
    given = {**named.options, **options, "backend": "fast"}
    tokenizer = toklab.train(named.algorithm, list(documents), vocab_size=size, **given)
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


def trained(tokenizer: Tokenizer) -> Trained:
    """What is compared of a tokenizer."""
    vocab = tokenizer.vocab
    scores = _scores(tokenizer)
    return Trained(
        vocab.pieces,
        lambda texts: [found.ids.tolist() for found in tokenizer.encode_batch(texts)],
        vocab.merges or None,
        None
        if scores is None
        else {p: s for p, s in zip(vocab.pieces, scores, strict=True) if not p.special and not p.byte},
    )


def _scores(tokenizer: Tokenizer) -> Sequence[float] | None:
    if isinstance(tokenizer, HuggingFaceTokenizer):
        model = json.loads(tokenizer.model)["model"]
        return [score for _, score in model["vocab"]] if model["type"] == "Unigram" else None
    if isinstance(tokenizer, SentencePieceTokenizer):
        engine = SentencePieceProcessor(model_proto=tokenizer.model)
        return [engine.get_score(index) for index in range(len(tokenizer.vocab))]
    assert isinstance(tokenizer, TrainedTokenizer)
    if isinstance(tokenizer.model, UnigramModel):
        return tokenizer.model.scores
    if tokenizer.name == "bpe-spm":
        return [entry.score for entry in sentencepiece_file(tokenizer).entries]
    return None


def sentencepiece_unigram(
    contender: str, reference: str, documents: Sequence[str], size: int, options: Options
) -> Sides:
    """The library with a number of threads, and ours told that number."""
    ours = fit(contender, documents, size, {"library_threads": options["threads"]})
    return trained(ours), trained(toklab.train(reference, list(documents), vocab_size=size, **options))


def hugging_face_bpe(contender: str, reference: str, documents: Sequence[str], size: int, options: Options) -> Sides:
    """BPE with options that toklab's adapter of the library does not have: characters, a suffix, a longest piece."""
    pattern, suffix = options["pretokenizer"], options.get("end_of_word_suffix", "")
    engine = _train_bpe(documents, size, options)
    model = json.loads(engine.to_str())["model"]
    strings = sorted(model["vocab"], key=lambda text: model["vocab"][text])
    ours = _with_adopted_suffixes(documents, size, pattern, suffix, strings) if suffix else None
    ours = ours or fit(contender, documents, size, options)
    assert isinstance(ours.model, BpeModel)
    spelled = ours.model.strings
    merges = [(spelled[left], spelled[right]) for left, right, _ in ours.model.merges]
    return (
        replace(trained(ours), pieces=spelled, merges=merges),
        Trained(
            strings,
            lambda texts: [found.ids for found in engine.encode_batch_fast(texts, add_special_tokens=False)],
            [(left, right) for left, right in model["merges"]],
        ),
    )


def _train_bpe(documents: Sequence[str], size: int, options: Options) -> Any:
    pattern, suffix = options["pretokenizer"], options.get("end_of_word_suffix", "")
    more: dict[str, Any] = {"end_of_word_suffix": suffix} if suffix else {}
    is_bytes = options.get("alphabet") != "character"
    cutter: Any = pre_tokenizers.WhitespaceSplit()
    if pattern != "whitespace":
        cutter = pre_tokenizers.Split(Regex(to_oniguruma(PATTERNS[pattern].pattern)), "isolated")
    engine = Engine(models.BPE(**more) if is_bytes else models.BPE(unk_token=bpe.UNKNOWN, **more))
    engine.encode_special_tokens = True
    engine.pre_tokenizer = cutter
    if is_bytes:
        spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        engine.pre_tokenizer = pre_tokenizers.Sequence([cutter, spell])
        more["initial_alphabet"] = pre_tokenizers.ByteLevel.alphabet()
    else:
        more["special_tokens"] = [bpe.UNKNOWN]
    if "max_piece_length" in options:
        more["max_token_length"] = options["max_piece_length"] + 1  # the library's bound is strict
    engine.train_from_iterator(documents, trainers.BpeTrainer(vocab_size=size, show_progress=False, **more))
    return engine


def _with_adopted_suffixes(
    documents: Sequence[str], size: int, pattern: str, suffix: str, strings: Sequence[str]
) -> TrainedTokenizer:
    """Our BPE, with the library's order of the characters that end words."""
    spec = _spec("bpe", size, {"alphabet": "character", "end_of_word_suffix": suffix})
    assert isinstance(spec, bpe.BpeSpec)
    pretokenizer = get_pretokenizer(pattern)
    words = count_words(list(documents), pretokenizer)
    initial = bpe.initial_symbols(words, spec)
    adopted = _adopt(initial, [symbol.piece.word_final for symbol in initial], strings)
    material = build_material(words, adopted, bpe.spelling_of(spec), "bpe", size)
    learned = bpe.learn_with("fast", material, size)
    return build_tokenizer("bpe", spec, pretokenizer, BpeModel.from_learned(learned, "character", suffix, False), {})


def hugging_face_wordpiece(
    contender: str, reference: str, documents: Sequence[str], size: int, options: Options
) -> Sides:
    """Our WordPiece, with the library's order of the characters that continue words."""
    theirs = toklab.train(reference, list(documents), vocab_size=size, **options)
    spec = _spec("wordpiece", size, options)
    pretokenizer = get_pretokenizer(options["pretokenizer"])
    words = count_words(list(documents), pretokenizer)
    initial = wordpiece.initial_symbols(words, (), "hf")
    strings = [str(piece) for piece in theirs.vocab]
    adopted = _adopt(initial, [symbol.piece.continuation for symbol in initial], strings)
    material = build_material(words, adopted, wordpiece.SPELLING, "wordpiece", size)
    pieces = bpe.learn_with("fast", material, size, joiner=wordpiece.JOINER).pieces
    model = WordPieceModel(Vocab(pieces, unknown_id(symbol.piece for symbol in initial)))
    ours = build_tokenizer("wordpiece-hf", spec, pretokenizer, model, {})
    # As the file spells them: a word's first piece that begins with ## cannot be told from one that continues a word.
    return (
        replace(trained(ours), pieces=list(map(str, ours.vocab))),
        replace(trained(theirs), pieces=strings),
    )


def _adopt(initial: Sequence[Symbol], moved: Sequence[bool], strings: Sequence[str]) -> list[Symbol]:
    """The symbols that are ``moved``, which come last, in the order of the library's vocabulary."""
    order = {text: index for index, text in enumerate(strings)}
    kept = [symbol for symbol, moves in zip(initial, moved, strict=True) if not moves]
    rest = [symbol for symbol, moves in zip(initial, moved, strict=True) if moves]
    return kept + sorted(rest, key=lambda symbol: order.get(symbol.key.decode(), len(order)))


def _spec(name: str, size: int, options: Options) -> TrainSpec:
    return make_spec(get_algorithm(name), {**options, "vocab_size": size})


def hugging_face_unigram(
    contender: str, reference: str, documents: Sequence[str], size: int, options: Options
) -> Sides:
    """Our Unigram, with the library's scores for characters that came back, if they are the same scores shuffled.

    Both encode with the library's scores, rounded: segmentations that are equally probable are chosen between by the
    last bits, which differ from run to run and which the library does not read from its file as they are.
    """
    tokenizer = fit(contender, documents, size, options)
    library = toklab.train(reference, list(documents), vocab_size=size, **options)
    ours, theirs = trained(tokenizer), trained(library)
    assert isinstance(library, HuggingFaceTokenizer)
    assert ours.scores is not None
    assert theirs.scores is not None
    assert isinstance(tokenizer.model, UnigramModel)
    shared = [p for p in ours.scores if isinstance(p, Piece) and p in theirs.scores and len(p.surface.decode()) == 1]
    moved = [piece for piece in shared if abs(ours.scores[piece] - theirs.scores[piece]) > NOISE]
    pairs = zip(sorted(ours.scores[p] for p in moved), sorted(theirs.scores[p] for p in moved), strict=True)
    if all(abs(one - other) <= NOISE for one, other in pairs):
        ours.scores.update((piece, theirs.scores[piece]) for piece in moved)
    whole = json.loads(library.model)
    whole["model"]["vocab"] = [[text, round(score, DECIMALS)] for text, score in whole["model"]["vocab"]]
    rounded = trained(replace(library, model=json.dumps(whole).encode()))
    assert rounded.scores is not None
    given = zip(tokenizer.vocab, tokenizer.model.scores, strict=True)
    adopted = tuple(rounded.scores.get(piece, score) for piece, score in given)
    encoder = trained(replace(tokenizer, model=replace(tokenizer.model, scores=adopted)))
    return replace(ours, encode=encoder.encode), replace(theirs, encode=rounded.encode)


def tiktoken_with_our_pieces(
    contender: str, reference: str, documents: Sequence[str], size: int, options: Options
) -> Sides:
    """The library trains nothing: it encodes with our vocabulary."""
    ours = fit(contender, documents, size, options)
    ranks, to_id = byte_ranks(ours.vocab)
    pattern = PATTERNS[options["pretokenizer"]].pattern
    engine = import_module("tiktoken").Encoding("parity", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    def encode(texts: Sequence[str]) -> list[list[int]]:
        return [[to_id[rank] for rank in engine.encode_ordinary(text)] for text in texts]

    return trained(ours), Trained(ours.vocab.pieces, encode)
