"""Metrics against naive loops over their definitions, on anything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from encoded_texts import BOS, UNK, arbitrary, value
from hypothesis import given

from toklab.metrics import METRICS, Encoded, words
from toklab.metrics.oov import FATES, oov_fates


def _naive_words(data: Encoded) -> Iterator[tuple[str, str, int, list[tuple[int, int, int]]]]:
    """Each word with its document, first byte and (id, start, end) of its tokens."""
    for text, encoding in zip(data.texts, (data.batch[i] for i in range(len(data.batch))), strict=True):
        rows = zip(encoding.ids.tolist(), *encoding.offsets.T.tolist(), strict=True)
        counted = [row for row in rows if data.vocab[row[0]] != BOS]
        for word, begin, stop in words(text):
            yield text, word, begin, [row for row in counted if row[1] < stop and row[2] > begin]


def _share(flags: list[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


class TestAgainstLoops:
    @given(arbitrary())
    def test_tokens_of_words(self, data: Encoded) -> None:
        assert data.word_lengths.tolist() == [len(tokens) for *_, tokens in _naive_words(data)]

    @given(arbitrary())
    def test_word_metrics(self, data: Encoded) -> None:
        assert data.seen_words is not None
        found = list(_naive_words(data))
        oov = [row for row in found if row[1] not in data.seen_words]
        seen = [row for row in found if row[1] in data.seen_words]
        assert value("continued_words", data) == _share([len(tokens) > 1 for *_, tokens in found])
        assert value("oov_words", data) == _share([row[1] not in data.seen_words for row in found])
        for name, group in (("oov_fertility", oov), ("seen_fertility", seen)):
            expected = sum(len(tokens) for *_, tokens in group) / len(group) if group else None
            assert value(name, data) == expected
        unknown = [any(data.vocab[token] == UNK for token, _, _ in tokens) for *_, tokens in oov]
        assert value("oov_unk_words", data) == _share(unknown)
        assert value("oov_exploded", data) == _share([_is_exploded(*row) for row in oov])
        fates = Counter(
            "unknown" if lost else "exploded" if _is_exploded(*row) else "pieces" if len(row[3]) > 1 else "whole"
            for row, lost in zip(oov, unknown, strict=True)
        )
        assert oov_fates(data) == {name: fates[name] for name in FATES}

    @given(arbitrary())
    def test_single_token_words(self, data: Encoded) -> None:
        cuts: dict[str, Counter[int]] = {}
        for _, word, _, tokens in _naive_words(data):
            cuts.setdefault(word, Counter())[len(tokens)] += 1
        expected = _share([cut[1] == max(cut.values()) for cut in cuts.values()])
        assert value("single_token_words", data) == expected

    @given(arbitrary())
    def test_unknown_bytes(self, data: Encoded) -> None:
        covered = total = 0
        for i, text in enumerate(data.texts):
            total += len(text.encode())
            spans = zip(data.batch[i].ids, data.batch[i].offsets, strict=True)
            covered += len({b for token, (s, e) in spans if token == 0 for b in range(s, e)})
        assert value("unk_bytes", data) == (covered / total if total else None)

    @given(arbitrary())
    def test_every_metric_takes_everything(self, data: Encoded) -> None:
        for each in METRICS.values():
            figure = each(data).value()
            assert figure is None or math.isfinite(figure)


def _is_exploded(text: str, word: str, begin: int, tokens: list[tuple[int, int, int]]) -> bool:
    character = [begin for begin, c in enumerate(text) for _ in c.encode()]
    stop = begin + len(word.encode())
    touched = [set(character[max(start, begin) : min(end, stop)]) for _, start, end in tokens]
    return len(tokens) > 1 and all(len(some) < 2 for some in touched)
