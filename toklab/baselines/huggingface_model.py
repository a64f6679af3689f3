"""A tokenizer of Hugging Face's library: encode, decode, and its ``tokenizer.json`` as a vocabulary of pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from toklab.algorithms.posterior import posterior_of
from toklab.algorithms.truncating import check_smaller, cut
from toklab.algorithms.unigram_model import UnigramModel
from toklab.baselines.huggingface_offsets import byte_spans
from toklab.baselines.huggingface_pieces import space_of, vocab_of
from toklab.baselines.saved import CARD, LibraryTokenizer, failures, read_saved, was_saved
from toklab.errors import BaselineError, FormatError, VocabSizeError
from toklab.formats.huggingface_checks import check_tokenizer, kind_of, parse_json, read_bytes, read_json
from toklab.pretokenize.utf8 import char_to_byte
from toklab.types import Encoding, IntArray, Posterior, Vocab

CONFIG = "tokenizer_config.json"


class HuggingFaceTokenizer(LibraryTokenizer):
    """A tokenizer of the library; its model is the contents of ``tokenizer.json``.

    What would make an encoding depend on more than the text is left out: no tokens around a text, no truncation, no
    padding, no dropout. `save` writes the file as it was.
    """

    engine = "huggingface"
    library = "Hugging Face"
    file = "tokenizer.json"

    @cached_property
    def _engine(self) -> Tokenizer:
        _ = self._parsed  # raises where the file would harm the process
        engine = Tokenizer.from_buffer(self.model)
        engine.encode_special_tokens = True
        engine.no_truncation()
        engine.no_padding()
        engine.post_processor = None
        if getattr(engine.model, "dropout", None):
            model = engine.model
            model.dropout = None
            engine.model = model
        return engine

    @cached_property
    def _parsed(self) -> dict[str, Any]:
        parsed = parse_json(self.model, self.file)
        check_tokenizer(parsed)
        return parsed

    @cached_property
    def vocab(self) -> Vocab:
        """The pieces by id, and for BPE the merges."""
        added = self._engine.get_added_tokens_decoder()
        return vocab_of(self._parsed, {index: (token.content, token.special) for index, token in added.items()})

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        positions = [char_to_byte(text) for text in texts]
        with failures(BaselineError, f"{self.name} could not encode"):
            found = self._engine.encode_batch(texts, add_special_tokens=False)
        return [self._encoding(*each) for each in zip(texts, found, positions, strict=True)]

    def _encoding(self, text: str, found: Any, positions: IntArray) -> Encoding:
        spans = positions[np.array(found.offsets, np.int64).reshape(-1, 2)]
        surfaces = [self._surfaces[index] for index in found.ids]
        return Encoding(np.array(found.ids, np.int32), byte_spans(text.encode("utf-8"), surfaces, spans))

    @cached_property
    def _surfaces(self) -> list[bytes]:
        return [piece.surface for piece in self.vocab]

    def _decode(self, ids: list[int]) -> str:
        with failures(BaselineError, f"{self.name} could not decode"):
            text: str = self._engine.decode(ids, skip_special_tokens=True)
        return text

    def posterior(self, texts: Iterable[str]) -> Posterior | None:
        """What a Unigram model thinks of texts as a probability distribution; None for any other, and where tokens
        that are not the model's were added.
        """
        model = self._parsed["model"]
        if kind_of(model) != "Unigram" or model.get("byte_fallback") or len(model["vocab"]) != len(self.vocab):
            return None
        judge = UnigramModel(self.vocab, tuple(float(score) for _, score in model["vocab"])).judge_words
        return posterior_of(judge, map(self._words, texts))

    def _words(self, text: str) -> list[str]:
        normal = self._engine.normalizer.normalize_str(text) if self._engine.normalizer else text
        if self._engine.pre_tokenizer is None:
            words = [normal] if normal else []
        else:
            words = [word for word, _ in self._engine.pre_tokenizer.pre_tokenize_str(normal)]
        space = space_of(self._parsed)
        return [word.replace(space, " ") for word in words] if space else words


def load(path: str | Path) -> HuggingFaceTokenizer:
    """Read what `HuggingFaceTokenizer.save` wrote, or any other ``tokenizer.json``.

    Parameters
    ----------
    path : the folder, or the file

    Raises
    ------
    FormatError
        A file is missing, cut short, changed since it was saved, or of another kind; or it holds what would harm the
        process.
    """
    path = Path(path)
    file = path / HuggingFaceTokenizer.file if path.is_dir() else path
    card = file.with_name(CARD)
    if card.exists() and not was_saved(card, "toklab"):
        return read_saved(HuggingFaceTokenizer, path)
    tokenizer = from_bytes(read_bytes(file), str(file))
    told = tuple(_not_in_file(tokenizer, file.with_name(CONFIG)))
    return replace(tokenizer, warnings=tokenizer.warnings + told) if told else tokenizer


def _not_in_file(tokenizer: HuggingFaceTokenizer, config: Path) -> Iterator[str]:
    """Added tokens that only ``tokenizer_config.json`` has: ``transformers`` would add them."""
    listed = read_json(config).get("added_tokens_decoder") if config.exists() else None
    if not isinstance(listed, Mapping):
        return
    texts = [str(token.get("content")) for token in listed.values() if isinstance(token, Mapping)]
    missing = [text for text in texts if tokenizer._engine.token_to_id(text) is None]
    if missing:
        yield f"{CONFIG} has {len(missing)} added tokens that the file lacks, and which are text here: {missing[0]!r}"


def from_bytes(data: bytes, name: str) -> HuggingFaceTokenizer:
    """A tokenizer from the contents of any ``tokenizer.json``.

    Parameters
    ----------
    name : what errors call it

    Raises
    ------
    FormatError
        It is cut short, or holds what the library does not read or what would harm the process.
    """
    parsed = parse_json(data, name)
    with failures(FormatError, f"{name} holds no tokenizer that Hugging Face's library reads"):
        try:
            check_tokenizer(parsed)
            kind = kind_of(parsed["model"]).lower()
            tokenizer = HuggingFaceTokenizer(kind, data, {}, tuple(_switched_off(parsed)))
            vars(tokenizer)["_parsed"] = parsed  # large files take seconds to read
            _ = tokenizer.vocab  # the library reads the file here
            tokenizer.decode(tokenizer.encode(kind).ids)
        except FormatError as error:
            raise FormatError(f"{name}: {error}") from None
    return tokenizer


def _switched_off(parsed: Mapping[str, Any]) -> Iterator[str]:
    """What of a file is not done, because an encoding is to be the text's alone."""
    for part in ("truncation", "padding"):
        if parsed.get(part) is not None:
            yield f"the file's {part} is switched off"
    if parsed["model"].get("dropout"):
        yield f"the file's dropout of {parsed['model']['dropout']} is switched off: encoding is deterministic"


