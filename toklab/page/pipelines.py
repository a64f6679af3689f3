"""The way of a text through a tokenizer, in the few parts that the page knows: changes, a pattern, a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from toklab.algorithms.loaded import LoadedTokenizer
from toklab.algorithms.models import Model
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import UnigramModel
from toklab.errors import FormatError
from toklab.formats.sentencepiece_tokenizer import SpmTokenizer
from toklab.loading.ours import Runnable
from toklab.page.export import packed
from toklab.pretokenize import PreTokenizer


@dataclass(frozen=True)
class Pipeline:
    """What the page runs of a tokenizer.

    Parameters
    ----------
    model : encodes words
    pattern : cuts texts into words; None: a text is one word
    changes : how SentencePiece changes a text first, as data for ``templates/rules.js``; None: not at all
    """

    model: Model
    pattern: PreTokenizer | None
    changes: dict[str, Any] | None = None


def pipeline_of(tokenizer: Runnable) -> Pipeline:
    """The parts of a tokenizer.

    Raises
    ------
    FormatError
        It does something that the page does not do; the text names it.
    """
    if isinstance(tokenizer, TrainedTokenizer):
        return _trained(tokenizer)
    return _sentencepiece(tokenizer) if isinstance(tokenizer, SpmTokenizer) else _loaded(tokenizer)


def _trained(tokenizer: TrainedTokenizer) -> Pipeline:
    if tokenizer.normalizer != "none":
        raise FormatError(f"it normalises text by {tokenizer.normalizer}, which the page does not")
    model = tokenizer.model
    whole = tokenizer.pretokenizer.name == "none" or (isinstance(model, UnigramModel) and model.single_precision)
    return Pipeline(model, None if whole else tokenizer.pretokenizer)


def _loaded(tokenizer: LoadedTokenizer) -> Pipeline:
    steps = [type(step).__name__ for step in tokenizer.added.normalizers]
    if steps:
        raise FormatError(f"it normalises text ({', '.join(steps)}), which the page does not")
    found = [token.content for token in tokenizer.added.tokens if not token.special]
    if found:
        raise FormatError(f"it takes added tokens such as {found[0]!r} out of a text, which the page does not")
    if tokenizer.splitters and tokenizer.pattern is None:
        steps = [type(step).__name__ for step in tokenizer.splitters]
        raise FormatError(f"it cuts words by {', '.join(steps)}, where the page knows one pattern")
    return Pipeline(tokenizer.model, tokenizer.pattern)


def _sentencepiece(tokenizer: SpmTokenizer) -> Pipeline:
    rules, inner = tokenizer.normalizer, _trained(tokenizer.inner)
    charsmap = None
    if rules.charsmap:
        texts = np.frombuffer(rules.charsmap.replacements, np.uint8)
        charsmap = {"units": packed(rules.charsmap.units), "replacements": packed(texts)}
    changes = {
        "charsmap": charsmap,
        "kept": [piece.decode() for piece in rules.kept],
        "apart": list(tokenizer.kept.items()) or None,
        "dummy": rules.add_dummy_prefix,
        "strip": rules.remove_extra_whitespaces,
        "escape": rules.escape_whitespaces,
        "behind": rules.suffix_space,
        "exact": rules.exact,
        "unknown": tokenizer.contents.unknown,
    }
    return Pipeline(inner.model, inner.pattern, changes)
