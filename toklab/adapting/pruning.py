"""Which pieces can go: the least used that no other piece is made of.

Where the rarest pieces of a BPE vocabulary are cut, whatever was made of them can no longer be made. So only leaves of
the merge tree are cut, as Purason et al. 2025 do ("Teaching Old Tokenizers New Words: Efficient Tokenizer Adaptation
for Pre-trained Models"). A leaf that goes leaves its two parts in its place, and may make leaves of them.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence

from toklab.adapting.rebuild import Adaptable
from toklab.algorithms.models import BpeModel
from toklab.types import IntArray


def droppable(model: Adaptable, uses: IntArray, most_uses: int | None = None) -> list[int]:
    """Ids that can go, in the order in which they should; of equals the highest id, the last that was learned, first.

    Special tokens, single characters and single bytes always stay: any text must stay encodable.

    Parameters
    ----------
    uses : (pieces,) int64, how often the text uses each
    most_uses : pieces that are used more often stay; None is no limit
    """
    counts = uses.tolist()
    if not isinstance(model, BpeModel):
        chosen = [
            i for i in range(len(counts)) if not _is_atom(model, i) and (most_uses is None or counts[i] <= most_uses)
        ]
        return sorted(chosen, key=lambda i: (counts[i], -i))
    return _leaves(model, counts, most_uses)


def _leaves(model: BpeModel, counts: list[int], most_uses: int | None) -> list[int]:
    """Peel the merge tree from its leaves; a leaf's uses become uses of its parts."""
    parts: Counter[int] = Counter()
    made_by: dict[int, list[tuple[int, int]]] = {}
    for left, right, new in model.merges:
        parts.update((left, right))
        made_by.setdefault(new, []).append((left, right))
    heap = [(counts[i], -i) for i in made_by if not parts[i] and not _is_atom(model, i)]
    heapq.heapify(heap)
    order = []
    while heap:
        count, negative = heapq.heappop(heap)
        piece = -negative
        if most_uses is not None and count > most_uses:
            break
        order.append(piece)
        for place, pair in enumerate(made_by[piece]):
            for part in pair:
                parts[part] -= 1
                if place == 0:
                    counts[part] += count
        for part in {part for pair in made_by[piece] for part in pair}:
            if not parts[part] and part in made_by and not _is_atom(model, part):
                heapq.heappush(heap, (counts[part], -part))
    return order


def _is_atom(model: Adaptable, index: int) -> bool:
    piece = model.vocab[index]
    if piece.special or piece.byte:
        return True
    byte_level = isinstance(model, BpeModel) and model.alphabet == "byte"
    return len(piece.surface if byte_level else piece.surface.decode("utf-8")) == 1


def freed(order: Sequence[int], count: int) -> list[int]:
    """The first ``count`` of those that can go, by id."""
    return sorted(order[:count])
