"""The formats that a tokenizer can be written in: for each, the files it becomes, or why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias, cast

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.baselines.saved import LibraryTokenizer
from toklab.converting.proof import Confusion
from toklab.formats.transformers_folder import CONFIG, config
from toklab.loading.ours import engine_of
from toklab.types import Tokenizer

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
    own : the same from a tokenizer that the library ``engine`` runs, whose own file is kept as it is
    engine : the library that reads the format
    confusion : text that the format takes for something else
    """

    name: str
    description: str
    write: str
    engine: str
    own: str = ""
    confusion: Confusion | None = None

    def files(self, tokenizer: TrainedTokenizer) -> Files:
        """The contents of the files, the main one first."""
        return cast(Files, _function(self.write)(tokenizer))

    def keeps(self, tokenizer: Tokenizer) -> Files | None:
        """The files of a tokenizer that is in this format already; None of any other."""
        if not self.own or engine_of(tokenizer) != self.engine:
            return None
        return cast(Files, _function(self.own)(tokenizer))


def _function(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    return cast(Callable[..., Any], getattr(import_module(module), name))


def model_file(tokenizer: LibraryTokenizer) -> Files:
    """The library's own file."""
    return {tokenizer.file: tokenizer.model}


def transformers_folder(tokenizer: LibraryTokenizer) -> Files:
    """The library's own file, and the configuration that goes with its special tokens."""
    return {**model_file(tokenizer), CONFIG: config(tokenizer.vocab)}


SPELLED = Confusion(
    "<(0x[0-9A-F]{2}|unk)>", "text such as '<0x41>' or '<unk>' for that piece, where the model lacks '<'"
)
SPACES = Confusion("\u2581", "U+2581 in a text for a space")
# What a library that runs the source takes for something else.
CONFUSIONS = {"huggingface": SPELLED, "sentencepiece": SPACES}

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(
            "tokenizer-json",
            "tokenizer.json, for Hugging Face tokenizers",
            "toklab.formats.tokenizer_json:files_of",
            "huggingface",
            "toklab.converting.targets:model_file",
            SPELLED,
        ),
        Target(
            "hf",
            "a folder for transformers.AutoTokenizer: tokenizer.json and tokenizer_config.json",
            "toklab.formats.transformers_folder:files_of",
            "huggingface",
            "toklab.converting.targets:transformers_folder",
            confusion=SPELLED,
        ),
        Target(
            "sentencepiece",
            "a .model, for SentencePiece",
            "toklab.formats.sentencepiece_model:files_of",
            "sentencepiece",
            "toklab.converting.targets:model_file",
            SPACES,
        ),
        Target(
            "tiktoken",
            "a file of ranks for tiktoken, and the pattern and special tokens beside it",
            "toklab.formats.tiktoken:files_of",
            "tiktoken",
        ),
        Target(
            "vocab-txt", "vocab.txt of BERT, with its configuration", "toklab.formats.vocab_txt:files_of", "huggingface"
        ),
        Target(
            "vocab-json",
            "vocab.json and merges.txt of GPT-2, with their configuration",
            "toklab.formats.vocab_merges:files_of",
            "huggingface",
        ),
    )
}