def truncated_model(name: str, tokenizer: HuggingFaceTokenizer, size: int) -> str:
    """``tokenizer.json`` with the first ``size`` pieces of BPE or of a word list, and the merges behind them.

    Parameters
    ----------
    name : of the algorithm, for the error

    Raises
    ------
    VocabSizeError
        The alphabet and the special tokens are more than ``size``.
    UsageError
        It is larger than the size that the tokenizer was trained for.
    """
    check_smaller(name, int(tokenizer.signature["vocab"]), size)
    parsed = json.loads(tokenizer.model)
    model, vocab = parsed["model"], tokenizer.vocab
    ids: dict[str, int] = model["vocab"]
    if model["type"] == "WordLevel":
        if size <= len(vocab.special_ids):
            raise VocabSizeError(name, size, len(vocab.special_ids) + 1)
    else:
        tokens = sorted(ids, key=ids.__getitem__)
        atoms = [len(token) == 1 or piece.special for token, piece in zip(tokens, vocab, strict=True)]
        merges = [(ids[left], ids[right], ids[left + right]) for left, right in model["merges"]]
        _, count = cut(name, atoms, merges, size)
        model["merges"] = model["merges"][:count]
    model["vocab"] = {token: index for token, index in ids.items() if index < size}
    return json.dumps(parsed)
