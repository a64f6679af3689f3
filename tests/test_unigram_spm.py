"""SentencePiece's Unigram: the readable twin against the compiled one, and both against the library, bit for bit."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TEXT

from toklab import load, train
from toklab.algorithms import unigram_spm_fast
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.single import log_add, single
from toklab.algorithms.spm_rules import SPACE
from toklab.algorithms.unigram import UnigramSpec
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.unigram_spm import RETURN_STEP, complete, learn
from toklab.algorithms.unigram_spm_fast import FastSpmSteps
from toklab.algorithms.unigram_spm_paths import two_best
from toklab.algorithms.unigram_spm_seeds import Sentences, read, seeds
from toklab.algorithms.unigram_spm_steps import SpmSteps, digamma, lattice_of, shares, spm_loss
from toklab.contenders import parse_contender
from toklab.errors import FormatError, InputError, UnknownNameError, UsageError, VocabSizeError
from toklab.formats.sentencepiece_model import caveats, load_sentencepiece_model, sentencepiece_file
from toklab.formats.sentencepiece_proto import Entry, Kind, ModelType, SentencePieceFile
from toklab.retraining.probing import claims_of
from toklab.types import Determinism, WordCounts

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
LANGUAGES = ("ar", "de", "el", "hi", "ja", "ko", "ru", "th", "vi", "zh")
# The library's name for the unknown, and its bytes.
RESERVED = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
DOCUMENTS = st.sampled_from(["ab", "ab ", "aé漢学🙂 ", "a1.\x1f ", "ab▅ ", "e\u0301яx "]).flatmap(
    lambda alphabet: st.lists(st.text(st.sampled_from(alphabet), min_size=1, max_size=12), min_size=1, max_size=6)
)


@cache
def english() -> tuple[str, ...]:
    return tuple((CORPORA / "en.txt").read_text(encoding="utf-8")[:60_000].split("\n\n"))


@cache
def many_scripts() -> tuple[str, ...]:
    files = [CORPORA / "parallel" / f"{language}.txt" for language in LANGUAGES]
    return tuple(line for file in files for line in file.read_text(encoding="utf-8").splitlines()[:30] if line)


@cache
def code() -> tuple[str, ...]:
    """Lines as of a program: indents, brackets, numbers, names in pieces."""
    generator = random.Random(7)
    names = ["self", "value", "index", "getItem", "result_of", "foo", "HTTPServer", "x"]

    def line() -> str:
        a, b, c = generator.choices(names, k=3)
        number = generator.randint(0, 999)
        return "    " * generator.randint(0, 3) + generator.choice(
            [f"{a}.{b}({number}, {c}[{number % 10}])", f"if {a} == 0x{number:02x}:", f"{a}, {b} = {c}  # {a}{number}"]
        )

    return tuple("\n".join(line() for _ in range(generator.randint(1, 8))) + "\n" for _ in range(150))


@cache
def adversarial() -> tuple[str, ...]:
    """Ties, long runs, few letters, what no piece may hold, and sentences that differ in how they end."""
    generator = random.Random(3)
    texts = ["a" * n for n in range(1, 40)] + ["ab" * n for n in range(1, 12)] + ["漢" * n for n in range(1, 20)]
    for alphabet in ("ab", "ab ", "abc  ", "漢字学校日本の。、A1 ", "0123456789., ", "e\u0301я カー ｶﾞ"):
        texts += ["".join(generator.choices(alphabet, k=generator.randint(1, 60))) for _ in range(25)]
    texts += [
        "a\x1fb ab<unk>ab",
        "<0x41>b <0x4 <s>",
        "\u2581\u2581a b\u2581c",
        "skipped \u2585",
        "ends\n",
        "ends\r\n",
    ] * 2
    return tuple(texts)


TEXTS = {"english": english, "many scripts": many_scripts, "code": code, "adversarial": adversarial}


def library(
    documents: Sequence[str], size: int, threads: int, specials: tuple[str, ...] = (), **options: Any
) -> tuple[Any, list[float]]:
    """The library's tokenizer, as the lab trains it, and the score of each of its pieces."""
    options |= {"vocab_size": size, "threads": threads, "special_tokens": specials}
    tokenizer: Any = train("spm-unigram", list(documents), **options)
    engine = tokenizer._engine
    return tokenizer, [engine.get_score(index) for index in range(engine.get_piece_size())]


