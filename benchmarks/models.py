"""One vocabulary of toklab's in every form that a library loads."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from toklab.types import Tokenizer, Vocab

FILE = "tokenizer.json"
PLAIN = "byte_level.json"
RANKS = "ranks.tiktoken"
IDS = "ids.json"
# Libraries know GPT-2's pattern by this step, which stands for it, and cut with code of their own.
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def save_forms(tokenizer: Tokenizer, folder: Path) -> None:
    """Write ``tokenizer.json``, and for byte-level BPE the same model in two other spellings.

    ``byte_level.json`` names GPT-2's pattern instead of spelling it out; ``ranks.tiktoken`` has the bytes and rank
    of each piece, and ``ids.json`` the id of each rank.
    """
    tokenizer.save(folder)
    whole = json.loads((folder / FILE).read_bytes())
    if whole["model"]["type"] != "BPE":
        return
    (folder / PLAIN).write_text(json.dumps({**whole, "pre_tokenizer": BYTE_LEVEL}), encoding="utf-8")
    ranks, to_id = byte_ranks(tokenizer.vocab)
    lines = [b"%s %d\n" % (base64.b64encode(surface), rank) for surface, rank in ranks.items()]
    (folder / RANKS).write_bytes(b"".join(lines))
    (folder / IDS).write_text(json.dumps(to_id), encoding="utf-8")


def byte_ranks(vocab: Vocab) -> tuple[dict[bytes, int], list[int]]:
    """A byte-level BPE vocabulary as tiktoken takes it.

    Returns
    -------
    ranks : bytes of each piece to its rank; special pieces have none
    to_id : id of each rank
    """
    to_id = [index for index, piece in enumerate(vocab) if not piece.special]
    return {vocab[index].surface: rank for rank, index in enumerate(to_id)}, to_id


def read_ranks(folder: Path) -> tuple[dict[bytes, int], list[int]]:
    """What `save_forms` wrote for tiktoken."""
    lines: list[Any] = [line.split() for line in (folder / RANKS).read_bytes().splitlines()]
    return {base64.b64decode(surface): int(rank) for surface, rank in lines}, json.loads((folder / IDS).read_bytes())
