"""tiktoken's ranks and Mistral's tekken.json: the same ids as the library, and what becomes of damaged files."""

from __future__ import annotations

import base64
import json
import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiktoken
import tokenizers
from helpers import english, run
from hypothesis import given, settings
from strategies import TEXT

import toklab
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.baselines.tiktoken import TiktokenTokenizer
from toklab.corpus import Corpus
from toklab.errors import BaselineError, FormatError, PatternError, ToklabError, UnknownNameError, UsageError
from toklab.formats import ranks as rank_files
from toklab.formats.tiktoken import PUBLISHED, given_pattern, save_tiktoken
from toklab.inspecting.findings import Status
from toklab.loading import load
from toklab.loading.sources import find
from toklab.types import Tokenizer

SPECIALS = {"<|end|>": 600, "<|fim|>": 603}
MISTRAL = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@pytest.fixture(scope="module")
def trained() -> TrainedTokenizer:
    tokenizer = toklab.train("bpe", english(), vocab_size=600, pretokenizer="cl100k")
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


@pytest.fixture(scope="module")
def ranks(trained: TrainedTokenizer) -> dict[bytes, int]:
    return {piece.surface: index for index, piece in enumerate(trained.vocab)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, trained: TrainedTokenizer, ranks: Mapping[bytes, int]) -> Path:
    """A rank file with what is beside it, and one without."""
    place = tmp_path_factory.mktemp("ranks")
    save_tiktoken(trained, place / "saved.tiktoken")
    (place / "alone.tiktoken").write_bytes(lines(ranks))
    (place / "llama").mkdir()
    (place / "llama" / "tokenizer.model").write_bytes(lines(ranks))
    (place / "tekken.json").write_text(json.dumps(tekken(list(ranks))))
    return place


def lines(ranks: Mapping[bytes, int]) -> bytes:
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items())


def tekken(tokens: list[bytes], **config: Any) -> dict[str, Any]:
    """A file as Mistral has it: the first 256 ranks are the bytes, and some tokens are more than are used."""
    rest = [token for token in tokens if len(token) > 1]
    rows = [*(bytes([byte]) for byte in range(256)), *rest]
    return {
        "config": {
            "pattern": MISTRAL,
            "num_vocab_tokens": len(rows),
            "default_vocab_size": len(rows) - 30,
            "default_num_special_tokens": 20,
            "version": "v11",
            **config,
        },
        "vocab": [
            {
                "rank": rank,
                "token_bytes": base64.b64encode(token).decode(),
                "token_str": token.decode("utf-8", "replace"),
            }
            for rank, token in enumerate(rows)
        ],
        "special_tokens": [
            {"rank": rank, "token_str": text, "is_control": True} for rank, text in enumerate(("<unk>", "<s>", "</s>"))
        ],
    }


def engine_of(folder: Path) -> tiktoken.Encoding:
    """tiktoken's own encoding of the tekken.json, whose ids begin behind the special tokens."""
    data = json.loads((folder / "tekken.json").read_text())
    used = data["vocab"][: data["config"]["default_vocab_size"] - 20]
    ranks = {base64.b64decode(row["token_bytes"]): row["rank"] for row in used}
    return tiktoken.Encoding("tekken", pat_str=MISTRAL, mergeable_ranks=ranks, special_tokens={})


def both(path: Path, **options: Any) -> tuple[Tokenizer, Tokenizer]:
    ours, theirs = load(path, engine="toklab", **options), load(path, engine="library", **options)
    assert isinstance(ours, TrainedTokenizer)
    assert isinstance(theirs, TiktokenTokenizer)
    assert ours.vocab.pieces == theirs.vocab.pieces
    return ours, theirs


@settings(max_examples=60, deadline=None)
@given(text=TEXT)
@pytest.mark.parametrize("name", ["saved.tiktoken", "alone.tiktoken", "tekken.json"])
def test_both_engines_encode_the_same(folder: Path, name: str, text: str) -> None:
    ours, theirs = CACHE.setdefault(name, both(folder / name))
    a, b = ours.encode(text), theirs.encode(text)
    assert a.ids.tolist() == b.ids.tolist()
    assert a.offsets.tolist() == b.offsets.tolist()
    assert ours.decode(a.ids) == theirs.decode(a.ids) == text


CACHE: dict[str, tuple[Tokenizer, Tokenizer]] = {}


def test_much_text_is_encoded_the_same(folder: Path) -> None:
    ours, theirs = both(folder / "tekken.json")
    assert isinstance(ours, TrainedTokenizer)
    documents = english(100_000).documents
    batch = replace(ours, backend="fast").encode_batch(documents, offsets=True)
    assert batch.ids.tolist() == theirs.encode_batch(documents).ids.tolist()
    engine = engine_of(folder)
    assert batch.ids.tolist() == [20 + i for text in documents for i in engine.encode_ordinary(text)]


