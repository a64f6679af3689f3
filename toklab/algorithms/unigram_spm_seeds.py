"""What SentencePiece 0.2.3's Unigram trainer begins with: the texts that it reads, and its seeds.

Source: ``MakeSeedSentencePieces`` of ``unigram_model_trainer.cc``, as measured. The library sorts the suffixes of all
sentences, in UTF-8 and with a NUL after each, and walks their suffix tree. A node is a string that occurs twice or
more and is followed by different bytes; the ends of its texts are what makes this differ from characters:

- 漢 followed by 字 and by 学 is no seed: both begin with the byte E5.
- A sentence's end is looked past. ``the`` before the NUL is a node of its own where the sentences that follow begin
  with different bytes, and its count is added to that of ``the``. So the order of the sentences matters.

The library takes texts of more than 500 MB in parts; that is not followed.

Worked example. ``ab``, ``ab``, ``cab`` is read as ``ab|ab|cab|``, with | for NUL. ``ab`` occurs three times, always
before |, so it is no node; ``ab|`` is one, followed by a, c and the end of all. ``ab`` is a seed of 3 x 2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from toklab.algorithms.single import single
from toklab.algorithms.spelling import Characters
from toklab.algorithms.spm_rules import LONGEST, UNKNOWN_MARK, is_piece, required_characters, sentences
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.types import WordCounts

# Ends a sentence.
END = "\0"


@dataclass(frozen=True)
class Sentences:
    """The documents as the trainer holds them.

    Parameters
    ----------
    texts : of each document that is not skipped; a space is U+2581, a character that has no piece U+2585
    words : their words
    alphabet : the characters that have a piece, the most frequent first and then by code point
    """

    texts: Sequence[str]
    words: WordCounts
    alphabet: Sequence[str]


def read(
    documents: Sequence[str],
    reserved: Sequence[str],
    coverage: float = 1.0,
    threads: int | None = None,
    backend: str = "auto",
) -> Sentences:
    """Read documents.

    Parameters
    ----------
    documents : as they are after normalising
    reserved : texts of special pieces; no piece crosses a place where the text spells one
    coverage : see `toklab.algorithms.spm_rules.required_characters`; a space that is left out parts no words

    Raises
    ------
    InputError
        No document holds a word.
    """
    pretokenizer = get_pretokenizer("sentencepiece")
    texts = [text for text in sentences(documents, reserved) if text]
    words = count_words(texts, pretokenizer, threads=threads, backend=backend)
    # Before anything is marked: marks count as one character, and U+0000 does not count at all.
    alphabet = required_characters(words, coverage)
    others = set(Characters.of(words.flat).all).difference(alphabet)
    if others:
        texts = _marked(texts, others)
        words = count_words(texts, pretokenizer, threads=threads, backend=backend)
    return Sentences(texts, words, alphabet)


def _marked(texts: Sequence[str], characters: Collection[str]) -> list[str]:
    """The texts without some characters."""
    pattern = re.compile("[" + re.escape("".join(sorted(characters))) + "]")
    return [pattern.sub(UNKNOWN_MARK, text) for text in texts]


def seeds(texts: Sequence[str], size: int, split_digits: bool = False) -> tuple[list[str], list[float]]:
    """All characters, and the nodes of the suffix tree that may be pieces.

    Parameters
    ----------
    texts : from `read`
    size : seeds to take that are no characters; those are all taken
    split_digits : a digit is in no piece of several characters

    Returns
    -------
    texts, weights : the characters by count and then code point; then the others by occurrences x characters, the
        longer in bytes first and then by code points; weights are single precision
    """
    characters: dict[str, int] = {}
    followers: dict[str, list[bytes]] = {}
    for text, after in zip(texts, [*texts[1:], ""], strict=True):
        whole = text + END + after[:1]
        for start, char in enumerate(text):
            if char != UNKNOWN_MARK:
                characters[char] = characters.get(char, 0) + 1
                for end in range(start + 2, min(start + LONGEST + 1, len(text) + 1) + 1):
                    followers.setdefault(whole[start:end], []).append(whole[end : end + 1].encode()[:1])
    counts: dict[str, int] = {}
    for node, bytes_after in followers.items():
        if len(set(bytes_after)) > 1:
            found = node.removesuffix(END)
            counts[found] = counts.get(found, 0) + len(bytes_after)
    found_pieces = (text for text in counts if len(text) > 1 and is_piece(text, split_digits))
    weights = {text: single(counts[text] * len(text)) for text in found_pieces}
    by_weight = sorted(weights, key=lambda text: (-weights[text], -len(text.encode()), text))
    by_count = sorted(characters, key=lambda char: (-characters[char], char))
    chosen = by_weight[:size]
    return by_count + chosen, [*(single(characters[c]) for c in by_count), *(weights[text] for text in chosen)]
