"""What the contenders of a comparison share: the text and its parts, the sizes, and the seeds; with its signature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toklab.algorithms import check_vocab_size, get_algorithm
from toklab.corpus import Corpus, open_corpus
from toklab.errors import ToklabError, UsageError
from toklab.metrics import seen_words
from toklab.metrics.cost import ORDER
from toklab.metrics.lexicon import Lexicon, bundled_lexicon, read_lexicon
from toklab.retraining import prepared
from toklab.signature import number, render, toklab_version, words_fact
from toklab.statistics import Bootstrap
from toklab.types import Contender, Pretrained
from toklab.workshop import Fit, Job

LEARNED_MB = 5  # of training text, that the metrics which learn from it learn from


@dataclass(frozen=True)
class Entry:
    """One training of the comparison: the contender with all its options, at one vocabulary size."""

    contender: Contender
    vocab_size: int
    sized: bool


@dataclass(frozen=True)
class Loading:
    """One model of the comparison: it is loaded, and has the size that it has.

    Parameters
    ----------
    vocab_size : one that was asked for; stands in for its own where it cannot be loaded
    """

    contender: Pretrained
    vocab_size: int
    sized: bool = False


@dataclass(frozen=True)
class Setting:
    """What all contenders share.

    Parameters
    ----------
    training, test : the two parts of the corpus
    corpus : the whole
    pretokenizer : given to every contender that takes one
    held_out, seed : how the corpus was split
    seen : the words of the training part
    learned : of the training part, what a language model of the tokens learns from
    lexicon : words whose morphemes are known
    """

    training: Corpus
    test: Corpus
    corpus: Corpus
    pretokenizer: str
    held_out: float
    seed: int
    bootstrap: Bootstrap
    seen: frozenset[str] = field(repr=False)
    learned: Corpus = field(repr=False)
    lexicon: Lexicon = field(repr=False)

    @property
    def facts(self) -> dict[str, str]:
        """The part of the signature that does not depend on the contender."""
        return {
            "corpus": f"{self.corpus.name}@{self.corpus.digest}",
            "heldout": f"{number(self.held_out)}@seed{self.seed}",
            "words": words_fact(),
            "morphemes": f"{self.lexicon.name}@{self.lexicon.digest}",
            "ngram": f"kn{ORDER}@{LEARNED_MB}MB@seed{self.seed}",
            "bootstrap": f"{self.bootstrap.resamples}@seed{self.bootstrap.seed}",
        }

    @property
    def description(self) -> dict[str, str | int]:
        """The corpus and its two parts, as a report holds it."""
        return {
            "name": self.corpus.name,
            "digest": self.corpus.digest,
            "documents": len(self.corpus),
            "bytes": self.corpus.n_bytes,
            "train_documents": len(self.training),
            "train_bytes": self.training.n_bytes,
            "test_documents": len(self.test),
            "test_bytes": self.test.n_bytes,
        }

    def signature(
        self, sizes: Sequence[int], contenders: Sequence[Contender], models: Sequence[str] = (), **more: str
    ) -> str:
        """The signature of all contenders together, with more facts that only all together depend on.

        Parameters
        ----------
        models : those that were loaded, with digests
        """
        return render(shared_facts(sizes, self.pretokenizer, contenders, {**self.facts, **more}, models))


def check_sizes(vocab_size: int | Iterable[int]) -> tuple[int, ...]:
    """The distinct vocabulary sizes, in the order given.

    Raises
    ------
    UsageError
        No size, or one below 1.
    """
    asked = vocab_size if isinstance(vocab_size, Iterable) else [vocab_size]
    sizes = tuple(dict.fromkeys(check_vocab_size(size) for size in asked))
    if not sizes or min(sizes) < 1:
        raise UsageError("vocabulary sizes must be 1 or more, and there must be one")
    return sizes


def check_choices(pretokenizer: str, seed: int) -> None:
    """Refuse, before anything is read, what cannot be used.

    Raises
    ------
    UsageError
        A negative seed, or an unknown pattern.
    """
    from toklab.pretokenize import get_pretokenizer

    if seed < 0:
        raise UsageError(f"seed {seed} is negative; use 0 or more")
    get_pretokenizer(pretokenizer)


def prepare(
    source: str | Path | Corpus | Iterable[str] | None,
    pretokenizer: str,
    documents: str,
    held_out: float,
    seed: int,
    resamples: int,
    morphemes: str | Path | None = None,
) -> Setting:
    """Read and split the corpus; the arguments and the errors are those of `compare`."""
    check_choices(pretokenizer, seed)
    lexicon = bundled_lexicon() if morphemes is None else read_lexicon(morphemes)
    corpus = open_corpus(source, documents=documents)
    training, test = corpus.split(held_out, seed)
    bootstrap = Bootstrap(len(test), resamples, seed)
    learned = training.within(LEARNED_MB * 1_000_000, seed)
    seen = seen_words(training.documents)
    return Setting(training, test, corpus, pretokenizer, held_out, seed, bootstrap, seen, learned, lexicon)


def make_entries(contenders: Sequence[Contender], sizes: Sequence[int], pretokenizer: str) -> list[Entry]:
    """Every contender at every size; those without a size of their own to choose, once."""
    entries = []
    for contender in contenders:
        sized = bool(getattr(get_algorithm(contender.algorithm), "sized", True))
        for size in sizes if sized else sizes[:1]:
            entries.append(Entry(prepared(contender, size, pretokenizer), size, sized))
    return entries


def first_job(entry: Entry, training: Corpus) -> Job:
    """The training that is judged."""
    return Job(entry.contender, training, {"PYTHONHASHSEED": "0"})


def reading(model: Loading, texts: Corpus, learned: Corpus | None = None) -> Job:
    """A model asked about texts; ``learned`` are encoded besides."""
    return Job(model.contender, texts, {"PYTHONHASHSEED": "0"}, learned=learned)


def model_facts(runs: Sequence[Fit | ToklabError]) -> list[str]:
    """Name and digest of each model that could be loaded, for the signature of all."""
    return [fit.tokenizer.signature["model"] for fit in runs if isinstance(fit, Fit)]


def shared_facts(
    sizes: Sequence[int],
    pretokenizer: str,
    contenders: Sequence[Contender],
    facts: Mapping[str, str],
    models: Sequence[str] = (),
) -> dict[str, str]:
    """What the signature of all contenders together says, with the facts of the comparison in the middle."""
    libraries = [getattr(get_algorithm(c.algorithm), "library", "toklab") for c in contenders]
    others = "+".join(dict.fromkeys(name for name in libraries if name != "toklab"))
    return {
        "toklab": toklab_version(),
        "tokenizers": "+".join(map(_described, contenders)),
        "vocab": "+".join(map(str, sizes)),
        "pre": pretokenizer,
        **facts,
        **({"lib": others} if others else {}),
        **({"models": "+".join(models)} if models else {}),
    }


def _described(contender: Contender) -> str:
    """A contender by its name, and where that does not say it all, by its algorithm and options too."""
    options = ",".join(f"{key}={value}" for key, value in sorted(contender.options.items()))
    plain = f"{contender.algorithm}:{options}" if options else contender.algorithm
    return plain if contender.name == plain else f"{contender.name}={plain}"
