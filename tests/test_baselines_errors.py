"""The libraries as baselines: what they refuse, panics, and files that are cut short."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from library_models import (
    ALGORITHMS,
    BACKTRACKING,
    CORPUS,
    DOCUMENTS,
    HUGGING_FACE,
    PANICS,
    TEXT,
    check_offsets,
    fit,
    fitted,
)

from toklab.baselines import huggingface, sentencepiece
from toklab.corpus import Corpus, open_corpus
from toklab.errors import BaselineError, FormatError, InputError, OutputError, PatternError, UsageError, VocabSizeError
from toklab.files import write_atomic


def check_panic(error: BaselineError, capfd: pytest.CaptureFixture[str]) -> None:
    """It was a panic, which is no Exception, and the library printed it."""
    assert not isinstance(error.__cause__, Exception)
    assert type(error.__cause__).__name__ == "PanicException"
    printed = capfd.readouterr()
    assert "panicked" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(("name", "unk"), [("hf-bpe", None), ("hf-wordlevel", 0), ("spm-bpe", 0), ("spm-word", 0)])
def test_unknown_id(name: str, unk: int | None) -> None:
    assert fitted(name).vocab.unk_id == unk


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
