"""``tekken.json``, Mistral's format: tiktoken's ranks behind the special tokens, with more ranks than are used.

The id of a token is its rank and the number of special tokens together. Of the ranks, the first
``default_vocab_size - default_num_special_tokens`` count; special tokens that the file does not name are called
``<SPECIAL_20>`` by their ids. Source: mistral_common/tokens/tokenizers/tekken.py (1.13).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.errors import FormatError
from toklab.formats.ranks import Ranks, decoded, read_file, tokenizer_of

# Those of the files up to version 7, which do not list them.
UNLISTED = (
    *("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
    *("[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]"),
    *("[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]"),
)
LAST_UNLISTED = 7


def load(path: Path) -> TrainedTokenizer:
    """Read a ``tekken.json`` into a tokenizer that toklab runs.

    Raises
    ------
    FormatError
        It is damaged, or its pattern holds what only tiktoken can run.
    """
    return tokenizer_of(read(path))


def read(path: Path) -> Ranks:
    """The ranks of a file.

    Raises
    ------
    FormatError
        It is not JSON, is cut short, lacks a part, or holds ranks that are not 0, 1, 2, ...
    """
    try:
        data = json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a whole JSON file ({error}); it may be cut short") from None
    try:
        config = data["config"]
        pattern, size, count = config["pattern"], config["default_vocab_size"], config["default_num_special_tokens"]
        if type(pattern) is not str or type(size) is not int or type(count) is not int:
            raise FormatError(f"{path}: its config has a part of another type")
        rows = data["vocab"]
        if not 0 <= count < size <= count + len(rows):
            raise FormatError(f"{path}: {size:,} pieces, {count:,} of them special, of {len(rows):,} ranks")
        tokens = [_token(row, rank, path) for rank, row in enumerate(rows[: size - count])]
        specials = {text: index for index, text in enumerate(_special_texts(data, count, path))}
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} lacks a part that tekken.json must have: {error!r}") from None
    if len(specials) < count:
        raise FormatError(f"{path}: two special tokens have one text")
    return Ranks(path.stem, tokens, range(count, size), pattern, specials)


def _token(row: Mapping[str, Any], rank: int, path: Path) -> bytes:
    if row["rank"] != rank:
        raise FormatError(f"{path}: the rank {row['rank']!r} stands in place {rank:,} of the vocabulary")
    return decoded(row["token_bytes"], f"{path}: the token of rank {rank:,}")


def _special_texts(data: Mapping[str, Any], count: int, path: Path) -> list[str]:
    """Texts of the special tokens, by id."""
    listed = data.get("special_tokens")
    if listed is None:
        version = re.match(r"v(\d+)", str(data["config"]["version"]))
        if version is None or int(version[1]) > LAST_UNLISTED:
            raise FormatError(f"{path} lists no special tokens, which its version must")
        texts = list(UNLISTED)
    else:
        if [row["rank"] for row in listed] != list(range(len(listed))):
            raise FormatError(f"{path}: the ranks of its special tokens are not 0, 1, 2, ...")
        texts = [str(row["token_str"]) for row in listed]
    if len(texts) > count:
        raise FormatError(f"{path}: {len(texts)} special tokens where its config has {count}")
    return texts + [f"<SPECIAL_{index}>" for index in range(len(texts), count)]
