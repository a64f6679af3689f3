"""``.model`` files that the library wrote, or somebody cut short, changed or made to harm: run alike, or refused."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NASTY
from test_sentencepiece_model import (
    BYTES,
    MADE,
    UNKNOWN,
    assert_same,
    held_out,
    ids_of,
    library,
    made,
    training,
    written,
)
from test_spm_bpe import english, many_scripts

from toklab import load, train
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.baselines.sentencepiece import SentencePieceTokenizer
from toklab.errors import FormatError
from toklab.formats.sentencepiece_model import (
    SPACE,
    load_sentencepiece_model,
    save_sentencepiece_model,
    sentencepiece_file,
)
from toklab.formats.sentencepiece_proto import Entry, Kind, ModelType, Normalizer, SentencePieceFile

# --- what the library wrote -----------------------------------------------------------------------------------


LOSSLESS = {
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
    "add_dummy_prefix": False,
    "byte_fallback": True,
    "hard_vocab_limit": False,
    "minloglevel": 3,
}


def library_model(documents: Sequence[str], **options: Any) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(documents), model_writer=model, **{**LOSSLESS, **options}
    )
    return model.getvalue()


@pytest.mark.parametrize("options", [{}, {"split_by_whitespace": False}, {"byte_fallback": False}])
@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_models_of_the_library_are_run(kind: str, options: dict[str, Any]) -> None:
    if kind == "bpe" and "byte_fallback" in options:
        return  # refused; see below
    data = library_model(training(english()), model_type=kind, vocab_size=1500, **options)
    tokenizer, engine = load_sentencepiece_model(data), library(data)
    assert tokenizer.name == kind
    assert tokenizer.pretokenizer.name == ("none" if "split_by_whitespace" in options else "sentencepiece")
    for text in (*held_out(english())[:40], *held_out(many_scripts())[::9], *NASTY):
        assert_same(tokenizer, engine, text)
    assert [str(tokenizer.vocab[index]) for index in (0, 1, 2)] == ["<unk>", "<s>", "</s>"]


def test_baselines_are_run() -> None:
    for name in ("spm-bpe", "spm-unigram"):
        baseline: Any = train(name, training(many_scripts()), vocab_size=3500)
        tokenizer = load_sentencepiece_model(baseline.model)
        assert tokenizer.vocab.pieces == baseline.vocab.pieces
        for text in held_out(many_scripts()):
            assert_same(tokenizer, baseline._engine, text)


TINY = SentencePieceFile(
    ModelType.BPE,
    (
        UNKNOWN,
        *BYTES,
        Entry("ab", 0.0),
        Entry("\u2581ab", -1.0),
        Entry(SPACE, -2.0),
        Entry("a", -3.0),
        Entry("b", -4.0),
    ),
    byte_fallback=True,
)


def test_the_smallest_file() -> None:
    for file in (TINY, replace(TINY, model_type=ModelType.UNIGRAM)):
        data = file.to_bytes()
        tokenizer = load_sentencepiece_model(data)
        assert tokenizer.encode("ab abb\n").ids.tolist() == library(data).encode("ab abb\n") == [257, 258, 261, 11]


@settings(max_examples=150, deadline=None)
@given(
    pieces=st.lists(st.text("ab", min_size=2, max_size=6), max_size=12, unique=True),
    texts=st.lists(st.text("aab \u2581é", max_size=30), min_size=1, max_size=6),
)
def test_merges_cut_as_any_ranked_pieces_do(pieces: list[str], texts: list[str]) -> None:
    ranked = [
        Entry(text.replace("ab", SPACE, 1) if len(text) == 6 else text, -9.0 - rank) for rank, text in enumerate(pieces)
    ]
    entries = {entry.text: entry for entry in (*TINY.entries[:257], *TINY.entries[259:], *ranked)}
    data = replace(TINY, entries=tuple(entries.values())).to_bytes()
    tokenizer, engine = load_sentencepiece_model(data), library(data)
    for text in texts:
        assert ids_of(tokenizer, text) == engine.encode(text), text


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model_type": ModelType.WORD}, "WORD"),
        ({"model_type": ModelType.CHAR}, "CHAR"),
        ({"normalizer": Normalizer(charsmap=b"x", name="nfkc")}, "the normaliser 'nfkc'"),
        ({"normalizer": Normalizer(add_dummy_prefix=True)}, "add_dummy_prefix"),
        ({"normalizer": Normalizer(remove_extra_whitespaces=True)}, "remove_extra_whitespaces"),
        ({"normalizer": Normalizer(escape_whitespaces=False)}, "escape_whitespaces"),
        ({"suffix_space": True}, "treat_whitespace_as_suffix"),
        ({"byte_fallback": False, "entries": (UNKNOWN, Entry(SPACE, 0.0))}, "without byte_fallback"),
        ({"entries": (*TINY.entries, Entry("c", 0.0, Kind.USER_DEFINED))}, "'c' is USER_DEFINED"),
        ({"entries": (*TINY.entries, Entry("c", 0.0, Kind.UNUSED))}, "'c' is UNUSED"),
        ({"entries": (*TINY.entries, Entry("aa", -1.0))}, "the score -1.0 of '\u2581ab' is given twice"),
        ({"entries": (*TINY.entries, Entry("ac", -9.0))}, "'c' is no piece"),
        ({"entries": (*TINY.entries, Entry("a b", -9.0))}, "a space that is not spelled"),
        ({"entries": (*TINY.entries, Entry("a" * 513, -9.0))}, "513 characters"),
        ({"entries": (UNKNOWN, *BYTES, Entry("a", 0.0))}, "without a piece for the space"),
        # What the library refuses as well:
        ({"entries": (*TINY.entries, Entry("a", -9.0))}, "the piece 'a' twice"),
        ({"entries": (*TINY.entries, Entry("", -9.0))}, "an empty piece"),
        ({"entries": (*TINY.entries, Entry("c", math.nan))}, "no finite number"),
        ({"entries": (*TINY.entries, Entry("<unk2>", 0.0, Kind.UNKNOWN))}, "2 unknown pieces"),
        ({"entries": (*TINY.entries[:20], *TINY.entries[21:])}, "255 pieces for bytes with byte_fallback on"),
        ({"byte_fallback": False}, "256 pieces for bytes with byte_fallback off"),
        ({"entries": (UNKNOWN, *BYTES[1:], Entry("<0xab>", 0.0, Kind.BYTE))}, "'<0xab>', which is no byte"),
    ],
)
def test_what_is_not_run_is_named(change: dict[str, Any], named: str) -> None:
    data = replace(TINY, **change).to_bytes()
    with pytest.raises(FormatError) as caught:
        load_sentencepiece_model(data)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


# --- files that are cut short, changed or made to harm --------------------------------------------------------


def test_every_prefix_is_refused() -> None:
    data = TINY.to_bytes()
    for size in range(len(data)):
        with pytest.raises(FormatError):
            load_sentencepiece_model(data[:size])
    for name in MADE:
        for size in range(0, len(written(name)), 977):
            with pytest.raises(FormatError):
                load_sentencepiece_model(written(name)[:size])


@settings(max_examples=300, deadline=None)
@given(places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_load_or_are_refused(places: list[tuple[float, int]]) -> None:
    data = bytearray(TINY.to_bytes())
    for share, byte in places:
        data[int(share * len(data))] = byte
    assert_loads_or_is_refused(bytes(data))


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=60), at=st.integers(0, 300))
def test_any_bytes_load_or_are_refused(data: bytes, at: int) -> None:
    whole = TINY.to_bytes()
    assert_loads_or_is_refused(data)
    assert_loads_or_is_refused(whole[:-at] + data + whole[-at:])


def assert_loads_or_is_refused(data: bytes) -> None:
    try:
        tokenizer = load_sentencepiece_model(data)
    except FormatError:
        return
    text = "ab aabb abé"
    assert tokenizer.decode(tokenizer.encode(text).ids.tolist()) == text


def test_harmful_files_take_time_in_proportion_to_their_size() -> None:
    doubled = [Entry("a" * 2**power, -float(power)) for power in range(1, 10)]
    longest = [
        Entry("a" * 400 + format(number, "0100b").replace("0", "b").replace("1", "a"), -100.0 - number)
        for number in range(200)
    ]
    file = replace(TINY, entries=(*TINY.entries[:257], *TINY.entries[259:], *doubled, *longest))
    assert len(load_sentencepiece_model(file.to_bytes()).vocab) == len(file.entries)
    for data in (b"\x0a\x00" * 100_000, b"\x0a" * 100_000, b"\xff" * 100_000, b"\x12\x00" * 100_000, b"\x0b" * 1000):
        with pytest.raises(FormatError):
            load_sentencepiece_model(data)


# --- normalisers of the library -------------------------------------------------------------------------------


def test_a_compiled_normaliser_is_carried() -> None:
    whole = SentencePieceFile.from_bytes(
        library_model(["ab ab"] * 4, vocab_size=262, normalization_rule_name="nmt_nfkc", remove_extra_whitespaces=True)
    )
    rules = whole.normalizer
    assert (rules.name, len(rules.charsmap) > 100_000, rules.remove_extra_whitespaces) == ("nmt_nfkc", True, True)
    with pytest.raises(FormatError, match="the normaliser 'bert'"):
        sentencepiece_file(replace(made("bpe-spm english"), normalizer="bert"))
    again = SentencePieceFile.from_bytes(sentencepiece_file(with_options("nmt_nfkc")).to_bytes())
    assert (again.normalizer.name, again.normalizer.charsmap) == (rules.name, rules.charsmap)


def with_options(normalizer: str) -> TrainedTokenizer:
    options: dict[str, Any] = {"character_coverage": 0.98, "split_digits": True, "normalizer": normalizer}
    found = train("bpe", english(), variant="spm", vocab_size=800, **options)
    assert isinstance(found, TrainedTokenizer)
    return found


@pytest.mark.parametrize("normalizer", ["nmt_nfkc", "nfkc_cf"])
def test_the_options_of_the_trainer_are_carried(normalizer: str) -> None:
    ours = with_options(normalizer)
    options: dict[str, Any] = {"character_coverage": 0.98, "split_digits": True, "normalizer": normalizer}
    theirs = train("spm-bpe", english(), vocab_size=800, **options)
    assert isinstance(theirs, SentencePieceTokenizer)
    file, expected = sentencepiece_file(ours), SentencePieceFile.from_bytes(theirs.model)
    assert file == replace(expected, character_coverage=file.character_coverage)
    assert expected.character_coverage == pytest.approx(file.character_coverage)
    engine = library(file.to_bytes())
    for text in (*held_out(english())[:30], "  \uff21  \ufb01sh 1234 \u00bd", "ZÜRICH ẞ"):
        assert engine.encode(text) == ids_of(ours, text)


# --- saving, loading, the command line ------------------------------------------------------------------------


def test_any_model_file_is_loaded(tmp_path: Path) -> None:
    tokenizer = made("bpe-spm english")
    tokenizer.save(tmp_path)
    path = save_sentencepiece_model(tokenizer, tmp_path)
    assert path == tmp_path / "bpe-spm.model"
    loaded = load(path)
    assert (type(loaded).__name__, loaded.name) == ("SentencePieceTokenizer", "bpe-spm")
    for text in held_out(english())[:20]:
        one, two = loaded.encode(text), tokenizer.encode(text)
        assert (one.ids.tolist(), one.offsets.tolist()) == (two.ids.tolist(), two.offsets.tolist())
        assert loaded.decode(one.ids) == text
    for size in (0, 1, path.stat().st_size // 2, path.stat().st_size - 1):
        (tmp_path / "cut.model").write_bytes(path.read_bytes()[:size])
        with pytest.raises(FormatError, match=r"cut\.model: not a whole SentencePiece model"):
            load(tmp_path / "cut.model")
    with pytest.raises(FormatError):
        load(tmp_path / "nothing.model")


def test_offsets_of_models_that_normalise_are_the_librarys(tmp_path: Path) -> None:
    path = tmp_path / "default.model"
    path.write_bytes(
        library_model(
            training(english()),
            vocab_size=900,
            normalization_rule_name="nmt_nfkc",
            add_dummy_prefix=True,
            remove_extra_whitespaces=True,
        )
    )
    tokenizer = load(path)
    # In the second, the pieces have as many bytes as the text: a space more, and an accent's one less.
    for text, expected in (("  Ａ  ﬁsh ", ["Ａ", "  ", "ﬁsh"]), ("cafe\u0301", ["ca", "f", "", "e\u0301"]), ("", [])):
        encoding, raw = tokenizer.encode(text), text.encode()
        assert [raw[start:end].decode() for start, end in encoding.offsets.tolist()] == expected
        assert (encoding.offsets[1:] >= encoding.offsets[:-1]).all()
