"""Which pieces text can become: no proof against a piece that some text does become, and known cases by hand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NASTY

from toklab.algorithms.models import BpeModel, Model
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.symbols import byte_symbols
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.word_model import WordModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.baselines.huggingface import HuggingFaceTokenizer
from toklab.inspecting import Reach, Status
from toklab.inspecting.boundaries import Boundaries
from toklab.inspecting.reaching import reach_of
from toklab.inspecting.utf8 import characters_with, head_of, inside_of, is_stretch, is_whole, tail_of
from toklab.pretokenize import PATTERNS, get_pretokenizer
from toklab.training import train
from toklab.types import Piece, Tokenizer, Vocab

UNK = Piece(b"<unk>", special=True)


def texts_over(alphabet: Sequence[str], longest: int) -> list[str]:
    """Every text of up to so many characters."""
    sizes = range(1, longest + 1)
    return ["".join(chars) for size in sizes for chars in itertools.product(alphabet, repeat=size)]


def reached(tokenizer: Tokenizer) -> tuple[Reach, ...]:
    """What the search and the proofs say, without the help of a text."""
    return reach_of(tokenizer, ["a"], list(tokenizer.encode_batch(["a"], offsets=True)))[0]


def check(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[Reach, ...]:
    """Every witness holds, and no text holds a piece that is called unreachable."""
    found = reached(tokenizer)
    emitted = set(tokenizer.encode_batch(texts).ids.tolist())
    for each in found:
        if each.status is Status.REACHABLE:
            assert each.witness is not None
            assert each.id in tokenizer.encode(each.witness).ids.tolist()
        elif each.status is Status.UNREACHABLE:
            assert each.reason
            assert each.id not in emitted, each
    return found


def trained(model: Model, pattern: str = "none") -> TrainedTokenizer:
    return TrainedTokenizer("test", model, get_pretokenizer(pattern))


def bpe(chars: str, merges: Sequence[tuple[str, str]], extra: Sequence[str] = (), unk: bool = True) -> BpeModel:
    """A BPE of characters; ``extra`` are pieces that no merge makes."""
    texts = list(dict.fromkeys([*chars, *(left + right for left, right in merges), *extra]))
    pieces = [*([UNK] if unk else []), *(Piece(text.encode()) for text in texts)]
    ids = {text: i + unk for i, text in enumerate(texts)}
    table = tuple((ids[left], ids[right], ids[left + right]) for left, right in merges)
    return BpeModel(Vocab(tuple(pieces), 0 if unk else None), table, "character")


def byte_bpe(merges: Sequence[tuple[bytes, bytes]]) -> BpeModel:
    made = dict.fromkeys(left + right for left, right in merges)
    pieces = [*(symbol.piece for symbol in byte_symbols()), *map(Piece, made)]
    ids = {piece.surface: i for i, piece in enumerate(pieces)}
    table = tuple((ids[left], ids[right], ids[left + right]) for left, right in merges)
    return BpeModel(Vocab(tuple(pieces)), table, "byte")


def status(found: Sequence[Reach], text: str | bytes, continuation: bool = False) -> Reach:
    raw = text.encode() if isinstance(text, str) else text
    return next(e for e in found if (e.piece.surface, e.piece.continuation) == (raw, continuation))


# --- bytes -----------------------------------------------------------------------------------------------------


def test_pairs_of_bytes_are_those_of_utf8() -> None:
    characters = [chr(c).encode() for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    inside = {pair for raw in characters for pair in itertools.pairwise(raw)}
    meeting = set(itertools.product({raw[-1] for raw in characters}, {raw[0] for raw in characters}))
    every = itertools.product(range(256), repeat=2)
    assert {pair for pair in every if is_stretch(bytes(pair))} == inside | meeting


@given(st.binary(min_size=1, max_size=6))
def test_bytes_that_may_stand_in_a_text_do(raw: bytes) -> None:
    if not is_stretch(raw):
        return
    if head_of(raw) == raw:
        assert len(characters_with(raw, "inside"))
        return
    before = chr(characters_with(head_of(raw), "end")[0]) if head_of(raw) else ""
    after = chr(characters_with(tail_of(raw), "begin")[0]) if tail_of(raw) else ""
    assert raw in (before + inside_of(raw) + after).encode()


@given(st.text(max_size=4), st.data())
def test_bytes_of_a_text_may_stand_in_one(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    part = raw[start:end]
    assert is_stretch(part)
    assert head_of(part) + inside_of(part).encode() + tail_of(part) == part
    assert is_whole(part) == (not head_of(part) and not tail_of(part))


# --- patterns --------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.sampled_from([*PATTERNS, "[a-z]+", r"\d+(?!\.)", "(?:ab)+"]), st.lists(st.sampled_from(NASTY), max_size=5))
def test_what_pre_tokens_hold_is_never_called_impossible(name: str, parts: list[str]) -> None:
    pretokenizer = get_pretokenizer(name)
    boundaries = Boundaries(pretokenizer)
    for word in pretokenizer.words("ab" + "".join(parts)):
        for start, end in itertools.combinations(range(len(word) + 1), 2):
            flags: dict[str, bool] = {"first": start == 0, "later": start > 0, "last": end == len(word)}
            assert boundaries.why_never(word[start:end], **flags) is None
            assert boundaries.why_never(word[start:end]) is None


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("gpt2", "o w", "always cuts between 'o' and ' '"),
        ("gpt2", "a1", "always cuts between 'a' and '1'"),
        ("gpt2", " the", None),
        ("cl100k", "1234", "always cuts between '123' and '4'"),
        ("cl100k", ".x", None),
        ("bert", "can't", "always cuts between 'can' and \"'\""),
        ("whitespace", "a b", "always cuts between 'a' and ' '"),
        ("sentencepiece", "a b", "always cuts between 'a' and ' '"),
        ("none", "a b\n", None),
        ("[a-z]+", "a1", "always cuts between 'a' and '1'"),
        ("[a-z]+", "1 2", None),
    ],
)
def test_texts_that_patterns_cut(name: str, text: str, reason: str | None) -> None:
    found = Boundaries(get_pretokenizer(name)).why_never(text)
    assert found is None if reason is None else reason in str(found)


# --- BPE -------------------------------------------------------------------------------------------------------


@st.composite
def bpe_models(draw: st.DrawFn) -> BpeModel:
    """Merges in any order: many can never be made, and some pieces have none."""
    known = ["a", "b"]
    merges = []
    for _ in range(draw(st.integers(0, 6))):
        pair = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        if len("".join(pair)) <= 5 and pair not in merges:
            merges.append(pair)
            known.append("".join(pair))
    extra = draw(st.lists(st.sampled_from(["aab", "bb", "abab", "ba"]), max_size=2))
    return bpe("ab", draw(st.permutations(merges)), extra, unk=draw(st.booleans()))


@settings(deadline=None, max_examples=60)
@given(bpe_models(), st.sampled_from(["none", "a+b?", "ab|b"]))
def test_bpe_against_every_short_text(model: BpeModel, pattern: str) -> None:
    found = check(trained(model, pattern), texts_over("ab", 7))
    if pattern == "none":  # the answer is exact
        assert not [each for each in found if each.status is Status.NOT_FOUND]


def test_a_merge_that_comes_too_late() -> None:
    model = bpe("abc", [("b", "c"), ("a", "b"), ("ab", "c")])
    found = check(trained(model), texts_over("abc", 6))
    assert status(found, "abc").status is Status.UNREACHABLE
    assert status(found, "abc").reason == "its own symbols are merged to 'a' + 'bc' and no further"
    assert status(found, "ab").status is Status.REACHABLE
    assert "c" not in str(status(found, "ab").witness)


def test_pieces_that_cross_what_the_pattern_cuts() -> None:
    merges = [("o", " "), ("o ", "w"), (" ", "w"), ("1", "2")]
    found = check(trained(bpe("ow 12", merges), "gpt2"), texts_over("ow 12", 4))
    crossing = [each.piece.surface for each in found if each.status is Status.UNREACHABLE]
    assert crossing == [b"o ", b"o w"]
    assert "always cuts between 'o' and ' '" in status(found, "o ").reason


def test_characters_that_vanish_let_their_neighbours_meet() -> None:
    model = bpe("ab", [("a", "b")], unk=False)
    tokenizer = trained(model, r"a\?b|a|b")
    assert tokenizer.encode("a?b").ids.tolist() == [2]
    assert status(check(tokenizer, ["a?b"]), "ab").status is Status.NOT_FOUND
    with_unknown = check(trained(bpe("ab", [("a", "b")]), r"a\?b|a|b"), texts_over("ab?", 5))
    assert "always cuts" in status(with_unknown, "ab").reason


def test_a_suffix_may_be_spelled_by_the_text() -> None:
    texts = ["a", "b", "<", "a</w>", "b</w>", "ab</w>", ">", "/", "w", "ba</w>", "></w>"]
    pieces = [UNK, *(Piece(t.removesuffix("</w>").encode(), word_final="</w>" in t) for t in texts)]
    ids = {text: i + 1 for i, text in enumerate(texts)}
    model = BpeModel(Vocab(tuple(pieces), 0), ((ids["a"], ids["b</w>"], ids["ab</w>"]),), "character", "</w>")
    found = check(trained(model, "whitespace"), texts_over("ab</w>", 4))
    by_text = dict(zip(texts, found[1:], strict=True))
    assert by_text["ab</w>"].status is Status.REACHABLE
    assert by_text["ba</w>"].status is Status.UNREACHABLE


@st.composite
def byte_models(draw: st.DrawFn) -> BpeModel:
    raw = "aéè日".encode()
    known = [bytes([byte]) for byte in dict.fromkeys(raw)]
    merges = []
    for _ in range(draw(st.integers(0, 6))):
        pair = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        if len(b"".join(pair)) <= 5 and pair not in merges:
            merges.append(pair)
            known.append(b"".join(pair))
    return byte_bpe(draw(st.permutations(merges)))


@settings(deadline=None, max_examples=25)
@given(byte_models())
def test_byte_level_bpe_against_every_short_text(model: BpeModel) -> None:
    found = check(trained(model), texts_over("aéèê日", 4))
    impossible = [e.piece.surface[0] for e in found[:256] if e.status is Status.UNREACHABLE]
    assert sorted(impossible) == [0xC0, 0xC1, *range(0xF5, 0x100)]


def test_a_byte_that_is_always_merged() -> None:
    model = byte_bpe([(b"\xf4", bytes([byte])) for byte in range(0x80, 0x90)])
    found = check(trained(model), ["\U00100000", "\U0010ffff", "a\U00105555"])
    assert status(found, b"\xf4").status is Status.UNREACHABLE
    assert "could end its last character" in status(found, b"\xf4").reason
    fewer = check(trained(byte_bpe([(b"\xf4", bytes([byte])) for byte in range(0x80, 0x8F)])), [])
    assert status(fewer, b"\xf4").status is Status.REACHABLE


def test_bytes_that_no_text_holds_side_by_side() -> None:
    model = byte_bpe([(b"\xed", b"\xa0"), (b"a", b"\x80"), (b"\xe0", b"\xa0")])
    found = check(trained(model), ["\u0800", "\ud7ff"])
    assert [status(found, raw).status for raw in (b"\xed\xa0", b"a\x80")] == [Status.UNREACHABLE] * 2
    assert status(found, b"\xe0\xa0").status is Status.REACHABLE


# --- the other models --------------------------------------------------------------------------------------------


@st.composite
def wordpiece_models(draw: st.DrawFn) -> WordPieceModel:
    texts = st.text("ab#", min_size=1, max_size=4)
    first = {"a", "b", *draw(st.sets(texts, max_size=6))}
    later = draw(st.sets(texts, max_size=6))
    pieces = [Piece(t.encode()) for t in sorted(first) if not (t.startswith("##") and t != "##")]
    pieces += [Piece(t.encode(), continuation=True) for t in sorted(later)]
    return WordPieceModel(Vocab((Piece(b"[UNK]", special=True), *pieces), 0), draw(st.integers(2, 8)))


@settings(deadline=None, max_examples=60)
@given(wordpiece_models(), st.sampled_from(["none", "bert", "a+b?"]))
def test_wordpiece_against_every_short_text(model: WordPieceModel, pattern: str) -> None:
    check(trained(model, pattern), texts_over("ab#", 6))


def wordpiece(texts: str, longest: int = 100) -> TrainedTokenizer:
    made = [Piece(t.removeprefix("##").encode(), continuation=t.startswith("##")) for t in texts.split()]
    return trained(WordPieceModel(Vocab((Piece(b"[UNK]", special=True), *made), 0), longest), "bert")


def test_a_continuation_stands_behind_a_piece_that_leaves_it_alone() -> None:
    assert status(check(wordpiece("a ax ##b"), texts_over("abx", 5)), "b", True).witness == "ab"
    assert status(check(wordpiece("a ab ##b"), texts_over("ab", 5)), "b", True).witness == "abb"


def test_a_continuation_whose_characters_longer_pieces_always_take() -> None:
    found = check(wordpiece("a ab abb ##b ##bb", longest=3), texts_over("ab", 5))
    for text in ("b", "bb"):
        assert "a longer piece takes" in status(found, text, True).reason
    found = check(wordpiece("a ab abb ##b ##bb", longest=4), texts_over("ab", 5))
    assert status(found, "b", True).witness == "abbb"


def test_pieces_that_are_longer_than_any_word() -> None:
    found = check(wordpiece("a abb ##b ##bb", longest=2), texts_over("ab", 5))
    assert "more than 2 characters" in status(found, "abb").reason
    assert "more than 2 characters" in status(found, "bb", True).reason
    assert status(found, "b", True).witness == "ab"


def test_a_space_that_continues_spaces_among_many_pieces() -> None:
    texts = ["\n", *(f"w{i}" for i in range(700))]
    made = (Piece(b"[UNK]", special=True), *(Piece(t.encode()) for t in texts), Piece(b"\n", continuation=True))
    found = reached(trained(WordPieceModel(Vocab(made, 0)), "gpt2"))
    assert status(found, "\n", True).witness == "\n\n"


def test_a_continuation_of_punctuation_that_the_pattern_splits_off() -> None:
    found = check(wordpiece("a ! ##!"), texts_over("a!#", 5))
    assert "holds '!'" in status(found, "!", True).reason
    assert status(found, "!").status is Status.REACHABLE


@st.composite
def unigram_models(draw: st.DrawFn) -> UnigramModel:
    texts = ["a", "b", *sorted(draw(st.sets(st.text("ab", min_size=2, max_size=4), max_size=8)))]
    scores = [draw(st.sampled_from([-1.0, -2.0, -2.5, -3.0, -7.0])) for _ in texts]
    return UnigramModel(Vocab((UNK, *(Piece(text.encode()) for text in texts)), 0), (-100.0, *scores))


@settings(deadline=None, max_examples=60)
@given(unigram_models(), st.sampled_from(["none", "a+b?"]))
def test_unigram_against_every_short_text(model: UnigramModel, pattern: str) -> None:
    check(trained(model, pattern), texts_over("ab", 7))


def test_a_piece_that_others_spell_more_probably() -> None:
    pieces = (UNK, Piece(b"a"), Piece(b"b"), Piece(b"ab"))
    found = check(trained(UnigramModel(Vocab(pieces, 0), (-50.0, -1.0, -2.0, -4.0))), texts_over("ab", 6))
    assert status(found, "ab").reason == "'a' + 'b' is more probable (-3 against -4 nats)"
    tied = check(trained(UnigramModel(Vocab(pieces, 0), (-50.0, -1.0, -2.0, -3.0))), texts_over("ab", 6))
    assert status(tied, "ab").status is not Status.UNREACHABLE


def test_words_that_the_pattern_cuts() -> None:
    model = WordModel(Vocab((UNK, Piece(b"don"), Piece(b"don't"), Piece(b"a b")), 0))
    found = check(trained(model, "bert"), ["don't a b"])
    assert [each.status.value for each in found] == ["special", "reachable", "unreachable", "unreachable"]


def test_what_the_normaliser_takes_away() -> None:
    model = WordModel(Vocab((UNK, Piece("é".encode()), Piece(b"e"), Piece(b"E")), 0))
    tokenizer = TrainedTokenizer("test", model, get_pretokenizer("bert"), "bert")
    found = check(tokenizer, ["é", "E", "e"])
    assert status(found, "é").reason == "the normaliser 'bert' leaves no 'é' in a text"
    assert status(found, "E").status is Status.UNREACHABLE
    assert status(found, "e").status is Status.REACHABLE


def _library_models() -> Iterator[Any]:
    yield "hf-bpe", {}
    yield "hf-wordpiece", {}
    yield "hf-unigram", {}
    yield "spm-bpe", {}
    yield "spm-unigram", {}


@pytest.mark.parametrize(("algorithm", "options"), [*_library_models()])
def test_library_models_are_understood(algorithm: str, options: dict[str, Any]) -> None:
    texts = ["the cat sat on the mat, the cats sat on the mats", "a hat and a bat: that is that!"] * 3
    tokenizer = train(algorithm, texts, vocab_size=400 if "spm" in algorithm or "bpe" in algorithm else 60, **options)
    found, understood = reach_of(tokenizer, texts, list(tokenizer.encode_batch(texts, offsets=True)))
    assert understood
    emitted = set(tokenizer.encode_batch(texts).ids.tolist())
    assert emitted <= {e.id for e in found if e.status in (Status.REACHABLE, Status.SPECIAL)}
    for each in found:
        assert each.witness is None or each.id in tokenizer.encode(each.witness).ids.tolist()


def test_tokens_that_a_library_splits_off_are_beyond_the_proofs() -> None:
    tokenizer = train("hf-bpe", ["the cat sat on the mat"] * 3, vocab_size=265)
    assert isinstance(tokenizer, HuggingFaceTokenizer)
    data = json.loads(tokenizer.model)
    data["model"]["vocab"]["x y"] = 265
    entry = {"id": 265, "content": "x y", "special": False, "normalized": False}
    data["added_tokens"] = [{**entry, "single_word": False, "lstrip": False, "rstrip": False}]
    edited = HuggingFaceTokenizer("edited", json.dumps(data).encode(), {})
    found, understood = reach_of(edited, ["x"], list(edited.encode_batch(["x"])))
    assert not understood
    assert status(found, "x y").status is Status.REACHABLE
    assert not [each for each in found if each.status is Status.UNREACHABLE]
