"""The libraries as baselines: exact sizes, round trips, offsets, unknown words, files that are cut short."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.baselines import huggingface, sentencepiece
from toklab.corpus import Corpus, open_corpus
from toklab.errors import (
    BaselineError,
    FormatError,
    InputError,
    OutputError,
    PatternError,
    UsageError,
    VocabSizeError,
)
from toklab.files import write_atomic
from toklab.pretokenize import PATTERNS, get_pretokenizer
from toklab.types import Determinism, Encoding, Piece

TEXT = """The harbour wakes before the town does. Gulls argue over the fish crates, and a boy named Oskar
counts them aloud: forty-one, forty-two, forty-three! His grandmother sells smoked eels for 12 crowns a piece.

"You're late," she said, without looking up. "The ferry left at 6:45, and we've lost the doctor."
He didn't answer; he was watching a grey seal that had followed the boats in from the outer islands.

In winter the same harbour is silent. Ice closes the inner basin by January, thick enough for horses by March,
and the pilots' wives walk across it to visit one another. Nobody remembers a winter when it failed to freeze.

def depth(soundings):
    return sum(soundings) / len(soundings)  # metres, not fathoms

Naïve visitors ask whether the café opens before noon. It doesn't, and the señora who keeps it isn't sorry.
Über den Hafen schreibt niemand ein Lied. Зимой гавань молчит. 冬の港は静かだ。

