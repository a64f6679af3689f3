"""The libraries as baselines: exact sizes, round trips, offsets, unknown words, saving."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from library_models import (
    ALGORITHMS,
    ANY_TEXT,
    DOCUMENTS,
    HUGGING_FACE,
    SIZES,
    TEXT,
    USER_PATTERN,
    check_offsets,
    fit,
    fitted,
)

from toklab.baselines import huggingface, sentencepiece
from toklab.corpus import Corpus
from toklab.errors import (
    FormatError,
    VocabSizeError,
)
from toklab.pretokenize import PATTERNS, get_pretokenizer
from toklab.types import Determinism, Piece


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
