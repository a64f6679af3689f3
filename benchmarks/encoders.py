"""How each contender encodes: one vocabulary of toklab's in every library, so that all give the same ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from toklab.formats.tokenizer_json import FILE, load_tokenizer
from toklab.types import Vocab


@dataclass(frozen=True)
class Encoder:
    """A loaded tokenizer.

    Parameters
    ----------
    encode : documents to whatever the library gives for them
    counts : tokens of each document, from that
    ids : ids of each document, from that
    """

    encode: Callable[[Sequence[str]], Any]
    counts: Callable[[Any], list[int]]
    ids: Callable[[Any], list[list[int]]]


def make_encoder(name: str, folder: Path, threads: int) -> Encoder:
    """Load the vocabulary that toklab saved in a folder into a contender's library."""
    if name == "tiktoken":
        return _tiktoken(folder, threads)
    if name.startswith("hf-"):
        return _hugging_face(folder, with_offsets=not name.endswith("-fast"))
    return _toklab(folder)


def _toklab(folder: Path) -> Encoder:
    tokenizer = load_tokenizer(folder / FILE, backend="fast")
    return Encoder(
        tokenizer.encode_batch,
        lambda batch: np.diff(batch.rows).tolist(),
        lambda batch: [batch[row].ids.tolist() for row in range(len(batch))],
    )


def _hugging_face(folder: Path, with_offsets: bool) -> Encoder:
    from tokenizers import Tokenizer

    engine = Tokenizer.from_file(str(folder / FILE))
    # Otherwise the text "[UNK]" in a document would be read as the special token.
    engine.encode_special_tokens = True
    call = engine.encode_batch if with_offsets else engine.encode_batch_fast
    return Encoder(
        lambda texts: call(list(texts), add_special_tokens=False),
        lambda found: [len(encoding) for encoding in found],
        lambda found: [encoding.ids for encoding in found],
    )


def _tiktoken(folder: Path, threads: int) -> Encoder:
    tiktoken = import_module("tiktoken")
    # The library's own spelling of GPT-2's pattern, which its engine runs faster.
    pattern = import_module("tiktoken_ext.openai_public").r50k_pat_str
    ranks, to_id = byte_ranks(load_tokenizer(folder / FILE).vocab)
    engine = tiktoken.Encoding("toklab", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return Encoder(
        lambda texts: engine.encode_ordinary_batch(list(texts), num_threads=threads),
        lambda found: [len(ids) for ids in found],
        lambda found: [[to_id[rank] for rank in ids] for ids in found],
    )


def byte_ranks(vocab: Vocab) -> tuple[dict[bytes, int], list[int]]:
    """A byte-level BPE vocabulary as tiktoken takes it.

    Returns
    -------
    ranks : bytes of each piece to its rank; special pieces have none
    to_id : id of each rank
    """
    to_id = [index for index, piece in enumerate(vocab) if not piece.special]
    return {vocab[index].surface: rank for rank, index in enumerate(to_id)}, to_id
