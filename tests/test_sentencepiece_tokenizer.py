"""Any ``.model`` that toklab runs (``engine="toklab"``): the ids, the offsets and the text of the library, exactly."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NASTY, SPECIAL_TEXT, TEXT
from test_sentencepiece_model import BYTES, UNKNOWN, library
from test_sentencepiece_reading import TINY, library_model
from test_spm_bpe import english, many_scripts

from toklab import load
from toklab.algorithms.spm_charsmap import Charsmap
from toklab.algorithms.spm_normalizer import SpmNormalizer
from toklab.baselines.sentencepiece import SentencePieceTokenizer
from toklab.errors import FormatError, UsageError
from toklab.formats.sentencepiece_proto import Entry, Kind, ModelType, Normalizer, SentencePieceFile
from toklab.formats.sentencepiece_tokenizer import SpmTokenizer, run_model
from toklab.types import Encoding

SPACE = "\u2581"
KEPT = ["<tool>", "<to", "ab cd", "\n", "  ", "é\u2581x"]
OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "llama": {"normalization_rule_name": "identity", "remove_extra_whitespaces": False, "byte_fallback": True},
    "kept": {"user_defined_symbols": KEPT, "byte_fallback": True, "normalization_rule_name": "nfkc"},
    "kept, lossless": {
        "user_defined_symbols": KEPT,
        "add_dummy_prefix": False,
        "remove_extra_whitespaces": False,
        "normalization_rule_name": "identity",
    },
    "behind": {"treat_whitespace_as_suffix": True, "normalization_rule_name": "nmt_nfkc_cf"},
    "across": {"split_by_whitespace": False, "remove_extra_whitespaces": False, "user_defined_symbols": ["<tool>"]},
    "spaces": {"allow_whitespace_only_pieces": True, "remove_extra_whitespaces": False, "control_symbols": ["<c>"]},
}
KINDS = ("bpe", "unigram", "char", "word")
TEXTS = st.one_of(TEXT, SPECIAL_TEXT, st.text("ab cd<tool>\u2581é\n\tx Ａﬁ½ß\u0301ÄΩ漢\0\u200b\ufdfa", max_size=40))


@cache
def trained(kind: str, options: str) -> bytes:
    given = {"add_dummy_prefix": True, "remove_extra_whitespaces": True, "byte_fallback": False, **OPTIONS[options]}
    size = {"bpe": 700, "unigram": 450, "char": 400, "word": 500}[kind]
    rule = given.pop("normalization_rule_name", "nmt_nfkc")
    documents = [*english()[:40], *many_scripts()[:10]]
    return library_model(documents, model_type=kind, vocab_size=size, normalization_rule_name=rule, **given)


@cache
def pair(kind: str, options: str) -> tuple[SpmTokenizer, SentencePieceTokenizer]:
    data = trained(kind, options)
    return run_model(data), SentencePieceTokenizer(kind, data, {})


def assert_alike(ours: SpmTokenizer, texts: Sequence[str]) -> None:
    """Ids are the library's; so are offsets, byte by byte where no text is changed; and the decoded text."""
    engine = library(ours.model)
    for backend in ("reference", "fast"):
        tokenizer = replace(ours, backend=backend)
        batch = tokenizer.encode_batch(texts, offsets=True)
        for text, found in zip(texts, batch, strict=True):
            expected = engine.encode(text)
            assert found.ids.tolist() == expected, (backend, text)
            if tokenizer.contents.normalizer.changes is None:
                assert_own_bytes(tokenizer, text, found)
            else:
                spans = engine.encode(text.encode(), return_type="offset_mapping", return_bytes=True)["offsets"]
                assert found.offsets.tolist() == [list(span) for span in spans], (backend, text)
            shown = [index for index in expected if not tokenizer.vocab[index].special]
            assert tokenizer.decode(expected) == engine.decode(shown), (backend, text)
        assert tokenizer.encode_batch(texts).ids.tolist() == batch.ids.tolist()


def assert_own_bytes(tokenizer: SpmTokenizer, text: str, found: Encoding) -> None:
    """Where no text is changed, the library's adapter and toklab give each token its own bytes."""
    raw = text.encode()
    spaces = any(entry.text == SPACE and entry.kind == Kind.NORMAL for entry in tokenizer.contents.entries)
    assert list(itertools.chain([0], found.offsets[:, 1])) == [*found.offsets[:, 0], len(raw)], text
    for index, (start, end) in zip(found.ids.tolist(), found.offsets.tolist(), strict=True):
        piece = tokenizer.vocab[index]
        if not piece.special and (spaces or not piece.byte):
            covered = raw[start:end] if piece.byte else raw[start:end].decode().replace(SPACE, " ").encode()
            assert covered == piece.surface, text


