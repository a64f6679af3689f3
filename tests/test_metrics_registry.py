"""What a metric takes, and metrics by name: the table, unknown names, plugins."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from encoded_texts import SMALL, chain, encoded

from toklab.errors import UnknownNameError, UsageError
from toklab.metrics import METRICS, Encoded, Ratio, Value, all_metrics, base, get_metric, metric
from toklab.types import Batch, Encoding, Piece, Vocab


class TestEncoded:
    def test_parts_that_do_not_fit(self) -> None:
        vocab, batch = Vocab((Piece(b"a"),)), Batch.stack([Encoding(np.array([1], np.int32), np.array([[0, 1]]))])
        with pytest.raises(UsageError, match="2 texts, 1 encodings and 1 decoded"):
            Encoded(vocab, ("a", "b"), batch, ("a",), frozenset(), 1)
        with pytest.raises(UsageError, match="token id 1 is not in the vocabulary of 1 "):
            Encoded(vocab, ("a",), batch, ("a",), frozenset(), 1)

    @pytest.mark.parametrize("spans", [[(1, 2), (0, 2)], [(0, 2), (1, 1)], [(0, 3)], [(2, 1)], [(-1, 1)]])
    def test_offsets_that_cannot_be(self, spans: list[tuple[int, int]]) -> None:
        with pytest.raises(UsageError, match="offsets of document 1"):
            encoded([chain("ab", "ab"), ("ab", [(b"a", start, end) for start, end in spans])])

    def test_offsets_may_begin_anew_in_each_document(self) -> None:
        assert encoded([chain("ab", "a", "b"), chain("c", "c")]).starts.tolist() == [0, 1, 2]


class TestRegistry:
    def test_order_of_the_table(self) -> None:
        groups = list(dict.fromkeys(each.group for each in METRICS.values()))
        first = ["vocabulary size", "sequence length", "OOV handling", "fidelity"]
        middle = ["characters", "numbers", "morphology", "code", "distribution"]
        assert groups == [*first, *middle, "cost of use", "probability"]
        assert all(name == each.name and each.description.endswith(".") for name, each in METRICS.items())

    def test_unknown_name(self) -> None:
        with pytest.raises(UnknownNameError, match="unknown metric 'fertilty'; did you mean 'fertility'"):
            get_metric("fertilty")
        assert get_metric("fertility").unit == "tokens/word"

    def test_name_clash(self) -> None:
        with pytest.raises(UsageError, match=r"'tokens' is defined twice: toklab\.metrics\.length"):
            metric("tokens", group="mine", unit="tokens")(lambda _: Value(None))

    def test_plugins(self, plugins: list[EntryPoint]) -> None:
        class Mine:
            name, value = "mine", "mine.module"

            def load(self) -> None:
                @metric("documents", group="mine", unit="documents")
                def documents(data: Encoded) -> Ratio:
                    """Documents.

                    More.
                    """
                    return Ratio(np.array([len(data.texts)]), np.array([1]))

        plugins.append(Mine())  # type: ignore[arg-type]
        added = all_metrics()
        assert list(added)[-1] == "documents"
        assert added["documents"].description == "Documents."
        assert added["documents"](SMALL).value() == 2
        assert list(all_metrics()) == list(added)

    def test_plugin_that_takes_a_name(self, plugins: list[EntryPoint]) -> None:
        class Clash:
            name, value = "clash", "clash.module"

            def load(self) -> None:
                metric("fertility", group="mine", unit="x")(lambda _: Value(None))

        plugins.append(Clash())  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="'fertility' is defined twice"):
            all_metrics()

    def test_plugin_that_cannot_be_loaded(self, plugins: list[EntryPoint], caplog: pytest.LogCaptureFixture) -> None:
        plugins.append(EntryPoint("gone", "toklab_no_such_module", "toklab.metrics"))
        assert "fertility" in all_metrics()
        assert "'toklab_no_such_module' are left out, they cannot be loaded: ModuleNotFoundError" in caplog.text


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """The entry points that `all_metrics` finds, to be filled; the registry is put back afterwards."""
    found: list[EntryPoint] = []
    before = dict(METRICS)
    monkeypatch.setattr(base, "plugins", lambda group: found)
    base._load_plugins.cache_clear()
    yield found
    base._load_plugins.cache_clear()
    METRICS.clear()
    METRICS.update(before)