Counting, weighing, mending, painting, waiting: the working year is made of such words. A net is mended in an
evening, a hull is painted in a week, and a reputation is mended never. Oskar learned the weights before the
letters, and the letters before the tides; the tides, he says, cannot be learned but only listened to.
"""
DOCUMENTS = tuple(part + "\n\n" for part in TEXT.split("\n\n"))
CORPUS = Corpus("harbour", DOCUMENTS)
ALGORITHMS: dict[str, Any] = {
    algorithm.name: algorithm
    for algorithm in (
        huggingface.BPE,
        huggingface.WORDPIECE,
        huggingface.UNIGRAM,
        huggingface.WORDLEVEL,
        sentencepiece.BPE,
        sentencepiece.UNIGRAM,
        sentencepiece.CHAR,
        sentencepiece.WORD,
    )
}
HUGGING_FACE = [name for name in ALGORITHMS if name.startswith("hf-")]
SIZES = {"hf-unigram": 180, "hf-wordlevel": 150, "spm-char": 400, "spm-word": 120}
# Any text but lone surrogates, with what pre-tokenizers and byte alphabets trip over made likely.
ANY_TEXT = st.lists(
    st.sampled_from(["the ", " harbour", "\n", "\r\n", "\t", "  ", "\0", "\x1f", "é", "日本", "▅", "<0x41>", "<unk>"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
).map("".join)
USER_PATTERN = r"[A-Za-z]+|\d|\s+"
# A text on which the library's regular expressions give up, with a panic, and the pattern to do it with.
BACKTRACKING = "(?:a|a)*[bc]"
PANICS = "a" * 40 + " b"


def fit(name: str, corpus: Corpus = CORPUS, **options: Any) -> Any:
    algorithm = ALGORITHMS[name]
    return algorithm.fit(corpus, algorithm.spec_type(**({"vocab_size": SIZES.get(name, 420)} | options)))


@cache
def fitted(name: str, pretokenizer: str | None = None, normalizer: str = "none") -> Any:
    return fit(name, pretokenizer=pretokenizer, normalizer=normalizer)


def check_offsets(text: str, encoding: Encoding, *, full: bool = False) -> None:
    size = len(text.encode("utf-8"))
    assert encoding.ids.dtype == np.int32
    assert encoding.offsets.dtype == np.int64
    assert encoding.offsets.shape == (len(encoding), 2)
    assert (np.diff(encoding.offsets, axis=0) >= 0).all()
    assert (encoding.offsets[:, 0] <= encoding.offsets[:, 1]).all()
    assert (encoding.offsets >= 0).all()
    assert (encoding.offsets <= size).all()
    if full:
        edges = [0, *encoding.offsets[:, 1].tolist()]
        assert encoding.offsets[:, 0].tolist() == edges[:-1]
        assert edges[-1] == size


def check_panic(error: BaselineError, capfd: pytest.CaptureFixture[str]) -> None:
    """It was a panic, which is no Exception, and the library printed it."""
    assert not isinstance(error.__cause__, Exception)
    assert type(error.__cause__).__name__ == "PanicException"
    printed = capfd.readouterr()
    assert "panicked" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("name", ALGORITHMS)
def test_vocabulary_has_exactly_the_size_asked_for(name: str) -> None:
    tokenizer = fitted(name)
    expected = len(set(TEXT)) + 1 if name == "spm-char" else SIZES.get(name, 420)
    assert len(tokenizer.vocab) == expected
    assert tokenizer.name == name
    assert tokenizer.signature["algo"] == name
    assert tokenizer.signature["lib"] == ALGORITHMS[name].library
    assert ALGORITHMS[name].sized == (name != "spm-char")
    assert ALGORITHMS[name].takes_pretokenizer == name.startswith("hf-")


def test_library_names_its_version() -> None:
    assert huggingface.BPE.library.startswith("tokenizers-0.")
    assert sentencepiece.BPE.library.startswith("sentencepiece-0.")


@pytest.mark.parametrize("name", ["hf-bpe", "spm-bpe", "spm-unigram"])
@settings(max_examples=150, deadline=None)
@given(text=ANY_TEXT)
def test_lossless_baselines_give_the_text_back(name: str, text: str) -> None:
    if name.startswith("spm-"):
        # The one character that SentencePiece cannot hold: its own spelling of the space.
        text = text.replace("\u2581", "_")
    tokenizer = fitted(name)
    encoding = tokenizer.encode(text)
    assert tokenizer.decode(encoding.ids) == text
    check_offsets(text, encoding, full=True)
    raw = text.encode()
    for index, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
        assert tokenizer.vocab[index].surface == raw[start:end]


@pytest.mark.parametrize("name", ["spm-bpe", "spm-unigram"])
def test_sentencepiece_cannot_tell_its_space_from_a_space(name: str) -> None:
    tokenizer = fitted(name)
    encoding = tokenizer.encode("a\u2581b é")
    assert tokenizer.decode(encoding.ids) == "a b é"
    check_offsets("a\u2581b é", encoding, full=True)


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("normalizer", ["none", "bert"])
@settings(max_examples=60, deadline=None)
@given(text=ANY_TEXT)
def test_offsets_are_valid(name: str, normalizer: str, text: str) -> None:
    if normalizer == "bert" and name not in HUGGING_FACE:
        return
    check_offsets(text, fitted(name, normalizer=normalizer).encode(text))


@pytest.mark.parametrize("name", HUGGING_FACE)
@pytest.mark.parametrize("pattern", [*PATTERNS, USER_PATTERN])
def test_no_token_crosses_a_pre_token(name: str, pattern: str) -> None:
    tokenizer = fitted(name, pattern)
    text = TEXT + "Naïve ##x don't  stop\u3000冬の港 12345 x_y\t\n \n end "
    widths = np.cumsum([0, *(len(char.encode()) for char in text)])
    spans = [(widths[start], widths[end]) for start, end in get_pretokenizer(pattern).spans(text)]
    encoding = tokenizer.encode(text)
    check_offsets(text, encoding, full=name == "hf-bpe" and get_pretokenizer(pattern).entry.keeps_gaps)
    assert len(encoding)
    starts = [start for start, _ in spans]
    for start, end in encoding.offsets:
        span = spans[int(np.searchsorted(starts, start, side="right")) - 1]
        assert span[0] <= start <= end <= span[1]


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", USER_PATTERN])
def test_character_models_give_known_text_back(pattern: str) -> None:
    for name in ("hf-wordpiece", "hf-unigram"):
        tokenizer = fitted(name, pattern)
        for document in DOCUMENTS:
            assert tokenizer.decode(tokenizer.encode(document).ids) == document
    words = fit("hf-wordlevel", vocab_size=1000, pretokenizer=pattern)
    assert words.decode(words.encode(DOCUMENTS[0]).ids) == DOCUMENTS[0]


@pytest.mark.parametrize("suffix", [None, "</w>"])
def test_bpe_on_characters(suffix: str | None) -> None:
    tokenizer = fit("hf-bpe", alphabet="character", end_of_word_suffix=suffix)
    for document in DOCUMENTS:
        assert tokenizer.decode(tokenizer.encode(document).ids) == document
    encoding = tokenizer.encode("\U0001f9ff the")
    assert tokenizer.vocab[int(encoding.ids[0])].special
    the = tokenizer.vocab[int(encoding.ids[-1])]
    assert (the.surface, the.word_final) == (b" the", suffix is not None)
    spaced = fit("hf-bpe", alphabet="character", end_of_word_suffix="</w>", pretokenizer="whitespace")
    assert spaced.decode(spaced.encode("the  weather ").ids).strip() == "the weather"


def test_hash_signs_survive_wordpiece() -> None:
    tokenizer = fit("hf-wordpiece", Corpus("signs", ("## the # sign ##\n" * 4,)), vocab_size=40)
    assert tokenizer.decode(tokenizer.encode("## the ##\n").ids) == "## the ##\n"


def test_dropped_whitespace_is_a_gap() -> None:
    tokenizer = fitted("hf-bpe", "whitespace")
    text = "  the é  harbour\n"
    encoding = tokenizer.encode(text)
    raw = text.encode()
    assert b"".join(raw[start:end] for start, end in encoding.offsets) == "theéharbour".encode()
    assert encoding.offsets[0].tolist()[0] == 2


def test_bert_pipeline_puts_spaces_between_words() -> None:
    tokenizer = fitted("hf-wordpiece", "bert", "bert")
    assert tokenizer.decode(tokenizer.encode("The  Harbour, the café").ids) == "the harbour , the cafe"


def test_unknown_word_is_one_token_that_covers_it() -> None:
    tokenizer = fitted("hf-wordpiece")
    text = "the ☃☃ harbour"
    encoding = tokenizer.encode(text)
    unknown = np.flatnonzero(encoding.ids == tokenizer.vocab.unk_id)
    assert len(unknown) == 1
    start, end = encoding.offsets[unknown[0]]
    assert text.encode()[start:end].decode() == " ☃☃"
    assert tokenizer.vocab[tokenizer.vocab.unk_id] == Piece(b"[UNK]", special=True)
    assert tokenizer.decode(encoding.ids) == "the harbour"


@pytest.mark.parametrize("name", ["hf-unigram", "hf-wordlevel", "spm-char", "spm-word"])
def test_unknown_text_is_covered(name: str) -> None:
    tokenizer = fitted(name)
    text = "the ☃ harbour"
    encoding = tokenizer.encode(text)
    covered = [text.encode()[start:end] for start, end in encoding.offsets[encoding.ids == tokenizer.vocab.unk_id]]
    assert any("☃".encode() in part for part in covered)
    check_offsets(text, encoding, full=True)


@pytest.mark.parametrize(("name", "unk"), [("hf-bpe", None), ("hf-wordlevel", 0), ("spm-bpe", 0), ("spm-word", 0)])
def test_unknown_id(name: str, unk: int | None) -> None:
    assert fitted(name).vocab.unk_id == unk


def test_pieces_are_comparable() -> None:
    bpe, wordpiece, spm = fitted("hf-bpe"), fitted("hf-wordpiece"), fitted("spm-bpe")
    assert Piece(b" the") in bpe.vocab.pieces
    assert Piece(b"\xe3", byte=True) in bpe.vocab.pieces
    assert Piece(b"a") in bpe.vocab.pieces
    assert Piece(b" the") in wordpiece.vocab.pieces
    assert Piece(b"e", continuation=True) in wordpiece.vocab.pieces
    assert Piece(b" the") in spm.vocab.pieces
    assert Piece(b"\x0a", byte=True) in spm.vocab.pieces
    assert len(bpe.vocab.merges) == len(bpe.vocab) - 256
    left, right = bpe.vocab.merges[0]
    assert bpe.vocab[256].surface == left.surface + right.surface


@pytest.mark.parametrize("name", ["spm-bpe", "spm-unigram", "spm-char"])
def test_sentencepiece_reads_long_documents_and_their_line_ends(name: str) -> None:
    word = "qzj"
    long_line = f"{word} " * 2500
    assert len(long_line) >= 10_000
    tokenizer = fit(name, Corpus("long", ("a b\n", long_line)))
    surfaces = b"".join(p.surface for p in tokenizer.vocab if not p.byte and not p.special)
    assert set(word.encode()) <= set(surfaces)
    assert b"\n" in [p.surface for p in tokenizer.vocab if not p.byte]
    assert not any(b"\x1f" in p.surface for p in tokenizer.vocab if not p.byte)


@pytest.mark.parametrize("name", ["spm-bpe", "spm-unigram", "spm-char", "spm-word"])
def test_sentencepiece_says_what_it_does_not_read(name: str) -> None:
    odd = ("zzz \u2585 zzz", "a\0b", "c\u2581d", "see <pad> and <pad>", "left right")
    corpus = Corpus("odd", (*(text.strip() for text in DOCUMENTS), *odd))
    tokenizer = fit(name, corpus, special_tokens=("<pad>",), byte_fallback=False)
    told = "\n".join(tokenizer.warnings)
    assert "skips 1 of 11 documents (11 bytes), which hold U+2585" in told
    assert "reads 1 characters U+2581 as spaces" in told
    assert "does not learn 1 characters U+0000 and U+001F" in told
    assert "does not learn from 2 texts that spell a special piece" in told
    assert not any(b"zzz" in piece.surface for piece in tokenizer.vocab)
    assert not fitted("spm-bpe").warnings


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "spm-char"])
def test_too_small_a_vocabulary_names_the_smallest_that_works(name: str) -> None:
    with pytest.raises(VocabSizeError) as caught:
        fit(name, vocab_size=1)
    smallest = caught.value.smallest
    if smallest > 2:
        with pytest.raises(VocabSizeError) as caught:
            fit(name, vocab_size=smallest - 1)
        assert caught.value.smallest == smallest
    assert len(fit(name, vocab_size=smallest).vocab) == smallest


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "spm-char"])
def test_a_vocabulary_that_the_corpus_cannot_fill_is_told(name: str) -> None:
    tokenizer = fit(name, vocab_size=30_000)
    size = len(tokenizer.vocab)
    assert size < 30_000
    assert f"vocabulary of {size:,} pieces: the corpus holds no more (30,000 asked for)" in tokenizer.warnings


@pytest.mark.parametrize("name", ALGORITHMS)
def test_special_tokens_come_first_and_their_text_is_text(name: str) -> None:
    tokenizer = fit(name, special_tokens=("<pad>", "<sep>"))
    first = [p.surface for p in tokenizer.vocab.pieces[: 2 + (tokenizer.vocab.unk_id is not None)]]
    assert first[-2:] == [b"<pad>", b"<sep>"]
    pad = first.index(b"<pad>")
    assert tokenizer.vocab[pad].special
    encoding = tokenizer.encode("a <pad> b")
    assert pad not in encoding.ids
    assert tokenizer.decode([pad, *encoding.ids, pad]) == tokenizer.decode(encoding.ids)


def test_a_special_token_that_ordinary_text_spells_is_told() -> None:
    tokenizer = fit("hf-bpe", Corpus("the", ("thethe the\n" * 9,)), vocab_size=262, special_tokens=("the",))
    assert "the text 'the' is encoded as the special token that it spells" in tokenizer.warnings
    check_offsets("the the", tokenizer.encode("the the"), full=True)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("hf-bpe", {"backend": "fast"}),
        ("hf-bpe", {"normalizer": "nfkc"}),
        ("hf-bpe", {"special_tokens": ("",)}),
        ("hf-bpe", {"min_frequency": -1}),
        ("hf-bpe", {"pretokenizer": "nothing"}),
        ("hf-unigram", {"min_frequency": 2}),
        ("hf-unigram", {"end_of_word_suffix": "</w>"}),
        ("hf-bpe", {"end_of_word_suffix": "</w>"}),
        ("hf-bpe", {"alphabet": "characters"}),
        ("spm-bpe", {"pretokenizer": "gpt2"}),
        ("spm-bpe", {"normalizer": "bert"}),
        ("spm-bpe", {"backend": "reference"}),
        ("spm-bpe", {"character_coverage": 0.5}),
        ("spm-bpe", {"threads": 0}),
        ("spm-bpe", {"special_tokens": ("",)}),
        ("hf-bpe", {"special_tokens": ("a\ud800",)}),
        ("spm-bpe", {"special_tokens": ("a\ud800",)}),
    ],
)
def test_options_that_do_not_apply_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        fit(name, **options)


def test_a_spec_of_another_library_is_refused() -> None:
    with pytest.raises(UsageError, match="HuggingFaceSpec"):
        huggingface.BPE.fit(CORPUS, sentencepiece.SentencePieceSpec(vocab_size=300))
    with pytest.raises(UsageError, match="SentencePieceSpec"):
        sentencepiece.BPE.fit(CORPUS, huggingface.HuggingFaceSpec(vocab_size=300))


def test_a_pattern_that_the_library_cannot_compile_is_told() -> None:
    with pytest.raises(PatternError, match="cannot compile"):
        fit("hf-bpe", pretokenizer=r"a{100001}")


@pytest.mark.parametrize("name", HUGGING_FACE)
def test_a_panic_while_training_is_an_error(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BaselineError, match=r"could not be trained.*retry-limit") as caught:
        fit(name, Corpus("long", (*DOCUMENTS, PANICS)), pretokenizer=BACKTRACKING)
    check_panic(caught.value, capfd)


@pytest.mark.parametrize("name", HUGGING_FACE)
def test_a_panic_while_encoding_is_an_error_and_no_more(
    name: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tokenizer = fit(name, pretokenizer=BACKTRACKING, vocab_size=30_000)
    before = tokenizer.encode(TEXT)
    for copy in (tokenizer, huggingface.load(tokenizer.save(tmp_path))):
        with pytest.raises(BaselineError, match=r"could not encode.*retry-limit") as caught:
            copy.encode_batch(["the harbour", PANICS])
        check_panic(caught.value, capfd)
        assert copy.encode(TEXT).ids.tolist() == before.ids.tolist()


def test_a_panic_over_a_special_token_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BaselineError, match=r"special token.*retry-limit") as caught:
        fit("hf-bpe", pretokenizer=BACKTRACKING, special_tokens=(PANICS,))
    check_panic(caught.value, capfd)


def test_a_panic_while_loading_is_an_error(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # Loading encodes the name, to see that the model works.
    tokenizer = replace(fit("hf-bpe", pretokenizer=BACKTRACKING), name=PANICS)
    with pytest.raises(FormatError, match=r"holds no Hugging Face tokenizer.*retry-limit") as caught:
        huggingface.load(tokenizer.save(tmp_path))
    assert isinstance(caught.value.__cause__, BaselineError)
    check_panic(caught.value.__cause__, capfd)


@pytest.mark.parametrize("name", ["hf-wordpiece", "hf-unigram", "hf-wordlevel"])
def test_a_corpus_without_words_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no pre-token"):
        fit(name, Corpus("blank", (" \n ",)), pretokenizer="whitespace")


@pytest.mark.parametrize("document", ["\0", "\u2585 a"])
def test_a_corpus_that_sentencepiece_cannot_read_is_refused(document: str) -> None:
    with pytest.raises(InputError, match="learns from"):
        fit("spm-bpe", Corpus("odd", (document,)))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_save_and_load(name: str, tmp_path: Path) -> None:
    tokenizer = fit(name, vocab_size=30_000, special_tokens=("<pad>",))
    module = huggingface if name.startswith("hf-") else sentencepiece
    other = sentencepiece if name.startswith("hf-") else huggingface
    folder = tokenizer.save(tmp_path / "deep" / "model").parent
    copies = [module.load(folder), module.load(folder / tokenizer.file), pickle.loads(pickle.dumps(tokenizer))]
    for copy in copies:
        assert copy.vocab == tokenizer.vocab
        assert (copy.name, copy.signature, copy.warnings) == (name, tokenizer.signature, tokenizer.warnings)
        ours, theirs = (
            tokenizer.encode_batch([*DOCUMENTS, "<pad> ☃"]),
            copy.encode_batch([*DOCUMENTS, "<pad> ☃"]),
        )
        assert ours.ids.tolist() == theirs.ids.tolist()
        assert ours.offsets.tolist() == theirs.offsets.tolist()
        assert ours.rows.tolist() == theirs.rows.tolist()
    assert sorted(path.name for path in folder.iterdir()) == sorted(["toklab.json", tokenizer.file])
    assert json.loads((folder / "toklab.json").read_text())["schema"] == 1
    for path in (folder, folder / tokenizer.file):
        with pytest.raises(FormatError, match="tells of a model of"):
            other.load(path)


@pytest.mark.parametrize("name", ["hf-bpe", "spm-unigram"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.999])
def test_a_file_cut_short_is_refused(name: str, share: float, tmp_path: Path) -> None:
    module = huggingface if name.startswith("hf-") else sentencepiece
    tokenizer = fitted(name)
    tokenizer.save(tmp_path)
    for part in (tokenizer.file, "toklab.json"):
        whole = (tmp_path / part).read_bytes()
        (tmp_path / part).write_bytes(whole[: int(share * (len(whole) - 2))])
        for path in (tmp_path, tmp_path / tokenizer.file):
            with pytest.raises(FormatError):
                module.load(path)
        (tmp_path / part).write_bytes(whole)
    (tmp_path / tokenizer.file).unlink()
    for path in (tmp_path, tmp_path / tokenizer.file, tmp_path / "nowhere"):
        with pytest.raises(FormatError, match=r"(?i)no such file"):
            module.load(path)


@pytest.mark.parametrize("name", ["hf-bpe", "spm-unigram"])
def test_a_model_file_may_have_another_name_but_not_other_contents(name: str, tmp_path: Path) -> None:
    module = huggingface if name.startswith("hf-") else sentencepiece
    tokenizer = fitted(name)
    tokenizer.save(tmp_path)
    renamed = (tmp_path / tokenizer.file).rename(tmp_path / "harbour.bin")
    assert module.load(renamed).vocab == tokenizer.vocab
    with pytest.raises(FormatError, match="is not the file that was saved"):
        module.load(tmp_path / "toklab.json")


@pytest.mark.parametrize("key", ["engine", "schema", "name", "signature", "warnings", "sha256"])
def test_a_card_that_lacks_a_part_is_refused(key: str, tmp_path: Path) -> None:
    fitted("hf-bpe").save(tmp_path)
    card = json.loads((tmp_path / "toklab.json").read_bytes())
    del card[key]
    (tmp_path / "toklab.json").write_text(json.dumps(card))
    with pytest.raises(FormatError, match=f"lacks {key}"):
        huggingface.load(tmp_path)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_bad_input_is_told(name: str) -> None:
    tokenizer = fitted(name)
    with pytest.raises(UsageError, match="surrogate"):
        tokenizer.encode("a\ud800")
    for index in (-1, len(tokenizer.vocab)):
        with pytest.raises(UsageError, match="vocabulary"):
            tokenizer.decode([index])
    assert tokenizer.decode([]) == ""
    assert len(tokenizer.encode("")) == 0
    assert len(tokenizer.encode_batch([])) == 0


@pytest.mark.parametrize("name", [n for n, a in ALGORITHMS.items() if a.claims is Determinism.EXACT])
def test_promised_determinism_holds_over_document_order(name: str) -> None:
    again = fit(name, Corpus("reversed", DOCUMENTS[::-1]))
    assert again.vocab == fitted(name).vocab


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    for name in ALGORITHMS:
        fit(name, vocab_size=30_000).encode("the ☃")
    with pytest.raises(VocabSizeError):
        fit("spm-bpe", vocab_size=260)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="taken"):
        write_atomic(tmp_path / "taken" / "inside", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError):
        write_atomic(tmp_path / "folder", b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "taken"]


@pytest.mark.parametrize("algorithm", [huggingface.WORDLEVEL, huggingface.UNIGRAM])
def test_a_special_token_that_is_a_learned_piece_is_refused(algorithm: Any) -> None:
    spec = algorithm.spec_type(vocab_size=400, special_tokens=("the",))
    with pytest.raises(UsageError, match="special token is also a learned piece"):
        algorithm.fit(open_corpus(), spec)
