"""The libraries' trainers on a small text, for the tests of baselines."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from toklab.baselines import huggingface, sentencepiece
from toklab.corpus import Corpus
from toklab.types import Encoding

TEXT = """The harbour wakes before the town does. Gulls argue over the fish crates, and a boy named Oskar
counts them aloud: forty-one, forty-two, forty-three! His grandmother sells smoked eels for 12 crowns a piece.

"You're late," she said, without looking up. "The ferry left at 6:45, and we've lost the doctor."
He didn't answer; he was watching a grey seal that had followed the boats in from the outer islands.

In winter the same harbour is silent. Ice closes the inner basin by January, thick enough for horses by March,
and the pilots' wives walk across it to visit one another. Nobody remembers a winter when it failed to freeze.

def depth(soundings):
    return sum(soundings) / len(soundings)  # metres, not fathoms

Naïve visitors ask whether the café opens before noon. It doesn't, and the señora who keeps it isn't sorry.
Über den Hafen schreibt niemand ein Lied. Зимой гавань молчит. 冬の港は静かだ。

Counting, weighing, mending, painting, waiting: the working year is made of such words. A net is mended in an
evening, a hull is painted in a week, and a reputation is mended never. Oskar learned the weights before the
letters, and the letters before the tides; the tides, he says, cannot be learned but only listened to.
"""
DOCUMENTS = tuple(part + "\n\n" for part in TEXT.split("\n\n"))
CORPUS = Corpus("harbour", DOCUMENTS)
ALGORITHMS: dict[str, Any] = {
    algorithm.name: algorithm
    for algorithm in (
        huggingface.BPE,
        huggingface.WORDPIECE,
        huggingface.UNIGRAM,
        huggingface.WORDLEVEL,
        sentencepiece.BPE,
        sentencepiece.UNIGRAM,
        sentencepiece.CHAR,
        sentencepiece.WORD,
    )
}
HUGGING_FACE = [name for name in ALGORITHMS if name.startswith("hf-")]
SIZES = {"hf-unigram": 180, "hf-wordlevel": 150, "spm-char": 400, "spm-word": 120}
# Any text but lone surrogates, with what pre-tokenizers and byte alphabets trip over made likely.
ANY_TEXT = st.lists(
    st.sampled_from(["the ", " harbour", "\n", "\r\n", "\t", "  ", "\0", "\x1f", "é", "日本", "▅", "<0x41>", "<unk>"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
).map("".join)
USER_PATTERN = r"[A-Za-z]+|\d|\s+"
# A text on which the library's regular expressions give up, with a panic, and the pattern to do it with.
BACKTRACKING = "(?:a|a)*[bc]"
PANICS = "a" * 40 + " b"


def fit(name: str, corpus: Corpus = CORPUS, **options: Any) -> Any:
    algorithm = ALGORITHMS[name]
    return algorithm.fit(corpus, algorithm.spec_type(**({"vocab_size": SIZES.get(name, 420)} | options)))


@cache
def fitted(name: str, pretokenizer: str | None = None, normalizer: str = "none") -> Any:
    return fit(name, pretokenizer=pretokenizer, normalizer=normalizer)


def check_offsets(text: str, encoding: Encoding, *, full: bool = False) -> None:
    size = len(text.encode("utf-8"))
    assert encoding.ids.dtype == np.int32
    assert encoding.offsets.dtype == np.int64
    assert encoding.offsets.shape == (len(encoding), 2)
    assert (np.diff(encoding.offsets, axis=0) >= 0).all()
    assert (encoding.offsets[:, 0] <= encoding.offsets[:, 1]).all()
    assert (encoding.offsets >= 0).all()
    assert (encoding.offsets <= size).all()
    if full:
        edges = [0, *encoding.offsets[:, 1].tolist()]
        assert encoding.offsets[:, 0].tolist() == edges[:-1]
        assert edges[-1] == size