@pytest.mark.parametrize(("kind", "options"), list(itertools.product(KINDS, OPTIONS)))
def test_any_model_of_the_library(kind: str, options: str) -> None:
    ours, theirs = pair(kind, options)
    assert ours.vocab == theirs.vocab
    assert_alike(ours, [*english()[40:50], *many_scripts()[10:16], *NASTY, "", " ", "   ", "<tool><to<tool> ab cd"])


@settings(max_examples=120, deadline=None)
@given(kind=st.sampled_from(KINDS), options=st.sampled_from(sorted(OPTIONS)), texts=st.lists(TEXTS, max_size=4))
def test_any_text(kind: str, options: str, texts: list[str]) -> None:
    assert_alike(pair(kind, options)[0], texts)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(KINDS), options=st.sampled_from(sorted(OPTIONS)), seed=st.integers(0, 2**32))
def test_any_ids_decode_alike(kind: str, options: str, seed: int) -> None:
    ours, theirs = pair(kind, options)
    ids = np.random.default_rng(seed).integers(0, len(ours.vocab), 12).tolist()
    assert ours.decode(ids) == theirs.decode(ids)
    spaces = [i for i, piece in enumerate(ours.vocab) if piece.surface.strip() == b""]
    low = np.random.default_rng(seed).choice([*spaces, *ids], 8).tolist()
    assert ours.decode(low) == theirs.decode(low)
    with pytest.raises(UsageError, match="is not in the vocabulary"):
        ours.decode([len(ours.vocab)])


# --- pieces of every kind and score -----------------------------------------------------------------------------

FLAGS = st.builds(Normalizer, st.just(""), st.just(b""), st.booleans(), st.booleans(), st.booleans())
SCORES = st.sampled_from([-1.0, -2.0, -2.5, 0.0, -0.0, 1.0])


@st.composite
def files(draw: st.DrawFn) -> SentencePieceFile:
    """A file of pieces over a few characters, some of which are no pieces by themselves."""
    kinds = st.sampled_from([Kind.NORMAL] * 4 + [Kind.UNUSED] * 2 + [Kind.USER_DEFINED, Kind.CONTROL])
    texts = draw(st.lists(st.text("aabé" + SPACE, min_size=1, max_size=5), min_size=1, max_size=14, unique=True))
    entries = [Entry(text, draw(SCORES), draw(kinds)) for text in texts]
    fallback = draw(st.booleans())
    return SentencePieceFile(
        draw(st.sampled_from(list(ModelType))),
        (UNKNOWN, *(BYTES if fallback else ()), *entries, Entry("b", -3.0), Entry("c", 0.0, Kind.UNUSED))
        if "b" not in texts
        else (UNKNOWN, *(BYTES if fallback else ()), *entries),
        fallback,
        draw(FLAGS),
        suffix_space=draw(st.booleans()),
    )


@settings(max_examples=200, deadline=None)
@given(file=files(), texts=st.lists(st.text("aaabbé cd" + SPACE, max_size=24), min_size=1, max_size=3))
def test_any_pieces(file: SentencePieceFile, texts: list[str]) -> None:
    normal = [entry.score for entry in file.entries if entry.kind == Kind.NORMAL]
    if file.model_type == ModelType.UNIGRAM and min(normal, default=1.0) > 0:
        with pytest.raises(FormatError, match=r"Unigram without a NORMAL piece|no piece that text"):
            run_model(file.to_bytes())
    elif any(entry.kind in (Kind.NORMAL, Kind.USER_DEFINED, Kind.UNUSED) for entry in file.entries):
        assert_alike(run_model(file.to_bytes()), texts)


def test_unused_pieces_are_cut_again_to_a_depth() -> None:
    deep = [Entry("a" * size, -float(size), Kind.UNUSED) for size in range(2, 130)]
    file = SentencePieceFile(ModelType.BPE, (UNKNOWN, Entry("a", 0.0), Entry("b", 0.0), *deep))
    ours = run_model(file.to_bytes())
    texts = ["a" * size for size in (2, 3, 7, 64)]
    chain = [Entry("b" + "a" * size, -float(size), Kind.UNUSED) for size in range(1, 130)]
    assert_alike(ours, texts)
    chained = run_model(replace(file, entries=(*file.entries[:3], *chain)).to_bytes())
    assert_alike(chained, ["b" + "a" * size for size in (1, 50, 99, 100, 101, 102, 120)])
    assert len(chained.encode("b" + "a" * 120).ids) == 102


