"""Any ``tokenizer.json`` run by its library: equal ids, bytes as offsets, and files that would harm the process."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import english
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from toklab.algorithms.symbols import BYTE_TO_CHAR
from toklab.baselines.huggingface import HuggingFaceTokenizer, load
from toklab.baselines.huggingface_model import from_bytes
from toklab.errors import FormatError
from toklab.formats.huggingface_checks import LARGEST_ID, check_tokenizer, parse_json, read_bytes
from toklab.types import Piece

TEXTS = [
    "The harbour, the café and the naïve tide.",
    "  two  spaces\n\tand a tab\r\n",
    "冬の港 ☃️ 👩‍👩‍👧 é e\u0301 ﬁ Å",
    "<s>special</s> and <tool> [MASK] <|end|>",
    " ",
    "\u2581under ▁",
]
FALLBACK = {f"<0x{byte:02X}>": byte + 3 for byte in range(256)}


def trained(engine: Tokenizer, trainer: Any) -> Tokenizer:
    engine.train_from_iterator([*english().documents, *TEXTS[:2]], trainer)
    return engine


def gpt2(prefix: bool = False) -> Tokenizer:
    engine = Tokenizer(models.BPE())
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    engine.decoder, engine.post_processor = decoders.ByteLevel(), processors.ByteLevel(trim_offsets=True)
    alphabet = sorted(BYTE_TO_CHAR)
    return trained(engine, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False))


def llama3() -> Tokenizer:
    engine = gpt2()
    engine.normalizer = normalizers.NFC()
    cut = Regex(r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+")
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(cut, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    engine.add_special_tokens(["<|end|>"])
    engine.add_tokens([AddedToken("<tool>", lstrip=True), AddedToken("harbour", single_word=True)])
    return engine


def llama2() -> Tokenizer:
    """Every character of a few texts, and bytes for others, as a converted SentencePiece model."""
    letters = dict.fromkeys("\u2581" + "".join(TEXTS[0].split()))
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2, **FALLBACK, **{letter: 259 + at for at, letter in enumerate(letters)}}
    merges = [("t", "h"), ("\u2581", "th")]
    for left, right in merges:
        vocab[left + right] = len(vocab)
    engine = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    engine.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    engine.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    engine.add_special_tokens(["<unk>", "<s>", "</s>"])
    return engine


def bert() -> Tokenizer:
    engine = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    engine.normalizer, engine.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    engine.decoder = decoders.WordPiece()
    return trained(
        engine,
        trainers.WordPieceTrainer(vocab_size=500, special_tokens=["[UNK]", "[MASK]"], show_progress=False),
    )


def t5() -> Tokenizer:
    engine = Tokenizer(models.Unigram())
    engine.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    engine.pre_tokenizer, engine.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return trained(
        engine,
        trainers.UnigramTrainer(
            vocab_size=300, unk_token="<unk>", special_tokens=["<unk>", "</s>"], show_progress=False
        ),
    )


def suffixed() -> Tokenizer:
    engine = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    engine.pre_tokenizer, engine.decoder = pre_tokenizers.Whitespace(), decoders.BPEDecoder()
    return trained(
        engine,
        trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False),
    )


SHAPES: dict[str, Callable[[], Tokenizer]] = {
    "gpt2": gpt2,
    "roberta": lambda: gpt2(True),
    "llama3": llama3,
    "llama2": llama2,
    "bert": bert,
    "t5": t5,
    "suffix": suffixed,
}


@cache
def both(shape: str) -> tuple[Tokenizer, HuggingFaceTokenizer]:
    engine = Tokenizer.from_str(text_of(shape))
    found = from_bytes(engine.to_str().encode(), shape)
    engine.encode_special_tokens, engine.post_processor = True, None
    return engine, found


def tree(shape: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text_of(shape))
    return found


@cache
def text_of(shape: str) -> str:
    return str(SHAPES[shape]().to_str())


def read(parsed: Any) -> HuggingFaceTokenizer:
    return from_bytes(json.dumps(parsed).encode(), "x")


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=60, deadline=None)
@given(text=st.one_of(st.sampled_from(TEXTS), st.text(), st.text("ab <s>tol\u2581é冬\u0301 ")))
def test_ids_are_the_librarys_and_offsets_are_bytes(shape: str, text: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        return
    engine, tokenizer = both(shape)
    theirs, ours = engine.encode(text, add_special_tokens=False), tokenizer.encode(text)
    assert ours.ids.tolist() == theirs.ids
    assert tokenizer.decode(ours.ids) == engine.decode(theirs.ids)
    widths = np.cumsum([0, *(len(char.encode()) for char in text)])
    assert (np.diff(ours.offsets, axis=0) >= 0).all()
    floor = 0
    for (start, end), (first, last) in zip(ours.offsets.tolist(), theirs.offsets, strict=True):
        floor = max(floor, int(widths[last]))
        assert start <= end <= max(floor, int(widths[last]))
        assert start >= widths[first] or start == end


@pytest.mark.parametrize("shape", ["gpt2", "roberta", "llama2"])
@settings(max_examples=60, deadline=None)
@given(text=st.one_of(st.sampled_from(TEXTS[:3]), st.text("abé冬👩 \n")))
def test_tokens_within_a_character_cover_their_own_bytes(shape: str, text: str) -> None:
    tokenizer = both(shape)[1]
    raw, encoding = text.encode(), tokenizer.encode(text)
    assert b"".join(raw[start:end] for start, end in encoding.offsets) == raw
    for place, (index, (start, end)) in enumerate(zip(encoding.ids, encoding.offsets, strict=True)):
        surface = tokenizer.vocab[index].surface
        # The first may begin with a space that the tokenizer put there.
        assert raw[start:end] == surface or (place == 0 and b" " + raw[start:end] == surface)


def test_pieces_stand_for_text_however_they_are_spelled() -> None:
    vocab = {shape: set(both(shape)[1].vocab) for shape in SHAPES}
    assert {Piece(b" the"), Piece(b"\xe3", byte=True), Piece(b"a")} <= vocab["gpt2"]
    assert {Piece(b"<|end|>", special=True), Piece(b"<tool>"), Piece(b"harbour")} <= vocab["llama3"]
    assert {Piece(b" th"), Piece(b" "), Piece(b"\x0a", byte=True), Piece(b"<s>", special=True)} <= vocab["llama2"]
    assert {Piece(b"[MASK]", special=True), Piece(b"e", continuation=True)} <= vocab["bert"]
    assert Piece(b" the") in vocab["t5"]
    assert Piece(b"the", word_final=True) in vocab["suffix"]
    assert both("gpt2")[1].vocab.merges[0] == (Piece(b" "), Piece(b"t"))


def test_ids_may_have_gaps_and_added_tokens_lie_behind_the_model() -> None:
    engine = Tokenizer(models.WordLevel({"a": 0, "b": 7, "[UNK]": 2}, unk_token="[UNK]"))
    engine.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    engine.add_tokens(["<new>"])
    tokenizer = from_bytes(engine.to_str().encode(), "gaps")
    new = int(engine.token_to_id("<new>") or 0)
    assert tokenizer.encode("a b <new> c").ids.tolist() == [0, 7, new, 2]
    assert tokenizer.vocab[new] == Piece(b"<new>")
    assert tokenizer.vocab[4] == Piece(b"", special=True)
    assert tokenizer.vocab.unk_id == 2
    assert tokenizer.decode([0, 4, 7]) == "a b"


def test_merges_as_lines_are_the_same_as_pairs() -> None:
    parsed = tree("gpt2")
    assert isinstance(parsed["model"]["merges"][0], list)
    lines = copy.deepcopy(parsed)
    lines["model"]["merges"] = [" ".join(pair) for pair in parsed["model"]["merges"]]
    assert read(lines).vocab == read(parsed).vocab


def test_what_depends_on_more_than_the_text_is_switched_off(tmp_path: Path) -> None:
    engine = gpt2()
    engine.enable_truncation(3)
    engine.enable_padding(length=50)
    engine.model.dropout = 0.5
    parsed = json.loads(engine.to_str())
    parsed["model"]["dropout"] = 0.5
    data = json.dumps(parsed).encode()
    tokenizer = from_bytes(data, "x")
    assert [word for text in tokenizer.warnings for word in ("truncation", "padding", "dropout") if word in text] == [
        "truncation",
        "padding",
        "dropout",
    ]
    plain = both("gpt2")[1]
    for _ in range(5):
        assert tokenizer.encode(TEXTS[0]).ids.tolist() == plain.encode(TEXTS[0]).ids.tolist()
    assert tokenizer.save(tmp_path).read_bytes() == data
    assert load(tmp_path).encode(TEXTS[0]).ids.tolist() == plain.encode(TEXTS[0]).ids.tolist()


def test_a_folder_or_a_file_without_toklab_json(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(bert().to_str())
    assert (
        load(tmp_path).encode("the tide").ids.tolist()
        == load(tmp_path / "tokenizer.json").encode("the tide").ids.tolist()
    )
    with pytest.raises(FormatError, match="cannot be read"):
        load(tmp_path / "none.json")


def test_added_tokens_that_only_the_config_has_are_told(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(text_of("llama3"))
    listed = {"400": {"content": "<|end|>"}, "999": {"content": "<|new|>"}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": listed}))
    assert load(tmp_path).warnings == (
        "tokenizer_config.json has 1 added tokens that the file lacks, and which are text here: '<|new|>'",
    )


def charsmap(data: bytes) -> dict[str, Any]:
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(data).decode()}


def broken(change: Callable[[dict[str, Any]], object], shape: str = "gpt2") -> dict[str, Any]:
    parsed = tree(shape)
    change(parsed)
    return parsed


@pytest.mark.parametrize(
    ("parsed", "told"),
    [
        (
            broken(lambda p: p.update(normalizer=charsmap(b"\xff\xff\xff\x7f" + bytes(8)))),
            "tells of 2,147,483,647 bytes",
        ),
        (broken(lambda p: p.update(normalizer=charsmap(b"\x04\0\0\0" + bytes(4) + b"\xff"))), "not UTF-8"),
        (broken(lambda p: p.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "?"})), "not base64"),
        (broken(lambda p: p["model"]["vocab"].update(a=0)), "the id 0 is given to"),
        (broken(lambda p: p["model"]["vocab"].update(a=4294967295)), "the id 4294967295 of 'a'"),
        (broken(lambda p: p["model"]["vocab"].update(a=-1)), "the id -1 of 'a'"),
        (broken(lambda p: p["model"]["vocab"].update(a=1.5)), "the id 1.5 of 'a'"),
        (broken(lambda p: p["model"]["vocab"].pop("t")), "out of vocabulary|not in the vocabulary"),
        (broken(lambda p: p["model"].update(type="Pickle")), "a model of type 'Pickle'"),
        (broken(lambda p: p["model"].update(vocab=3)), "wrong kind"),
        (broken(lambda p: p["model"]["vocab"].append(["x", 1e999]), "t5"), "not finite|no finite number"),
        (broken(lambda p: p["model"].update(unk_id=10**6), "t5"), "unknown token"),
        (
            broken(
                lambda p: p.update(
                    normalizer={
                        "type": "Sequence",
                        "normalizers": [{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaa"}] * 40,
                    }
                )
            ),
            "times longer",
        ),
        (broken(lambda p: p.update(added_tokens=[{"id": LARGEST_ID + 1, "content": "x"}])), "no whole number"),
        (broken(lambda p: p.update(pre_tokenizer={"type": "Nothing"})), "holds no tokenizer"),
        ([1, 2], "not an object"),
    ],
)
def test_files_that_would_harm_are_refused(parsed: Any, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        read(parsed)


def test_keys_and_numbers_that_json_leaves_open_are_refused() -> None:
    with pytest.raises(FormatError, match="key 'a' is given twice"):
        parse_json(b'{"a": 1, "a": 2}', "x")
    with pytest.raises(FormatError, match="NaN is not finite"):
        parse_json(b'{"a": NaN}', "x")
    with pytest.raises(FormatError, match="not a whole JSON file"):
        parse_json(b'{"a": ' * 100_000, "x")
    with pytest.raises(FormatError, match="not a whole JSON file"):
        parse_json(b'{"a": "\xff"}', "x")


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(FormatError, match="more than 1,000 bytes"):
        read_bytes(Path("/dev/zero"), 1000)


def test_a_file_cut_short_anywhere_is_refused() -> None:
    data = json.dumps(json.loads(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).to_str())).encode()
    for size in range(len(data)):
        with pytest.raises(FormatError):
            from_bytes(data[:size], "x")


JUNK = st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.text(max_size=3), st.just([]), st.just({}))


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container and key of a tree of JSON."""
    keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


SMALL = [
    Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")])),
    Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1, "##a": 2}, unk_token="[UNK]")),
    Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0)], 0, False)),
]


@settings(max_examples=300, deadline=None)
@given(data=st.data(), which=st.integers(0, 2), junk=JUNK)
def test_a_changed_file_is_read_or_refused(data: st.DataObject, which: int, junk: Any) -> None:
    engine = SMALL[which]
    engine.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace("a", "b")])
    engine.pre_tokenizer = pre_tokenizers.Metaspace()
    parsed = json.loads(engine.to_str())
    container, key = data.draw(st.sampled_from(places(parsed)))
    container[key] = junk
    try:
        check_tokenizer(parsed)
        read(parsed)
    except FormatError:
        pass
