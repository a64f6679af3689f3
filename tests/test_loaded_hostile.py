"""``tokenizer.json`` files that are damaged or hostile: a FormatError, or a tokenizer that works; nothing else."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_shapes import source_of

from toklab.algorithms.loaded import LoadedTokenizer
from toklab.errors import FormatError
from toklab.formats.loaded_json import read_loaded

TINY: dict[str, Any] = {
    "bpe": {
        "added_tokens": [
            {
                "id": 4,
                "content": "<x>",
                "single_word": False,
                "lstrip": True,
                "rstrip": True,
                "normalized": True,
                "special": True,
            }
        ],
        "truncation": None,
        "normalizer": {
            "type": "Sequence",
            "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}],
        },
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"String": " "}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True},
            ],
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [{"type": "Strip", "content": " ", "start": 1, "stop": 0}, {"type": "ByteLevel"}],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "a",
            "fuse_unk": True,
            "byte_fallback": False,
            "vocab": {"a": 0, "b": 1, "ab": 2, "aba": 3},
            "merges": [["a", "b"], ["ab", "a"]],
        },
    },
    "unigram": {
        "added_tokens": [],
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": "CAAAAAAAAAAAAAAAYQA="},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
        "model": {
            "type": "Unigram",
            "unk_id": 0,
            "byte_fallback": False,
            "vocab": [["<unk>", 0.0], ["a", -1.0], ["▁a", -1.5]],
        },
    },
    "wordpiece": {
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 9,
            "vocab": {"[UNK]": 0, "a": 1, "##b": 2},
        },
    },
}
PLAIN: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**64,
    1.5,
    math.nan,
    math.inf,
    "",
    "a",
    "▁",
    "\ud800",
    [],
    [[]],
    {},
    ["a", "b"],
)
NAMES = ("Sequence", "BPE", "Removed", "(", "(?R)", "[", "a{9999}")
PARTS: tuple[Any, ...] = (
    {"type": "Sequence"},
    {"type": "NFC"},
    {"String": ""},
    *({"Regex": text} for text in ("(a*)*b", "a|", "^a")),
)
ODD = st.sampled_from([*PLAIN, *NAMES, *PARTS])


def works(tokenizer: LoadedTokenizer) -> None:
    """Encode and decode a little."""
    for text in ("", "ab aba <x>  b", "é漢 ab"):
        found = tokenizer.encode(text, allow_special=True)
        size = len(text.encode("utf-8"))
        assert ((found.offsets >= 0) & (found.offsets <= size)).all()
        tokenizer.decode(found.ids.tolist())


def places(part: Any) -> list[list[Any]]:
    """The way to every entry of a JSON tree."""
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [way for key, inner in items for way in ([key], *([key, *rest] for rest in places(inner)))]


@pytest.mark.parametrize("kind", TINY)
def test_the_tiny_files_work(kind: str) -> None:
    works(read_loaded(json.dumps(TINY[kind]).encode()))


@pytest.mark.parametrize("kind", TINY)
@settings(max_examples=400)
@given(data=st.data())
def test_a_changed_tree_is_refused_or_works(kind: str, data: st.DataObject) -> None:
    parts = copy.deepcopy(TINY[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        way = data.draw(st.sampled_from(places(parts) or [["model"]]))
        holder = parts
        for key in way[:-1]:
            holder = holder[key]
        change = data.draw(st.sampled_from(["set", "drop", "again"]))
        if change == "set":
            holder[way[-1]] = copy.deepcopy(data.draw(ODD))
        elif change == "drop":
            del holder[way[-1]]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[way[-1]]))
        else:
            holder[data.draw(st.sampled_from(["a", "b", "type", "aa"]))] = copy.deepcopy(holder[way[-1]])
    try:
        tokenizer = read_loaded(json.dumps(parts).encode())
    except FormatError:
        return
    works(tokenizer)


@pytest.mark.parametrize("kind", TINY)
def test_a_file_cut_short_is_refused(kind: str) -> None:
    source = json.dumps(TINY[kind]).encode()
    for size in range(len(source)):
        with pytest.raises(FormatError) as caught:
            read_loaded(source[:size])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        b"[" * 100_000,
        b'{"model": ' * 50_000,
        b'{"model": {"type": "BPE", "vocab": {"a": 4294967295}, "merges": []}}',
        b'{"model": {"type": "BPE", "vocab": {"a": 1e9}, "merges": []}}',
        b'{"model": {"type": "BPE", "vocab": {"a": ' + b"9" * 5_000 + b'}, "merges": []}}',
        b'{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 1' + b"0" * 400 + b"]]}}",
        b'{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", NaN]]}}',
        b'{"model": {"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0}}, "normalizer": '
        + b'{"type": "Sequence", "normalizers": [' * 900
        + b"]}" * 900
        + b"}",
        b"\xff\xfe{}",
    ],
)
def test_a_hostile_file_is_refused_or_works_soon(source: bytes) -> None:
    start = time.monotonic()
    with contextlib.suppress(FormatError):
        works(read_loaded(source))
    assert time.monotonic() - start < 20


def _damaged(shape: str, **changes: Any) -> bytes:
    parts = json.loads(source_of(shape))
    for way, value in changes.items():
        first, second = way.split("__")
        parts[first][second] = value
    return json.dumps(parts).encode()


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (_damaged("llama2", model__dropout=0.1), "dropout"),
        (_damaged("bert", model__continuing_subword_prefix="@@"), "'@@'"),
        (_damaged("bert", model__unk_token="[NONE]"), "'[NONE]'"),
        (_damaged("bert", model__type="Other"), "'Other'"),
        (_damaged("t5", model__unk_id=None), "unk_id"),
        (_damaged("bert", normalizer__type="ByteLevel"), "ByteLevel"),
        (_damaged("bert", pre_tokenizer__type="UnicodeScripts"), "UnicodeScripts"),
        (_damaged("bert", decoder__type="CTC"), "CTC"),
        (_damaged("gemma", pre_tokenizer__pattern={"Regex": r"\h+"}), "regular expression"),
        (_damaged("gemma", pre_tokenizer__pattern={"Regex": "a*"}), "empty"),
        (_damaged("gemma", pre_tokenizer__behavior="Kept"), "'Kept'"),
        (_damaged("gpt2", model__merges=[["a", "b"], ["ab", "zz"]]), "'ab'"),
    ],
)
def test_what_cannot_be_run_is_named(source: bytes, named: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_loaded(source)
    assert named in str(caught.value)


def test_added_tokens_that_become_equal_are_told() -> None:
    parts = json.loads(source_of("bert"))
    token = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
    size = len(parts["model"]["vocab"])
    parts["added_tokens"] += [token | {"id": size + 50 + i, "content": text} for i, text in enumerate(("<Qq>", "<qQ>"))]
    assert "equal once normalised" in read_loaded(json.dumps(parts).encode()).warnings[-1]
