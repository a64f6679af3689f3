"""``vocab.txt``, BERT's format: one WordPiece piece a line, and a pipeline that its reader takes for granted."""

from __future__ import annotations

import json

from toklab.algorithms.models import WordPieceModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.errors import FormatError

FILE = "vocab.txt"
CONFIG = "tokenizer_config.json"
# BERT's reader adds those that a vocabulary lacks, with ids of their own.
NEEDED = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST_WORD = 100


def files_of(tokenizer: TrainedTokenizer) -> dict[str, bytes]:
    """``vocab.txt`` and the configuration that ``transformers`` reads beside it.

    Raises
    ------
    FormatError
        The tokenizer is no WordPiece of BERT's kind; the text names the feature that the format cannot hold.
    """
    model = tokenizer.model
    if not isinstance(model, WordPieceModel):
        raise _cannot(f"a {type(model).__name__}, only WordPiece")
    if tokenizer.pretokenizer.name != "bert":
        raise _cannot(f"the pre-tokenizer {tokenizer.pretokenizer.name!r}, only 'bert'")
    if tokenizer.normalizer != "bert":
        raise _cannot(f"the normaliser {tokenizer.normalizer!r}, only 'bert'")
    if model.max_word_length != LONGEST_WORD:
        raise _cannot(f"words of at most {model.max_word_length} characters, only {LONGEST_WORD}")
    missing = [text for text in NEEDED if text not in model.strings]
    if missing:
        raise _cannot(f"a vocabulary without {', '.join(missing)}; train with them as special tokens")
    if model.strings[model.vocab.unk_id or 0] != "[UNK]":
        raise _cannot("another unknown token than '[UNK]'")
    for text in model.strings:
        if text != text.strip() or "\n" in text or "\r" in text:
            raise _cannot(f"the piece {text!r}: lines are cut at their ends")
    facts = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "strip_accents": None}
    return {
        FILE: "".join(f"{text}\n" for text in model.strings).encode("utf-8"),
        CONFIG: (json.dumps(facts | {"tokenize_chinese_chars": True}, indent=2) + "\n").encode(),
    }


def _cannot(what: str) -> FormatError:
    return FormatError(f"vocab.txt cannot hold {what}")