def test_a_null_character_that_converters_add_is_shut_out() -> None:
    file = replace(TINY, entries=(*TINY.entries, Entry("\0", -9.0)))
    assert_alike(run_model(file.to_bytes()), ["ab\0ab", "\0"])
    with pytest.raises(FormatError, match=r"holds U\+0000"):
        run_model(replace(TINY, entries=(*TINY.entries, Entry("a\0", -9.0))).to_bytes())


def test_sums_of_unigram_start_anew_beyond_both_limits() -> None:
    scores = {"a": -3e4, "aa": -5.9e4, "b": 6e4, "bb": 1.300001e5, "ab": -1.1, "ba": 0.3}
    file = SentencePieceFile(ModelType.UNIGRAM, (UNKNOWN, *(Entry(*item) for item in scores.items())))
    assert_alike(run_model(file.to_bytes()), ["aaaba" * 9, "bbbab" * 9, "a" * 30 + "b" * 40 + "ab" * 9, "bcbbbcab" * 5])


# --- rules -------------------------------------------------------------------------------------------------------


@cache
def own_rules(folder: Path) -> bytes:
    rules = {"a": "", "ab": "xyz ", "aba": "  q", "ﬁ": "f i", "b b": "é", "\u2581": "_", "c": SPACE, "dd": " "}
    table = folder / "rules.tsv"
    table.write_text(
        "".join(
            f"{' '.join(f'{ord(c):X}' for c in key)}\t{' '.join(f'{ord(c):X}' for c in value)}\n"
            for key, value in rules.items()
        ),
        encoding="utf-8",
    )
    options = {"normalization_rule_name": "", "normalization_rule_tsv": str(table), "add_dummy_prefix": True}
    return library_model(["xyz ab q f i é ddd abba abab"] * 20, model_type="bpe", vocab_size=290, **options)


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> SentencePieceFile:
    return SentencePieceFile.from_bytes(own_rules(tmp_path_factory.mktemp("rules")))


@settings(max_examples=80, deadline=None)
@given(text=st.text("aabbcdﬁq \u2581é\0", max_size=30), remove=st.booleans(), dummy=st.booleans(), back=st.booleans())
def test_rules_of_the_file(ruled: SentencePieceFile, text: str, remove: bool, dummy: bool, back: bool) -> None:
    rules = replace(ruled.normalizer, remove_extra_whitespaces=remove, add_dummy_prefix=dummy)
    file = replace(ruled, normalizer=rules, denormalizer=rules if back else None)
    assert len(rules.charsmap) > 1000
    assert_alike(run_model(file.to_bytes()), [text])


def test_a_rule_may_take_a_part_of_a_character() -> None:
    units = np.zeros(512, np.uint32)
    units[0] = 256 << 10
    units[256 ^ 0xC3] = (0x80 << 10) | 0x100 | 0xC3  # the first byte of é, with a replacement
    units[(256 ^ 0xC3) ^ 0x80] = 1 << 31 | 0
    blob = (2048).to_bytes(4, "little") + units.astype("<u4").tobytes() + b"ab\0"
    file = replace(TINY, normalizer=Normalizer("x", blob, True, False))
    assert_alike(run_model(file.to_bytes()), ["é", "aéb ü", "éé", "漢é\0"])


@settings(max_examples=150, deadline=None)
@given(
    kept=st.lists(st.text("ab \u2581é", min_size=1, max_size=4), max_size=4, unique=True),
    texts=st.lists(st.text("aab \u2581é漢\0", max_size=20), max_size=4),
    flags=st.tuples(*[st.booleans()] * 5),
)
def test_twins_of_the_normalizer(kept: list[str], texts: list[str], flags: tuple[bool, ...]) -> None:
    normalizer = SpmNormalizer(Charsmap.of(b""), tuple(text.encode() for text in kept), *flags)
    raw = [text.encode() for text in texts]
    one, two = (normalizer.change_all(raw, backend) for backend in ("reference", "fast"))
    assert one.words.text.tobytes() == two.words.text.tobytes()
    assert one.words.starts.tolist() == two.words.starts.tolist()
    assert one.sources.tolist() == two.sources.tolist()
    spans = [normalizer.kept_in(one.words, backend).tolist() for backend in ("reference", "fast")]
    assert spans[0] == spans[1]