def ours(documents: Sequence[str], size: int, followed: int, **options: Any) -> tuple[TrainedTokenizer, list[float]]:
    """The same of this variant, as with ``followed`` threads of the library."""
    tokenizer = train("unigram", list(documents), vocab_size=size, variant="spm", library_threads=followed, **options)
    assert isinstance(tokenizer, TrainedTokenizer)
    assert isinstance(tokenizer.model, UnigramModel)
    scores = zip(tokenizer.vocab, tokenizer.model.scores, strict=True)
    return tokenizer, [0.0 if piece.special or piece.byte else score for piece, score in scores]


def smallest(documents: Sequence[str], specials: int = 0) -> int:
    """The smallest vocabulary: one special piece, the bytes, the characters."""
    found = set("".join(text for text in documents if "\u2585" not in text).replace(" ", SPACE))
    return 257 + specials + len(found - {"\0", "\x1f"})


@pytest.mark.parametrize("threads", [1, 16])
@pytest.mark.parametrize("more", [40, 400, 3000])
@pytest.mark.parametrize("name", TEXTS)
def test_parity(name: str, more: int, threads: int) -> None:
    documents = TEXTS[name]()
    size = smallest(documents) + more
    expected, scores = library(documents, size, threads)
    found, found_scores = ours(documents, size, threads, backend="fast")
    assert found.vocab.pieces == expected.vocab.pieces
    assert found_scores == scores
    assert len(found.vocab) > smallest(documents) + 30


@pytest.mark.parametrize("specials", [(), ("<s>", "the"), ("<unk>", "b a", "\u2581a")])
def test_parity_of_the_readable_twin(specials: tuple[str, ...]) -> None:
    documents = adversarial()[40:120] + adversarial()[-12:]
    size = smallest(documents, 2) + 60
    expected, scores = library(documents, size, 3, specials)
    found, found_scores = ours(documents, size, 3, backend="reference", special_tokens=specials)
    assert found.vocab.pieces == expected.vocab.pieces
    assert found_scores == scores


@settings(max_examples=60)
@given(documents=DOCUMENTS, more=st.integers(0, 12), threads=st.sampled_from([1, 2, 16]))
def test_parity_on_any_text(documents: list[str], more: int, threads: int) -> None:
    if not any("\u2585" not in text and set(text) != {"\x1f"} for text in documents):
        return
    size = smallest(documents) + more
    expected, scores = library(documents, size, threads)
    found, found_scores = ours(documents, size, threads, backend="reference")
    assert found.vocab.pieces == expected.vocab.pieces
    assert found_scores == scores


@cache
def both_encode(name: str) -> tuple[Any, TrainedTokenizer]:
    """The library's engine and our tokenizer, of every second document."""
    documents = TEXTS[name]()
    size = smallest(documents[::2]) + 600
    expected, _ = library(documents[::2], size, 16)
    found, _ = ours(documents[::2], size, 16, backend="fast")
    assert sentencepiece_file(found) == SentencePieceFile.from_bytes(expected.model)
    assert caveats(found) == ()
    return expected._engine, found


