"""What both sides of a claim are trained on, and other documents of the same kind to encode."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.documents import MEGABYTE
from benchmarks.sources import CODE, PARALLEL, find_source
from benchmarks.texts import cut

CORPORA = PARALLEL.parent
HELD_OUT = 5  # every fifth document
CODE_BYTES = MEGABYTE
SEED = 11
DOCUMENTS = 400
# Small alphabets make ties, and ties are where trainers part.
ALPHABETS = ("a", "ab", "abc", "01", "xyz-", "aA", "日本語", "éèe\u0301", "абв", "🙂👍🏽\u200d", "कािक्", "عربي")
# What patterns, prefixes, suffixes and byte spellings trip over.
AWKWARD = (
    *("don't", "I'LL", "we've", "x's", "1234567", "3.14", "...", "?!", "(a)", "a_b", "a/b", "</w>", "Ġa", "ĊĊ"),
    *("naïve", "cafe\u0301", "ﬁne", "ǅ", "x²", "½", "a\u00a0b", "\u3000", "\u200b", "ab" * 60, "a" * 40),
)
SPACES = (" ", " ", " ", " ", "  ", "\n", "\n\n", "\t", "   ", " \n")


@dataclass(frozen=True)
class Documents:
    """A text in documents.

    Parameters
    ----------
    name : for tables
    origin : what it is made of
    trained, held_out : documents to train on, and documents to encode
    """

    name: str
    origin: str
    trained: tuple[str, ...]
    held_out: tuple[str, ...]

    @property
    def n_bytes(self) -> int:
        """Bytes that are trained on."""
        return sum(len(text.encode("utf-8")) for text in self.trained)


def find_documents(name: str) -> Documents:
    """A text by its name, one of `NAMES`."""
    makers = {
        "english": lambda: _of(name, "corpora/en.txt", _files(CORPORA / "en.txt")),
        "scripts": lambda: _of(name, "corpora/parallel, all languages", _files(*sorted(PARALLEL.glob("*.txt")))),
        "code": lambda: _of(name, "1 MB of the standard library's sources", _code()),
        "adversarial": lambda: _of(name, "generated: small alphabets and awkward words", adversarial()),
    }
    return makers[name]()


NAMES = ("english", "scripts", "code", "adversarial")


def _of(name: str, origin: str, documents: Iterable[str]) -> Documents:
    """Every fifth document is held out."""
    found = list(documents)
    rest = [text for number, text in enumerate(found) if number % HELD_OUT != HELD_OUT - 1]
    return Documents(name, origin, tuple(rest), tuple(found[HELD_OUT - 1 :: HELD_OUT]))


def _files(*paths: Path) -> Iterator[str]:
    return (piece.decode("utf-8") for path in paths for piece in cut([path.read_bytes()]))


def _code() -> Iterator[str]:
    return (piece.decode("utf-8") for piece in cut(find_source(CODE, {}).blocks(), CODE_BYTES))


def adversarial() -> Iterator[str]:
    """Documents of random words; the same at every call."""
    generator = random.Random(SEED)
    for _ in range(DOCUMENTS):
        words = [_word(generator) + generator.choice(SPACES) for _ in range(generator.randint(1, 80))]
        yield "".join(words)


def _word(generator: random.Random) -> str:
    if generator.random() < 0.1:
        return generator.choice(AWKWARD)
    letters = generator.choice(ALPHABETS)
    return "".join(generator.choices(letters, k=generator.choice((1, 2, 3, 3, 4, 5, 6, 8, 12, 20))))