def test_what_was_saved_loads_as_it_was(folder: Path, trained: TrainedTokenizer) -> None:
    again = load(folder / "saved.tiktoken")
    assert isinstance(again, TrainedTokenizer)
    assert again == trained
    assert [list(merge) for merge in again.model.merges] == [list(merge) for merge in trained.model.merges]  # type: ignore[attr-defined]


def test_ranks_as_a_tokenizer_json(folder: Path, tmp_path: Path) -> None:
    """Hugging Face's library runs what toklab loaded, also where only whole words are some pieces."""
    (tmp_path / "odd.tiktoken").write_bytes((folder / "alone.tiktoken").read_bytes() + b"YmFuZGFuYQ== 600\n")
    for source in (folder / "tekken.json", tmp_path / "odd.tiktoken"):
        ours = load(source)
        path = ours.save(tmp_path / "saved")
        text = "A banana and bandanas in a\tbandana, 1234!"
        ids = ours.encode(text).ids.tolist()
        assert load(path).encode(text).ids.tolist() == ids
        assert tokenizers.Tokenizer.from_file(str(path)).encode(text).ids == ids
    assert load(tmp_path / "odd.tiktoken", pattern=r"\w+").encode("bandana!").ids.tolist() == [600]
    words = load(tmp_path / "odd.tiktoken", pattern=r"\w+")  # drops what stands between two words
    path = words.save(tmp_path / "words")
    for engine in ("toklab", "library"):
        assert load(path, engine=engine).encode(text).ids.tolist() == words.encode(text).ids.tolist()


