"""Why no text whatever becomes a piece: a proof in words, or None.

Each argument needs a model whose rules are known in full, see `understood`:

- *Byte-level bytes*: text is UTF-8, so bytes that never stand next to each other there are in no token.
- *BPE*: where a token begins and ends, no merge has ever reached across. So what happened inside is what happens to
  the token's own symbols alone (lowest rank first, leftmost first), and a piece that its own symbols do not become
  is no token anywhere, or only as a whole word where a model takes those first. In the same way, two neighbours alone
  are cut as they are in any text.
- *WordPiece*: a continuation follows a token that was the longest match, so no piece may be that token and some of the
  characters after it.
- *Unigram*: part of a best path is a best path of its part. A piece that other pieces spell with a higher
  probability is on none.
- *Pre-tokenizer*: see `toklab.inspecting.boundaries`.

Scores are taken to add up exactly; so that rounding cannot matter, `MARGIN` must lie between two Unigram paths.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.symbols import CONTINUATION
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.word_model import WordModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.inspecting.boundaries import Boundaries
from toklab.inspecting.bpe_proofs import BpeRule
from toklab.inspecting.reasons import quoted, why_no_fallback
from toklab.inspecting.utf8 import inside_of, is_stretch
from toklab.pretokenize import get_normalizer
from toklab.types import Piece

# Nats; SentencePiece adds in 32 bits, where a path of a thousand tokens is off by far less.
MARGIN = 0.01


class Rule(Protocol):
    """What a kind of model adds: why it never gives a piece, in any pre-token that the pattern lets through."""

    def why_never(self, index: int) -> str | None: ...


class Proofs:
    """The proofs for one tokenizer.

    Parameters
    ----------
    tokenizer : ours, or what a library's was `understood` as
    in_hugging_face : that library runs it, so less is claimed: its tables of characters are older, and to its Unigram
        the text ``<0x41>`` is the piece
    """

    def __init__(self, tokenizer: TrainedTokenizer, in_hugging_face: bool = False) -> None:
        model = tokenizer.model
        boundaries = Boundaries(tokenizer.pretokenizer)
        self._rule: Rule | None = None
        if isinstance(model, BpeModel):
            self._rule = BpeRule(model, boundaries, in_hugging_face)
        elif isinstance(model, WordPieceModel):
            self._rule = _WordPiece(model, boundaries)
        elif isinstance(model, UnigramModel):
            self._rule = _Unigram(model, boundaries, in_hugging_face)
        elif isinstance(model, WordModel):
            self._rule = _Word(model, boundaries)
        self._vocab = model.vocab
        self._normalizer = "none" if in_hugging_face else tokenizer.normalizer

    def why_never(self, index: int) -> str | None:
        """Why no text becomes the piece; None where that is not proven."""
        if self._rule is None:
            return None
        return self._rule.why_never(index) or self._normalized_away(self._vocab[index])

    def _normalized_away(self, piece: Piece) -> str | None:
        if self._normalizer != "bert" or piece.byte:
            return None
        raw = piece.surface
        gone = [char for char in (inside_of(raw) if is_stretch(raw) else "") if char not in _left_by_bert()]
        return f"the normaliser 'bert' leaves no {gone[0]!r} in a text" if gone else None


class _WordPiece:
    def __init__(self, model: WordPieceModel, boundaries: Boundaries) -> None:
        self._model, self._boundaries = model, boundaries
        # BERT looks up the text itself: "##x" at the beginning of a word is the piece of that spelling.
        self._strings = {text: i for i, text in enumerate(model.strings) if not model.vocab[i].special}

    def why_never(self, index: int) -> str | None:
        text, piece = self._model.strings[index], self._model.vocab[index]
        at_first = self._why_not_first(text)
        if at_first is None or not piece.continuation:
            return at_first
        return self._why_not_later(text.removeprefix(CONTINUATION))

    def _why_not_first(self, text: str) -> str | None:
        if len(text) > self._model.max_word_length:
            return f"words of more than {self._model.max_word_length} characters are unknown"
        return self._boundaries.why_never(text, first=True)

    def _why_not_later(self, rest: str) -> str | None:
        if len(rest) >= self._model.max_word_length:
            return f"words of more than {self._model.max_word_length} characters are unknown"
        if reason := self._boundaries.why_never(rest, later=True):
            return reason
        longer = [rest[:end] for end in range(1, len(rest) + 1)]
        room = self._model.max_word_length - len(rest)
        before = (text for text in self._strings if _least(text) <= room)
        if all(any(text + more in self._strings for more in longer) for text in before):
            return "wherever it could stand, a longer piece takes some of its characters first"
        return None


def _least(text: str) -> int:
    """The fewest characters of a word that end with a piece of this spelling."""
    return len(text) if not text.startswith(CONTINUATION) else min(len(text), len(text) - len(CONTINUATION) + 1)


class _Unigram:
    def __init__(self, model: UnigramModel, boundaries: Boundaries, in_hugging_face: bool) -> None:
        self._model, self._boundaries, self._claims_bytes = model, boundaries, not in_hugging_face

    def why_never(self, index: int) -> str | None:
        piece, model = self._model.vocab[index], self._model
        if not piece.surface:
            return None
        if piece.byte:
            return why_no_fallback(piece, model.pieces.__contains__) if self._claims_bytes else None
        text = piece.surface.decode("utf-8")
        parts, score = self._best_of_others(text)
        if score > model.scores[index] + MARGIN:
            shown = f"{score:.4g} against {model.scores[index]:.4g}"
            return f"{quoted(parts)} is more probable ({shown} nats)"
        return self._boundaries.why_never(text)

    def _best_of_others(self, text: str) -> tuple[list[str], float]:
        """The most probable way to spell a text with shorter pieces."""
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(text) + 1):
            ways = [
                (best[start][0] + self._model.pieces[text[start:end]][1], start)
                for start in range(end)
                if end - start < len(text) and text[start:end] in self._model.pieces
            ]
            best.append(max(ways, default=(float("-inf"), 0)))
        parts: list[str] = []
        end = len(text)
        while end and best[-1][0] > float("-inf"):
            parts.insert(0, text[best[end][1] : end])
            end = best[end][1]
        return parts, best[-1][0]


class _Word:
    def __init__(self, model: WordModel, boundaries: Boundaries) -> None:
        self._model, self._boundaries = model, boundaries

    def why_never(self, index: int) -> str | None:
        return self._boundaries.why_never(self._model.strings[index], first=True, last=True)


@lru_cache(maxsize=1)
def _left_by_bert() -> frozenset[str]:
    """Every character that BERT's normaliser may leave; it takes each by itself, and moves no more than marks."""
    scalars = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)
    return frozenset(get_normalizer("bert")(scalars).text)
