"""What a unigram model thinks of words, against all their segmentations written out, and the two twins."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from helpers import english
from hypothesis import given, settings
from test_lattice import all_paths, lattices, order
from test_unigram_model import MODELS, WORDS, model_of, tokenizer_of

from toklab.algorithms.lattice import Lattice, Path, score_of
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.posterior import BEST, judge, posterior_of
from toklab.algorithms.unigram_model import UnigramModel
from toklab.baselines.huggingface_model import HuggingFaceTokenizer
from toklab.baselines.sentencepiece_model import SentencePieceTokenizer
from toklab.comparison import encode
from toklab.errors import UsageError
from toklab.formats.tokenizer_json import to_json
from toklab.kernels import unigram_posterior
from toklab.measure import measure
from toklab.metrics import get_metric
from toklab.statistics import Bootstrap
from toklab.training import train
from toklab.types import FloatArray, Posterior

HUG = {"h": 0.1, "u": 0.1, "g": 0.1, "hu": 0.3, "ug": 0.4}
MODEL = model_of({text: math.log(chance) for text, chance in HUG.items()}, False)


def judged_by_list(paths: Sequence[Path]) -> tuple[float, float, float]:
    """The three figures of a word from all of its segmentations."""
    chances = [math.exp(score_of(path)) for path in paths]
    total = math.fsum(chances)
    entropy = -math.fsum(chance / total * math.log2(chance / total) for chance in chances)
    best = sorted(paths, key=order)[:BEST]
    mass = math.fsum(math.exp(score_of(path)) for path in best)
    spread = []
    for first in best:
        for second in best:
            cuts = [{edge.end for edge in path[:-1]} for path in (first, second)]
            either = cuts[0] | cuts[1]
            apart = len(cuts[0] ^ cuts[1]) / len(either) if either else 0.0
            spread.append(math.exp(score_of(first) + score_of(second)) / mass**2 * apart)
    return -math.log2(total), entropy, math.fsum(spread)


@settings(max_examples=300)
@given(case=lattices())
def test_figures_are_those_of_all_segmentations(case: tuple[str, dict[str, tuple[int, float]], Lattice]) -> None:
    word, pieces, lattice = case
    assert judge(lattice) == pytest.approx(judged_by_list(all_paths(word, pieces)), abs=1e-9)


@settings(max_examples=300)
@given(model=MODELS, words=WORDS)
def test_twins_give_equal_floats(model: UnigramModel, words: list[str]) -> None:
    readable = model.judge_words(words, "reference")
    assert readable.shape == (len(words), 3)
    assert np.array_equal(model.judge_words(words, "fast"), readable)


def test_twins_agree_on_real_words() -> None:
    corpus = english()
    tokenizer = train("unigram", corpus, vocab_size=500)
    assert isinstance(tokenizer, TrainedTokenizer)
    words = sorted({word for text in corpus.documents for word in text.split()})
    model = tokenizer.model
    assert isinstance(model, UnigramModel)
    readable = model.judge_words(words, "reference")
    assert np.array_equal(model.judge_words(words, "fast"), readable)
    assert (readable[:, 1] > 0).any()
    assert unigram_posterior.BEST == BEST


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_the_worked_example(backend: str) -> None:
    [found] = MODEL.judge_words(["hug"], backend).tolist()
    apart = 2 * (0.5 * 1 * 30 + 0.5 * 1 * 40 + 30 * 40) / 71**2
    entropy = -sum(n / 71 * math.log2(n / 71) for n in (1, 30, 40))
    assert found == pytest.approx([-math.log2(0.071), entropy, apart])
    assert [round(figure, 2) for figure in found] == [3.82, 1.08, 0.49]


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_one_segmentation_is_certain(backend: str) -> None:
    found = MODEL.judge_words(["h", "gh", "☃", ""], backend)
    assert not found[:, 1:].any()
    assert found[:, 0] == pytest.approx(np.log2([10, 100, 10 * math.e**10, 1]))


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_a_long_word_neither_overflows_nor_underflows(backend: str) -> None:
    model = model_of({"a": -15.0, "aa": -30.0}, False)
    [bits, entropy, apart] = model.judge_words(["a" * 2000], backend)[0].tolist()
    # as many segmentations as the Fibonacci number F(2001), each of score -30,000
    fibonacci = 2001 * math.log2((1 + math.sqrt(5)) / 2) - math.log2(5) / 2
    assert bits == pytest.approx(30_000 / math.log(2) - fibonacci)
    assert entropy == pytest.approx(fibonacci, rel=1e-6)
    assert 0 < apart < 0.01


def test_sums_of_texts() -> None:
    asked: list[list[str]] = []

    def judge_words(words: Sequence[str]) -> FloatArray:
        asked.append(list(words))
        return np.array([[len(word), len(word) / 2, 0.25] for word in words], np.float64).reshape(-1, 3)

    found = posterior_of(judge_words, [["é", "ab", "é"], [], ["ab"]])
    assert asked == [["é", "ab"]]
    assert found.words.tolist() == [3, 0, 1]
    assert found.sizes.tolist() == [6, 0, 2]
    unit = Posterior.UNIT
    assert found.surprisal.tolist() == [4 * unit, 0, 2 * unit]
    assert found.entropy.tolist() == [2 * unit, 0, unit]
    assert found.diversity.tolist() == [3 * unit // 4, 0, unit // 4]
    assert posterior_of(judge_words, []).words.tolist() == []


def figure(name: str, texts: Sequence[str], model: UnigramModel, pretokenizer: str = "gpt2") -> float | None:
    tokenizer = tokenizer_of(model, pretokenizer)
    return get_metric(name)(encode(tokenizer, texts, frozenset(), 5)).value()


NAMES = ("likelihood_per_byte", "segmentation_entropy", "nbest_diversity")


def test_metrics_are_pooled_over_documents() -> None:
    hug, h = -math.log2(0.071), math.log2(10)
    shares = [1 / 71, 30 / 71, 40 / 71]
    # pre-tokens hug, "," and hug in one document, h in another; the comma is unknown
    comma = math.log2(10) + 10 / math.log(2)
    texts = ["hug,hug", "h"]
    assert figure(NAMES[0], texts, MODEL) == pytest.approx((2 * hug + comma + h) / 8, abs=1e-6)
    assert figure(NAMES[1], texts, MODEL) == pytest.approx(-2 * sum(p * math.log2(p) for p in shares) / 4, abs=1e-6)
    assert figure(NAMES[2], texts, MODEL) == pytest.approx(2 * 2 * (15 + 20 + 1200) / 71**2 / 4, abs=1e-6)


def test_intervals_come_from_documents() -> None:
    data = encode(tokenizer_of(MODEL), ["hug", "h", "g", "hug hug"], frozenset(), 5)
    for cell in measure(data, Bootstrap(4, 200), NAMES):
        assert cell.value is not None
        assert cell.ci_low is not None
        assert cell.ci_high is not None
        assert cell.ci_low < cell.value < cell.ci_high


def test_text_that_is_left_out_leaves_the_likelihood_undefined() -> None:
    assert figure(NAMES[0], ["hug hug"], MODEL, "whitespace") is None
    assert figure(NAMES[0], ["hughug"], MODEL, "whitespace") is not None
    assert figure(NAMES[1], ["hug hug"], MODEL, "whitespace") is not None


@pytest.mark.parametrize("name", NAMES)
def test_undefined(name: str) -> None:
    assert figure(name, [""], MODEL) is None
    bpe = train("bpe", english(), vocab_size=300)
    assert get_metric(name)(encode(bpe, ["hug"], frozenset(), 300)).value() is None


def test_a_posterior_of_other_documents_is_refused() -> None:
    data = encode(tokenizer_of(MODEL), ["hug"], frozenset(), 5)
    other = tokenizer_of(MODEL).posterior(["hug", "h"])
    with pytest.raises(UsageError, match="posterior of 2 documents for 1"):
        type(data)(data.vocab, data.texts, data.batch, data.decoded, data.seen_words, 5, other)


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(UsageError, match="lone surrogate"):
        tokenizer_of(MODEL).posterior(["a\ud800"])


@pytest.fixture(scope="module")
def spm() -> SentencePieceTokenizer:
    tokenizer = train("spm-unigram", english(), vocab_size=600)
    assert isinstance(tokenizer, SentencePieceTokenizer)
    return tokenizer


@pytest.mark.parametrize("text", ["the cat", " he was", "  two  x", "on", "a\nb c"])
def test_sentencepieces_segmentations_fall_apart_into_those_of_words(spm: SentencePieceTokenizer, text: str) -> None:
    ways = spm._engine.nbest_encode_as_ids(text, nbest_size=512)
    assert 1 <= len(ways) < 512
    chances = [math.exp(sum(spm._engine.get_score(i) for i in way)) for way in ways]
    total = math.fsum(chances)
    found = spm.posterior([text])
    assert found is not None
    assert found.surprisal[0] / Posterior.UNIT == pytest.approx(-math.log2(total), abs=1e-4)
    entropy = -math.fsum(chance / total * math.log2(chance / total) for chance in chances)
    assert found.entropy[0] / Posterior.UNIT == pytest.approx(entropy, abs=1e-4)
    assert found.sizes[0] == len(text.encode())


def test_a_text_that_sentencepiece_reads_as_another_has_no_likelihood(spm: SentencePieceTokenizer) -> None:
    found = {name: get_metric(name)(encode(spm, ["a▁b"], frozenset(), 600)).value() for name in NAMES}
    assert found["likelihood_per_byte"] is None
    assert found["segmentation_entropy"] is not None
    assert spm.posterior(["a▁b"]).entropy == spm.posterior(["a b"]).entropy  # type: ignore[union-attr]


def test_hugging_faces_model_is_judged_as_ours_is() -> None:
    ours = train("unigram", english(), vocab_size=500)
    assert isinstance(ours, TrainedTokenizer)
    theirs = HuggingFaceTokenizer("hf-unigram", to_json(ours).encode(), {})
    texts = ["the cat sat; on 12 mats", "", "☃ déjà"]
    mine, other = ours.posterior(texts), theirs.posterior(texts)
    assert mine is not None
    assert other is not None
    for name in ("words", "sizes", "surprisal", "entropy", "diversity"):
        assert getattr(mine, name).tolist() == getattr(other, name).tolist()


@pytest.mark.parametrize("name", ["hf-bpe", "spm-bpe"])
def test_libraries_models_without_probabilities(name: str) -> None:
    tokenizer = train(name, english(), vocab_size=500)
    assert tokenizer.posterior(["text"]) is None  # type: ignore[attr-defined]


def test_hugging_faces_trained_model_has_figures() -> None:
    data = encode(train("hf-unigram", english(), vocab_size=500), english().documents[:5], frozenset(), 500)
    figures = [get_metric(name)(data).value() for name in NAMES]
    assert all(figure is not None and figure > 0 for figure in figures)