def test_special_tokens_and_gaps(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.tiktoken"
    path.write_bytes((folder / "saved.tiktoken").read_bytes())
    beside = json.loads((folder / "saved.tiktoken.json").read_text())
    path.with_name("more.tiktoken.json").write_text(json.dumps(beside | {"special_tokens": SPECIALS}))
    for tokenizer in both(path):
        assert len(tokenizer.vocab) == 604
        assert tokenizer.vocab.special_ids == {600, 601, 602, 603}
        assert tokenizer.decode([600, 97, 601]) == tokenizer.decode([97])
        assert any("2 ids have no token (601, 602)" in warning for warning in tokenizer.warnings)  # type: ignore[attr-defined]
    ours = load(path)
    assert isinstance(ours, TrainedTokenizer)
    assert ours.encode("<|fim|>", allow_special=True).ids.tolist() == [603]
    again = save_tiktoken(ours, tmp_path / "again" / "more.tiktoken")
    assert again.read_bytes() == path.read_bytes()
    assert load(again).encode("<|fim|>!").ids.tolist() == ours.encode("<|fim|>!").ids.tolist()


def test_a_pattern_that_nothing_tells_is_assumed(folder: Path) -> None:
    ours, theirs = both(folder / "alone.tiktoken")
    for tokenizer in (ours, theirs):
        assert tokenizer.signature["pre"] == "cl100k"
        assert "cl100k's is assumed" in " ".join(tokenizer.warnings)  # type: ignore[attr-defined]
    chosen, library = both(folder / "alone.tiktoken", pattern="whitespace")
    assert not chosen.warnings  # type: ignore[attr-defined]
    text = "  a  banana \n and\tmore \u00e9\u00e9 "
    a, b = chosen.encode(text), library.encode(text)
    assert a.ids.tolist() == b.ids.tolist()
    assert a.offsets.tolist() == b.offsets.tolist()
    assert chosen.decode(a.ids) == library.decode(a.ids) == "".join(text.split())
    assert load(folder / "alone.tiktoken", pattern=r"\w+|\W").encode("a b").ids.size == 3


def test_a_pattern_is_for_files_that_have_none(folder: Path) -> None:
    with pytest.raises(UsageError, match="has its own pattern"):
        load(folder / "tekken.json", pattern="gpt2")
    with pytest.raises(UnknownNameError, match="did you mean 'gpt2'"):
        load(folder / "alone.tiktoken", pattern="gtp2")
    with pytest.raises(FormatError, match="construct"):
        load(folder / "alone.tiktoken", pattern=r"\p{Han}+")
    # The library runs what toklab does not.
    assert load(folder / "alone.tiktoken", pattern=r"\p{Han}+|\P{Han}+", engine="library").encode("a").ids.tolist()
    with pytest.raises(BaselineError, match="cannot run"):
        load(folder / "alone.tiktoken", pattern=r"(a", engine="library")
    with pytest.raises(PatternError, match="classes"):
        given_pattern("bert")


def test_a_file_is_known_by_how_it_begins(folder: Path) -> None:
    assert find(folder / "llama" / "tokenizer.model").format.name == "tiktoken"
    assert find(folder / "llama").format.name == "tiktoken"
    assert find(folder / "tekken.json").format.name == "tekken"
    assert (
        load(folder / "llama").encode("the").ids.tolist() == load(folder / "alone.tiktoken").encode("the").ids.tolist()
    )


def test_special_tokens_of_a_tekken_file(folder: Path, tmp_path: Path, ranks: Mapping[bytes, int]) -> None:
    names = [piece.surface.decode() for piece in load(folder / "tekken.json").vocab if piece.special]
    assert names == ["<unk>", "<s>", "</s>", *(f"<SPECIAL_{index}>" for index in range(3, 20))]
    older = tekken(list(ranks), version="v3")
    del older["special_tokens"]
    (tmp_path / "tekken.json").write_text(json.dumps(older))
    assert load(tmp_path).vocab[5].surface == b"[AVAILABLE_TOOLS]"
    older["config"]["version"] = "v11"
    (tmp_path / "tekken.json").write_text(json.dumps(older))
    with pytest.raises(FormatError, match="lists no special tokens"):
        load(tmp_path)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ranks: Mapping[bytes, int]) -> Iterator[None]:
    """A package that adds encodings to tiktoken, as others do."""
    registry = pytest.importorskip("tiktoken.registry")
    home = tmp_path / "tiktoken_ext"
    home.mkdir()
    rows = {token.hex(): rank for token, rank in ranks.items()}
    (home / "toklab_test.py").write_text(
        f"ROWS = {rows!r}\n"
        "def small():\n"
        "    ranks = {bytes.fromhex(token): rank for token, rank in ROWS.items()}\n"
        "    return {'name': 'small', 'pat_str': r'\\p{L}+|[^\\p{L}]', 'mergeable_ranks': ranks,\n"
        f"            'special_tokens': {SPECIALS!r}}}\n"
        "def unreachable():\n"
        "    raise ConnectionError('no route')\n"
        "def broken():\n"
        "    raise ValueError('no such\\nhash')\n"
        "ENCODING_CONSTRUCTORS = {'small': small, 'unreachable': unreachable, 'broken': broken}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    def forget() -> None:
        registry._available_plugin_modules.cache_clear()
        monkeypatch.setattr(registry, "ENCODING_CONSTRUCTORS", None)
        monkeypatch.setattr(registry, "ENCODINGS", {})

    forget()
    yield
    registry._available_plugin_modules.cache_clear()


@pytest.mark.usefixtures("plugin")
def test_an_encoding_by_name() -> None:
    ours, theirs = both(Path("tiktoken:small"))
    engine = tiktoken.get_encoding("small")
    for text in ("A banana, and a bandana!", "", "日本 é"):
        assert ours.encode(text).ids.tolist() == theirs.encode(text).ids.tolist() == engine.encode_ordinary(text)
    assert load("tiktoken:small").vocab.special_ids == {600, 601, 602, 603}
    assert toklab.load("tiktoken:small").name == "small"
    with pytest.raises(BaselineError, match=r"could not get the ranks of unreachable.*TIKTOKEN_CACHE_DIR"):
        load("tiktoken:unreachable")
    with pytest.raises(BaselineError, match=r"could not make broken: no such hash"):
        load("tiktoken:broken")
    with pytest.raises(UnknownNameError, match=r"encoding of tiktoken 'smal'; did you mean 'small'"):
        load("tiktoken:smal")


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tiktoken", None)
    with pytest.raises(UsageError, match=r"not installed: pip install 'toklab\[tiktoken\]'"):
        load("tiktoken:gpt2")


def test_the_published_files_are_those_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    public = pytest.importorskip("tiktoken_ext.openai_public")
    found: list[str] = []

    def download(url: str, expected_hash: str) -> dict[bytes, int]:
        found.append(expected_hash)
        return {}

    monkeypatch.setattr(public, "load_tiktoken_bpe", download)
    for digest, known in PUBLISHED.items():
        theirs = public.ENCODING_CONSTRUCTORS[known.name]()
        assert found.pop() == digest
        assert theirs["special_tokens"] == known.specials
        assert theirs["pat_str"] == given_pattern(known.pattern)


def test_a_library_tokenizer_survives_pickling_and_saving(folder: Path, tmp_path: Path) -> None:
    _, theirs = both(folder / "tekken.json")
    again = pickle.loads(pickle.dumps(theirs))
    saved = load(theirs.save(tmp_path), engine="library")
    for tokenizer in (again, saved, load(tmp_path)):
        assert tokenizer.encode("A banana").ids.tolist() == theirs.encode("A banana").ids.tolist()
        assert tokenizer.vocab.pieces == theirs.vocab.pieces


def test_what_tiktoken_cannot_hold_is_refused(tmp_path: Path) -> None:
    corpus = english(2_000)
    for name, options, told in (
        ("wordpiece", {}, "no byte-level BPE"),
        ("bpe", {"alphabet": "character"}, "no byte-level BPE"),
        ("bpe", {"normalizer": "bert"}, "normalises"),
        ("bpe", {"pretokenizer": "bert"}, "classes of characters"),
    ):
        with pytest.raises(FormatError, match=told):
            save_tiktoken(toklab.train(name, corpus, vocab_size=400, **options), tmp_path / "x.tiktoken")  # type: ignore[arg-type]
    tokenizer = toklab.train("bpe", corpus, vocab_size=300)
    assert isinstance(tokenizer, TrainedTokenizer)
    model: Any = tokenizer.model
    object.__setattr__(model, "merges", tuple(model.merges)[::-1])
    with pytest.raises(FormatError, match=r"otherwise than bpe: it merges .* where the list of merges has"):
        save_tiktoken(tokenizer, tmp_path / "x.tiktoken")
    assert not list(tmp_path.iterdir())


def damaged(data: bytes) -> Iterator[tuple[bytes, str]]:
    yield b"", "256 of the 256 bytes"
    yield data.replace(b"YQ== ", b"*** "), "holds no base64"
    yield data.replace(b" 300\n", b" 299\n"), "two tokens have the id 299"
    yield data.replace(b" 300\n", b" x\n"), "line 301 is not a token"
    yield data.replace(b" 300\n", b" -300\n"), "line 301 is not a token"
    yield data.replace(b" 300\n", b" 99999999999999999999\n"), "line 301 is not a token"
    yield data.replace(b" 599\n", b" 4000000000\n"), "is no number from 0"
    yield data.replace(b" 599\n", b" 900000000\n"), "have no token"
    yield data.replace(b"YQ== ", b"YWE= "), "twice|have no token"
    yield data + b"YWFhYWFhYWFhYWFh 12 13\n", "is not a token"
    yield data + b"YQ== 600\n", "there twice"
    yield data + b"A" * 200_000, "which no token needs"
    yield data + base64.b64encode(b"a" * 70_000) + b" 600\n", "too long"
    yield data.replace(b"\n", b"\0"), "is not a token"


def test_damaged_rank_files_are_told(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    for data, told in damaged((folder / "alone.tiktoken").read_bytes()):
        path.write_bytes(data)
        for engine in ("toklab", "library"):
            with pytest.raises(FormatError, match=told):
                load(path, engine=engine)


def test_a_file_that_is_cut_short(folder: Path, tmp_path: Path) -> None:
    data = (folder / "alone.tiktoken").read_bytes()
    path = tmp_path / "x.tiktoken"
    beside = (folder / "saved.tiktoken.json").read_bytes()
    (tmp_path / "told.tiktoken.json").write_bytes(beside)
    for size in (*range(0, len(data), 97), len(data) - 1):
        path.write_bytes(data[:size])
        (tmp_path / "told.tiktoken").write_bytes(data[:size])
        with pytest.raises(FormatError, match="cut short"):
            load(tmp_path / "told.tiktoken")
        whole_rows = size > data.index(b" 255\n") and re.fullmatch(rb"(?:\S+ \d+\n)*(?:\S+ \d+\n?)", data[:size])
        try:
            found = load(path)
        except FormatError:
            continue
        # Between two lines nothing shows that there were more; within a number the rank is there twice.
        assert whole_rows
        assert len(found.vocab) == data[:size].rstrip(b"\n").count(b"\n") + 1
        assert data[size : size + 1] == b"\n" or data[size - 1 : size] == b"\n"


@pytest.mark.parametrize("cut", [1, 20, 400])
def test_the_file_beside_is_checked(folder: Path, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes((folder / "saved.tiktoken").read_bytes())
    beside = (folder / "saved.tiktoken.json").read_bytes()
    (tmp_path / "x.tiktoken.json").write_bytes(beside[:cut])
    with pytest.raises(FormatError, match="is not whole"):
        load(path)
    for change, told in (
        ({"format": "other"}, "format 'other'"),
        ({"special_tokens": {"<|end|>": 5}}, "two tokens have the id 5, one of them the special token"),
        ({"special_tokens": {"<|end|>": 5.5}}, "is no number"),
        ({"special_tokens": {"": 600}}, "special token is empty"),
        ({"special_tokens": {"\ud800": 600}}, "surrogate"),
        ({"special_tokens": 3}, "is not whole"),
        ({"pattern": "("}, "construct|invalid"),
    ):
        (tmp_path / "x.tiktoken.json").write_text(json.dumps(json.loads(beside) | change))
        with pytest.raises(FormatError, match=told):
            load(path)


def test_a_file_that_is_too_large_is_not_read(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(b"A" * 10_000)
    monkeypatch.setattr(rank_files, "MOST_BYTES", 9_999)
    with pytest.raises(FormatError, match="10,000 bytes; toklab reads up to 9,999"):
        load(path)


def test_damaged_tekken_files_are_told(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "tekken.json").read_text()
    path = tmp_path / "tekken.json"
    for size in range(0, len(whole), 4_001):
        path.write_text(whole[:size])
        with pytest.raises(FormatError, match="cut short"):
            load(path)

    def changed(change: Any) -> str:
        data = json.loads(whole)
        change(data)
        return json.dumps(data)

    for change, told in (
        (lambda data: data.pop("config"), "lacks a part"),
        (lambda data: data.pop("vocab"), "lacks a part"),
        (lambda data: data["config"].update(default_vocab_size=10**9), "pieces"),
        (lambda data: data["config"].update(default_vocab_size=5), "pieces"),
        (lambda data: data["config"].update(default_vocab_size=True), "another type"),
        (lambda data: data["config"].update(default_num_special_tokens=2), "special tokens where its config has 2"),
        (lambda data: data["config"].update(pattern=None), "another type"),
        (lambda data: data["vocab"][7].update(rank=8), "the rank 8 stands in place 7"),
        (lambda data: data["vocab"][7].update(token_bytes="!"), "no base64"),
        (lambda data: data["vocab"][7].update(token_bytes=""), "a token is empty"),
        (lambda data: data["vocab"][7].update(token_bytes=None), "lacks a part|no base64"),
        (lambda data: data["vocab"][7].update(token_bytes="é"), "no base64"),
        (lambda data: data["vocab"][300].update(token_bytes="YQ=="), "there twice"),
        (lambda data: data.update(vocab=[]), "pieces"),
        (lambda data: data["special_tokens"][1].update(token_str="<unk>"), "one text"),
        (lambda data: data["special_tokens"][1].update(rank=2), "ranks of its special tokens"),
    ):
        path.write_text(changed(change))
        with pytest.raises(FormatError, match=told):
            load(path)
    path.write_text("[" * 100_000)
    with pytest.raises(ToklabError):
        load(path)


def test_pieces_that_only_a_whole_word_can_be(tmp_path: Path) -> None:
    tokens = [*(bytes([byte]) for byte in range(256)), b"aba", b"a b", "éü".encode()[:3], b"ba", b"caba"]
    (tmp_path / "odd.tiktoken").write_bytes(lines({token: rank for rank, token in enumerate(tokens)}))
    corpus = Corpus("two", ("aba caba baab", "an abaci"))
    for tokenizer in both(tmp_path / "odd.tiktoken"):
        report = toklab.inspect_model(tokenizer, corpus)
        status = {reach.piece.surface: reach.status for reach in report.reach}
        assert {tokens[index]: status[tokens[index]] for index in range(256, 261)} == {
            b"aba": Status.REACHABLE,  # the word alone; elsewhere "ba" comes first
            b"a b": Status.UNREACHABLE,
            tokens[258]: Status.UNREACHABLE,
            b"ba": Status.REACHABLE,
            b"caba": Status.REACHABLE,
        }


def test_commands_take_rank_files(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("A banana and a bandana.\n\n" * 30)
    alone = folder / "alone.tiktoken"
    ids = run("encode", alone, "the lever", "--pattern", "gpt2", cwd=tmp_path)
    assert (ids.code, ids.err) == (0, "")
    assert run("decode", alone, *ids.out.split(), cwd=tmp_path).out.strip() == "the lever"
    assert run("encode", alone, "the lever", "--show", cwd=tmp_path).code == 0
    for args in (("inspect", alone, "text.txt"), ("diff", alone, folder / "tekken.json", "text.txt")):
        done = run(*args, cwd=tmp_path)
        assert (done.code, "Traceback" in done.err) == (0, False), done.err
    wrong = run("encode", "tiktoken:nothing", "x", cwd=tmp_path)
    assert wrong.code != 0
    assert "unknown encoding of tiktoken" in wrong.err
    assert "Traceback" not in wrong.err
