"""The formats that a tokenizer can be written in: for each, the files it becomes, or why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias, cast

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.converting.proof import Confusion

Files: TypeAlias = Mapping[str, bytes]


@dataclass(frozen=True)
class Target:
    """One format to write.

    Parameters
    ----------
    name : as ``--to`` takes it
    description : what it is and who reads it
    write : ``"module:function"`` from a tokenizer that toklab runs to the contents of files by name, the main one
        first; it raises `FormatError` where the format cannot hold a feature, which it names
    engine : of a tokenizer that is in this format already, so that its own file is the conversion
    confusion : text that the format takes for something else
    """

    name: str
    description: str
    write: str
    engine: str = ""
    confusion: Confusion | None = None

    def files(self, tokenizer: TrainedTokenizer) -> Files:
        """The contents of the files, the main one first."""
        module, _, name = self.write.partition(":")
        function: Callable[[TrainedTokenizer], Files] = cast(
            Callable[[TrainedTokenizer], Files], getattr(import_module(module), name)
        )
        return function(tokenizer)


BYTES = Confusion(
    "<0x[0-9A-F]{2}>", "text such as '<0x41>' for that byte, where the model lacks '<' and has byte fallback"
)

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(
            "tokenizer-json",
            "tokenizer.json, for Hugging Face tokenizers",
            "toklab.formats.tokenizer_json:files_of",
            "huggingface",
            BYTES,
        ),
        Target(
            "hf",
            "a folder for transformers.AutoTokenizer: tokenizer.json and tokenizer_config.json",
            "toklab.formats.transformers_folder:files_of",
            confusion=BYTES,
        ),
        Target(
            "sentencepiece",
            "a .model, for SentencePiece",
            "toklab.formats.sentencepiece_model:files_of",
            "sentencepiece",
            Confusion("\u2581", "U+2581 in a text for a space"),
        ),
        Target("vocab-txt", "vocab.txt of BERT, with its configuration", "toklab.formats.vocab_txt:files_of"),
        Target(
            "vocab-merges",
            "vocab.json and merges.txt of GPT-2, with their configuration",
            "toklab.formats.vocab_merges:files_of",
        ),
    )
}
