"""The formats that a tokenizer can be written in: for each, the files it becomes, or why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias, cast

from toklab.algorithms.pipeline import TrainedTokenizer

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
    alien : a character of text that the format cannot tell from a space
    """

    name: str
    description: str
    write: str
    engine: str = ""
    alien: str = ""

    def files(self, tokenizer: TrainedTokenizer) -> Files:
        """The contents of the files, the main one first."""
        module, _, name = self.write.partition(":")
        function: Callable[[TrainedTokenizer], Files] = cast(
            Callable[[TrainedTokenizer], Files], getattr(import_module(module), name)
        )
        return function(tokenizer)


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(
            "tokenizer-json",
            "tokenizer.json, for Hugging Face tokenizers",
            "toklab.formats.tokenizer_json:files_of",
            "huggingface",
        ),
        Target(
            "hf",
            "a folder for transformers.AutoTokenizer: tokenizer.json and tokenizer_config.json",
            "toklab.formats.transformers_folder:files_of",
        ),
        Target(
            "sentencepiece",
            "a .model, for SentencePiece",
            "toklab.formats.sentencepiece_model:files_of",
            "sentencepiece",
            "\u2581",
        ),
        Target("vocab-txt", "vocab.txt of BERT, with its configuration", "toklab.formats.vocab_txt:files_of"),
        Target(
            "vocab-merges",
            "vocab.json and merges.txt of GPT-2, with their configuration",
            "toklab.formats.vocab_merges:files_of",
        ),
    )
}
