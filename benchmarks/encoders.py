"""How each contender encodes: one vocabulary of toklab's in every library, so that all give the same ids.

Each library is used in the way that serves it best: flat arrays where it has them, lists where it has not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.documents import WARM_UP

Flat: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]

FILE, PLAIN, METASPACE, SPM = "tokenizer.json", "byte_level.json", "metaspace.json", "tokenizer.model"
# New words, a long one, and a long document: toklab loads its kernels for each when it first meets them.
UNHEARD = ("zxqvk vkzxq qzvkx\n", "v" * 1_000)
LONG_COPIES = 4_000


@dataclass(frozen=True)
class Encoder:
    """A loaded tokenizer.

    Parameters
    ----------
    encode : documents to whatever the library gives for them
    flat : from that, the ids of all documents end to end, and how many each document has
    """

    encode: Callable[[Sequence[str]], Any]
    flat: Callable[[Any], Flat]


def make_encoder(name: str, folder: Path, threads: int) -> Encoder:
    """Load the vocabulary that toklab saved in a folder into a contender's library."""
    if name == "tiktoken":
        return _tiktoken(folder, threads)
    if name == "spm-unigram":
        return _sentencepiece(folder / SPM, threads)
    if name.startswith("hf-"):
        path = folder / (METASPACE if "unigram" in name else FILE)
        return _hugging_face(path, with_offsets=not name.endswith("-fast"))
    peers = {
        "gigatoken": _gigatoken,
        "fastokens": _fastokens,
        "splintr": _splintr,
        "tokie": _tokie,
        "kitoken": _kitoken,
    }
    library, _, kind = name.partition("-")
    # Who names GPT-2's pattern, or the rule for spaces, instead of spelling it out gets the fastest scanner.
    path = folder / {"wordpiece": FILE, "unigram": METASPACE}.get(kind, PLAIN)
    return peers[library](path) if library in peers else _toklab(folder, threads)


def _toklab(folder: Path, threads: int) -> Encoder:
    import toklab

    tokenizer: Any = toklab.load(folder)
    # Another one loads the kernels, so that this has seen no more than those of the other libraries.
    for texts in ([*WARM_UP, *UNHEARD], ["".join(WARM_UP) * LONG_COPIES]):
        replace(tokenizer, backend="fast").encode_batch(texts, threads=threads)
    return Encoder(
        lambda texts: tokenizer.encode_batch(texts, threads=threads), lambda batch: (batch.ids, np.diff(batch.rows))
    )


def _sentencepiece(path: Path, threads: int) -> Encoder:
    engine = import_module("sentencepiece").SentencePieceProcessor(model_file=str(path))
    return Encoder(lambda texts: engine.encode(texts, out_type="numpy", num_threads=threads), from_lists)


def _hugging_face(path: Path, with_offsets: bool) -> Encoder:
    from tokenizers import Tokenizer

    engine: Any = Tokenizer.from_file(str(path))
    # Otherwise the text "[UNK]" in a document would be read as the special token.
    options: dict[str, Any] = {"add_special_tokens": False}
    if hasattr(engine, "encode_special_tokens"):
        engine.encode_special_tokens = True
    else:  # from version 1.0
        options["encode_special_tokens"] = True
    call = engine.encode_batch if with_offsets else engine.encode_batch_fast
    return Encoder(lambda texts: call(texts, **options), lambda found: from_lists([each.ids for each in found]))


def _tiktoken(folder: Path, threads: int) -> Encoder:
    from benchmarks.models import read_ranks

    tiktoken = import_module("tiktoken")
    # The library's own spelling of GPT-2's pattern, which its engine runs faster.
    pattern = import_module("tiktoken_ext.openai_public").r50k_pat_str
    ranks, to_id = read_ranks(folder)
    ids = np.array(to_id)
    engine = tiktoken.Encoding("toklab", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    def encode(texts: Sequence[str]) -> list[Any]:
        return [engine.encode_to_numpy(text, disallowed_special=()) for text in texts]

    def encode_all(texts: Sequence[str]) -> list[Any]:
        size = max(1, -(-len(texts) // (4 * threads)))
        with ThreadPoolExecutor(threads) as pool:
            parts = pool.map(encode, [texts[start : start + size] for start in range(0, len(texts), size)])
            return [ids for part in parts for ids in part]

    def flat(found: list[Any]) -> Flat:
        got, counts = from_lists(found)
        return ids[got], counts

    return Encoder(encode_all if threads > 1 else encode, flat)


def _gigatoken(path: Path) -> Encoder:
    gigatoken = import_module("gigatoken")
    awkward = import_module("awkward")
    engine = gigatoken.Tokenizer(path)
    return Encoder(
        lambda texts: engine.encode_batch(texts, parallel=True),
        lambda found: (awkward.flatten(found).to_numpy(), awkward.num(found).to_numpy()),
    )


def _fastokens(path: Path) -> Encoder:
    engine = import_module("fastokens._native").Tokenizer.from_file(str(path))
    return Encoder(lambda texts: engine.encode_batch_flat(texts, split_special_tokens=True), from_buffers)


def _splintr(path: Path) -> Encoder:
    engine = import_module("splintr").from_json(str(path))
    return Encoder(engine.encode_batch_flat, from_buffers)


def _tokie(path: Path) -> Encoder:
    engine = import_module("tokie").Tokenizer.from_json(str(path))
    return Encoder(lambda texts: engine.encode_batch_flat(texts, add_special_tokens=False), lambda found: found)


def _kitoken(path: Path) -> Encoder:
    engine = import_module("kitoken").Kitoken.from_tokenizers_file(str(path))
    return Encoder(lambda texts: engine.encode_all(texts, False), from_lists)


def from_lists(found: Sequence[Any]) -> Flat:
    """One list or array of ids for each document."""
    arrays = [np.asarray(ids, np.int64) for ids in found]
    return np.concatenate([np.zeros(0, np.int64), *arrays]), np.array([len(ids) for ids in arrays], np.int64)


def from_buffers(found: tuple[bytes, bytes]) -> Flat:
    """Bytes of 32-bit ids, and of 64-bit starts of each document with the end of the last."""
    return np.frombuffer(found[0], np.uint32), np.diff(np.frombuffer(found[1], np.int64))