def random_texts(name: str, number: int) -> list[str]:
    """Texts of the characters of a corpus, of others, and of its words."""
    generator = random.Random(name)
    documents = TEXTS[name]()
    characters = sorted(set("".join(documents)) | set("\u2603\U00020000\U0001f642\0\x1f\u2585 "))
    words = sorted(set(" ".join(documents).split(" ")))[:2000]
    texts = ["".join(generator.choices(characters, k=generator.randint(1, 120))) for _ in range(number)]
    texts += [" ".join(generator.choices(words, k=generator.randint(1, 60))) for _ in range(number)]
    return [*texts, "<unk> <0x41>", "  two  spaces ", ""]


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_encoded_is_what_the_library_encodes(name: str) -> None:
    engine, found = both_encode(name)
    held_out = TEXTS[name]()[1::2]
    texts = [*held_out, *random_texts(name, 1500), "\n".join(held_out)]
    texts = [text.replace(SPACE, " ") for text in texts]
    batch = found.encode_batch(texts, offsets=True)
    expected = engine.encode(texts)
    assert [encoding.ids.tolist() for encoding in batch] == expected
    for text, encoding in zip(texts, batch, strict=True):
        starts, ends = encoding.offsets.T.tolist()
        assert starts == [0, *ends[:-1]][: len(ends)]
        assert ends[-1:] == [len(text.encode())][: len(ends)]
    few = texts[:: len(texts) // 100]
    readable = replace(found, backend="reference").encode_batch(few, offsets=True)
    assert [encoding.ids.tolist() for encoding in readable] == engine.encode(few)
    assert readable.offsets.tolist() == found.encode_batch(few, offsets=True, threads=3).offsets.tolist()


@settings(max_examples=200, deadline=None)
@given(text=TEXT | st.text("-=abe  tho\n0.", max_size=200), name=st.sampled_from(sorted(TEXTS)))
def test_what_is_encoded_of_any_text_is_what_the_library_encodes(text: str, name: str) -> None:
    text = text.replace(SPACE, " ")
    engine, found = both_encode(name)
    for backend in ("fast", "reference"):
        assert replace(found, backend=backend).encode(text).ids.tolist() == engine.encode(text)


def test_a_text_of_a_megabyte() -> None:
    """Where a sum falls below -100,000, the library begins to add anew; some ties are decided otherwise without it."""
    engine, found = both_encode("english")
    text = " ".join(english())
    text *= 1_000_000 // len(text) + 1
    expected = np.array(engine.encode(text))
    assert np.array_equal(found.encode(text).ids, expected)
    short = replace(found, backend="reference").encode(text[:120_000]).ids
    assert short.tolist() == engine.encode(text[:120_000])
    assert found._cache == {}


@pytest.mark.parametrize("before", [7_998, 7_999, 8_000, 8_001])
def test_sums_begin_anew_below_a_limit(before: int) -> None:
    """8,000 times -12.5 is the limit, at which it is not yet; only what is before decides between ab|c and a|bc."""
    scores = {SPACE: -9.0, "z": -12.5, "a": -2.0, "b": -5.0, "c": -2.0, "ab": -3.001, "bc": -3.0005}
    entries = [Entry(text, single(score)) for text, score in scores.items()]
    data = SentencePieceFile(ModelType.UNIGRAM, (Entry("<unk>", 0.0, Kind.UNKNOWN), *entries)).to_bytes()
    engine = sentencepiece.SentencePieceProcessor(model_proto=data)
    text = "z" * before + "abc"
    for backend in ("fast", "reference"):
        ids = replace(load_sentencepiece_model(data), backend=backend).encode(text).ids.tolist()
        assert ids == engine.encode(text)
        assert ids[-2:] == ([6, 5] if before == 8_000 else [3, 7])


def test_samples_and_likelihoods_are_of_words() -> None:
    _, found = both_encode("english")
    text = TEXTS["english"]()[1]
    baseline: Any = library(TEXTS["english"]()[::2], len(found.vocab), 16)[0]
    one, two = found.posterior([text]), baseline.posterior([text])
    assert one is not None
    for field in fields(one):
        assert getattr(one, field.name).tolist() == getattr(two, field.name).tolist()
    for sample in found.sample(text, 3, alpha=0.5, seed=1):
        assert found.decode(sample.encoding.ids.tolist()) == text


def test_special_tokens_of_whole_texts() -> None:
    documents = english()[:60]
    found, _ = ours(documents, 600, 16, special_tokens=("<s>",))
    index = next(i for i, piece in enumerate(found.vocab) if piece.surface == b"<s>")
    text = "one harbour<s> two"
    assert index not in found.encode(text).ids
    parts = [found.encode(part).ids.tolist() for part in ("one harbour", " two")]
    encoding = found.encode(text, allow_special=True)
    assert encoding.ids.tolist() == [*parts[0], index, *parts[1]]
    assert encoding.offsets[-1, 1] == len(text)
    with pytest.raises(UsageError, match="surrogate"):
        found.encode("a\ud800")
    assert len(found.encode_batch([])) == 0


def sentences_of(documents: Sequence[str]) -> Sentences | None:
    try:
        return read(documents, RESERVED)
    except InputError:
        return None


def both(documents: Sequence[str], size: int = 1000, parts: int = 1, threads: int = 1) -> tuple[SpmSteps, FastSpmSteps]:
    sentences = read(documents, RESERVED)
    texts, weights = seeds(sentences.texts, size)
    return SpmSteps(sentences.words, texts, shares(weights), parts), FastSpmSteps(sentences, size, parts, threads)


def assert_equal(fast: FastSpmSteps, steps: SpmSteps) -> None:
    assert fast.texts == steps.texts
    assert fast.scores == steps.scores


@settings(max_examples=100)
@given(documents=DOCUMENTS, size=st.integers(1, 30))
def test_both_find_the_same_seeds(documents: list[str], size: int) -> None:
    if sentences_of(documents) is not None:
        steps, fast = both(documents, size)
        assert_equal(fast, steps)


@settings(max_examples=80)
@given(
    documents=DOCUMENTS,
    least=st.integers(1, 12),
    factor=st.sampled_from([0.5, 0.7, 0.75]),
    parts=st.sampled_from([1, 2, 5]),
)
def test_both_take_the_same_steps(documents: list[str], least: int, factor: float, parts: int) -> None:
    found = sentences_of(documents)
    if found is None or not set("".join(found.words.words)) - {"\u2585"}:
        return
    steps, fast = both(documents, parts=parts, threads=2)
    for _ in range(3):
        assert fast.expect().tolist() == steps.expect()
        steps.improve()
        fast.improve()
        assert_equal(fast, steps)
        usage = fast.usage()
        assert usage.tolist() == steps.usage()
        assert fast.losses(usage).tolist() == steps.losses(usage.tolist())
        steps.prune(least, factor)
        fast.prune(least, factor)
        assert_equal(fast, steps)
        if not len(steps):
            return


@settings(max_examples=80)
@given(documents=DOCUMENTS, scores=st.lists(st.integers(-4, -1), min_size=60, max_size=60))
def test_both_break_ties_alike(documents: list[str], scores: list[int]) -> None:
    if sentences_of(documents) is None:
        return
    steps, fast = both(documents, 40)
    if steps.texts:
        steps.scores = [float(score) for score, _ in zip(scores * 2, steps.texts, strict=False)]
        fast._scores = np.array(steps.scores, np.float32)
        usage = fast.usage()
        assert usage.tolist() == steps.usage()
        assert fast.losses(usage).tolist() == steps.losses(usage.tolist())


def test_of_equal_segmentations_the_library_takes_the_same_two() -> None:
    """Scores are small whole numbers, so that most words have several segmentations that are as good."""
    generator = random.Random(0)
    empty = without_pieces(train("spm-unigram", ["ab ba aab bba"], vocab_size=300))
    for _ in range(300):
        word = "".join(generator.choices("ab", k=generator.randint(2, 8)))
        texts = sorted({word[i:j] for i in range(len(word)) for j in range(i + 1, len(word) + 1)})
        scores = [-float(generator.choice([1, 2, 3, 4])) for _ in texts]
        hidden = [piece_entry("<unk>", 0.0, 2), *(piece_entry(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256))]
        pieces = [piece_entry(text, score, 1) for text, score in zip(texts, scores, strict=True)]
        engine = sentencepiece.SentencePieceProcessor(model_proto=b"".join([*hidden, *pieces, empty]))
        known = {text: (i, score) for i, (text, score) in enumerate(zip(texts, scores, strict=True))}
        found = two_best(lattice_of(word, known, (0, -20.0)))
        assert [[257 + i for i in path] for path in found] == engine.nbest_encode_as_ids(word, 2)


def piece_entry(text: str, score: float, kind: int) -> bytes:
    """A piece of a SentencePiece model: field 1, with its own fields 1 (text), 2 (score) and 3 (kind)."""
    raw = text.encode()
    body = bytes([0x0A, len(raw)]) + raw + b"\x15" + struct.pack("<f", score) + bytes([0x18, kind])
    return bytes([0x0A, len(body)]) + body


def without_pieces(tokenizer: Any) -> bytes:
    """A model of the library without its pieces, the entries that begin with 0x0A; lengths have 7 bits to a byte."""
    raw, at, kept = tokenizer.model, 0, []
    while at < len(raw):
        begin, size, shift = at, 0, 0
        while shift == 0 or raw[at] >= 0x80:
            at += 1
            size |= (raw[at] & 0x7F) << shift
            shift += 7
        at += 1 + size
        if raw[begin] != 0x0A:
            kept.append(raw[begin:at])
    return b"".join(kept)


def test_too_little_room_is_made_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, fast = both(adversarial()[:50])
    monkeypatch.setattr(unigram_spm_fast, "ROOM", 2)
    usage = fast.usage()
    assert fast.losses(usage).tolist() == steps.losses(usage.tolist())


def test_our_threads_change_nothing_and_the_librarys_do() -> None:
    documents = english()
    one, two = (ours(documents, 700, 16, threads=threads, backend="fast")[0] for threads in (1, 3))
    assert one.model == two.model
    assert one.name == "unigram-spm"
    assert one.signature == two.signature
    assert (one.signature["variant"], one.signature["follows"]) == ("spm", "sentencepiece-0.2.3")
    other, _ = ours(documents, 700, 1, backend="fast")
    assert other.model != one.model
    assert other.signature["library_threads"] == "1"


def test_the_order_of_documents_changes_the_seeds() -> None:
    assert seeds(["ab", "ab", "ab", "a"], 100)[0] == ["a", "b"]
    assert seeds(["ab", "a", "ab", "ab"], 100)[0] == ["a", "b", "ab"]


def test_the_worked_example_of_the_seeds() -> None:
    assert seeds(["ab", "ab", "cab"], 100) == (["a", "b", "c", "ab"], [3.0, 3.0, 1.0, 6.0])
    # One lead byte is no branching, and a sentence's end is looked past.
    assert "漢" * 2 not in seeds(["漢漢字", "漢漢学", "。"], 100)[0]
    assert dict(zip(*seeds(["the", "a the", "b the the."], 100), strict=True))["the"] == 18.0


def test_the_worked_example() -> None:
    sentences = read(["ab", "ab", "cab"], RESERVED)
    texts, weights = seeds(sentences.texts, 100)
    steps = SpmSteps(sentences.words, texts, shares(weights), 1)
    usage = steps.usage()
    assert dict(zip(steps.texts, usage, strict=True)) == {"a": 0, "b": 0, "c": 1, "ab": 3}
    losses = dict(zip(steps.texts, steps.losses(usage), strict=True))
    assert losses["ab"] == pytest.approx(3 / 4 * (math.log(3 / 4) - 2 * math.log(3 / 7)), rel=1e-6)
    assert losses["ab"] == pytest.approx(1.06, abs=0.005)
    assert (losses["a"], losses["b"], losses["c"]) == (-math.inf, -math.inf, math.inf)
    assert spm_loss(3, 4, [0, 0]) == losses["ab"]
    expected = dict(zip(steps.texts, steps.expect(), strict=True))
    assert expected["ab"] == pytest.approx(3 * (6 / 13) / (6 / 13 + 9 / 169), rel=1e-5)


def test_pruning_leaves_nothing_that_others_spell_better() -> None:
    steps, _ = both(english()[:15])
    for _ in range(4):
        steps.improve()
        steps.prune(10, 0.75)
        known = {text: (i, score) for i, (text, score) in enumerate(zip(steps.texts, steps.scores, strict=True))}
        unknown = (0, min(steps.scores) - 10)
        for i, text in enumerate(steps.texts):
            assert two_best(lattice_of(text, known, unknown))[0] == (i,)


def test_characters_that_left_come_back_a_little_above_the_rarest() -> None:
    found = complete(["ab", "a", "bc"], [-1.0, -2.0, -1.5], ["b", "a", "c", "d"], 5)
    step = RETURN_STEP
    expected = {"ab": -1.0, "a": -2.0, "b": -2.0, "c": single(-2.0 + step), "d": single(-2.0 + single(step + step))}
    assert dict(found) == expected
    assert found == sorted(found, key=lambda entry: (-entry[1], entry[0]))


def test_single_precision() -> None:
    assert single(0.1) != 0.1
    assert single(single(0.1)) == single(0.1)
    assert log_add(-60.0, -1.0) == -1.0
    assert log_add(single(math.log(0.3)), single(math.log(0.2))) == pytest.approx(math.log(0.5), abs=1e-6)
    assert digamma(1.0) == pytest.approx(-0.5772156649, abs=1e-9)


def test_rare_characters_of_a_huge_text_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toklab.algorithms.unigram_spm_seeds.required_characters", lambda words, coverage: ["a", "b"])
    assert read(["abc", "acb"], RESERVED).texts == ["ab\u2585", "a\u2585b"]


def test_options_that_do_not_apply_are_refused() -> None:
    texts: list[str] = ["ab ab abc"]
    options: dict[str, Any]
    for options in (
        *({"pretokenizer": "gpt2"}, {"normalizer": "bert"}, {"byte_fallback": True}, {"max_piece_length": 3}),
        *({"shrinking_factor": 0.4}, {"sub_iterations": 11}, {"library_threads": 0}, {"library_threads": 1025}),
    ):
        with pytest.raises(UsageError):
            train("unigram", texts, vocab_size=300, variant="spm", **options)
    with pytest.raises(UsageError, match="library_threads"):
        train("unigram", texts, vocab_size=300, library_threads=2)
    with pytest.raises(UnknownNameError):
        train("unigram", texts, vocab_size=300, variant="spn")
    with pytest.raises(VocabSizeError, match="ask for at least 261"):
        train("unigram", texts, vocab_size=260, variant="spm")
    with pytest.raises(InputError):
        train("unigram", ["\x1f"], vocab_size=300, variant="spm")


def test_a_vocabulary_that_all_pieces_leave_is_an_error() -> None:
    steps, _ = both(["ab ab"])
    steps.words = WordCounts.from_counts({"ab": 0})
    with pytest.raises(InputError, match="too little"):
        learn(steps, ["a", "b"], UnigramSpec(vocab_size=300, variant="spm"), 257)


def test_it_is_a_contender() -> None:
    found = parse_contender("unigram-spm:library_threads=1")
    assert (found.algorithm, found.options["variant"], found.options["library_threads"]) == ("unigram", "spm", 1)


def test_what_the_library_skips_is_told() -> None:
    tokenizer, _ = ours(["ab ab", "skipped \u2585", "a\x1fb", "\u2581ab"], 300, 16)
    assert any("skipped" in warning for warning in tokenizer.warnings)
    assert any("U+2581" in warning for warning in tokenizer.warnings)
    assert any("U+001F" in warning for warning in tokenizer.warnings)


def test_it_can_be_saved_and_loaded(tmp_path: Path) -> None:
    tokenizer, _ = ours(english()[:50], 500, 16)
    loaded: Any = load(tokenizer.save(tmp_path))
    assert loaded.model == tokenizer.model
    elsewhere = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert elsewhere.encode("the harbour").ids == tokenizer.encode("the harbour").ids.tolist()
    for text in [*english()[:50], "☃ naïve"]:
        assert loaded.encode(text).ids.tolist() == tokenizer.encode(text).ids.tolist()
        assert tokenizer.decode(tokenizer.encode(text).ids.tolist()) == text


def test_other_precisions_are_not_read(tmp_path: Path) -> None:
    path = ours(english()[:50], 500, 16)[0].save(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace('"single"', '"half"'), encoding="utf-8")
    with pytest.raises(FormatError, match="precision 'half'"):
        load(tmp_path)


def test_nothing_is_claimed_as_the_library_looks_at_the_order() -> None:
    assert claims_of(parse_contender("unigram-spm")) == Determinism.NONE
    assert claims_of(parse_contender("unigram")) == claims_of(parse_contender("unigram-hf")) == Determinism.EXACT


def test_the_size_of_the_seeds_counts_no_characters() -> None:
    sentences = read(english()[:10], RESERVED)
    characters = len(set("".join(sentences.texts)))
    for size in (1, 50):
        steps, fast = both(english()[:10], size)
        assert len(steps) == characters + size
        assert_equal(fast, steps)