# --- what cannot be run, and files made to harm ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"entries": (*TINY.entries, Entry("a" * 513, -9.0))}, "513 characters"),
        ({"entries": (*TINY.entries, Entry("a" * 8000, 0.0, Kind.USER_DEFINED))}, "8,000 bytes"),
        ({"entries": TINY.entries[:257]}, "no piece that text can become"),
        ({"entries": (*TINY.entries, Entry("c", -1e31))}, "too large to be added up"),
        ({"normalizer": Normalizer("x", b"xx")}, "does not fit in 2 bytes"),
        (
            {"entries": (*TINY.entries, *(Entry("c" * size, 0.0, Kind.USER_DEFINED) for size in range(1, 66)))},
            "65 USER_DEFINED pieces that begin one another",
        ),
    ],
)
def test_what_is_not_run_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(FormatError) as caught:
        run_model(replace(TINY, **change).to_bytes())
    assert named in str(caught.value)


@pytest.mark.parametrize("seed", range(3))
def test_changed_rules_are_refused_or_run_alike(ruled: SentencePieceFile, seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(12):
        blob = bytearray(ruled.normalizer.charsmap)
        for at in random.integers(0, len(blob), 3).tolist():
            blob[at] = int(random.integers(0, 256))
        data = replace(ruled, normalizer=replace(ruled.normalizer, charsmap=bytes(blob))).to_bytes()
        assert_refused_or_alike(data)


def test_every_prefix_is_refused_and_every_changed_byte_refused_or_run_alike() -> None:
    small = replace(
        TINY, entries=(UNKNOWN, *TINY.entries[257:], Entry("c", 0.0, Kind.USER_DEFINED)), byte_fallback=False
    )
    for kind in ModelType:
        data = replace(small, model_type=kind, normalizer=Normalizer(add_dummy_prefix=True)).to_bytes()
        for size in range(len(data)):
            with pytest.raises(FormatError):
                run_model(data[:size])
        random = np.random.default_rng(int(kind))
        for at in range(len(data)):
            changed = bytearray(data)
            changed[at] ^= 1 << int(random.integers(0, 8))
            assert_refused_or_alike(bytes(changed))


def assert_refused_or_alike(data: bytes) -> None:
    try:
        ours = run_model(data)
    except FormatError:
        return
    engine = library(data)
    for text in ("ab aabb ab\u00e9", "  c ab c"):
        assert ours.encode(text).ids.tolist() == engine.encode(text)


# --- loading -----------------------------------------------------------------------------------------------------


def test_loaded_by_name_saved_and_pickled(tmp_path: Path) -> None:
    path = tmp_path / "x.model"
    path.write_bytes(trained("unigram", "defaults"))
    ours = load(path, engine="toklab")
    assert isinstance(ours, SpmTokenizer)
    text = "  Ａ  ﬁsh caf\u0065\u0301 "
    assert ours.save(tmp_path / "saved").read_bytes() == path.read_bytes()
    again = load(tmp_path / "saved", engine="toklab")
    for other in (load(path), again, pickle.loads(pickle.dumps(ours))):
        assert other.encode(text).ids.tolist() == ours.encode(text).ids.tolist()
        assert other.encode(text).offsets.tolist() == ours.encode(text).offsets.tolist()
    with pytest.raises(UsageError, match="lone surrogate"):
        ours.encode("\ud800")
    with pytest.raises(FormatError, match=r"nothing\.model"):
        load(tmp_path / "nothing.model", engine="toklab")
    (tmp_path / "cut.model").write_bytes(path.read_bytes()[:99])
    with pytest.raises(FormatError, match=r"cut\.model: not a whole SentencePiece model"):
        load(tmp_path / "cut.model", engine="toklab")


def test_threads_change_nothing() -> None:
    texts = [*english(), *many_scripts()] * 3
    for kind in ("bpe", "unigram"):
        ours, theirs = pair(kind, "kept")
        one, two = (ours.encode_batch(texts, offsets=True, threads=threads) for threads in (1, 2))
        assert one.ids.tolist() == two.ids.tolist() == theirs.encode_batch(texts).ids.tolist()
        assert one.offsets.tolist() == two.offsets.tolist()
