"""Words whose segmentations a tokenizer remembers from call to call."""

from __future__ import annotations

from collections.abc import Iterable

from toklab.algorithms.models import Model, Segmentation

# Words that are remembered, and the characters of the longest of them; past that, remembering starts anew.
MOST_WORDS = 1 << 17
LONGEST = 128


class WordCache(dict[str, Segmentation]):
    """Segmentations of one model by word."""

    def segment(self, model: Model, words: Iterable[str], backend: str) -> dict[str, Segmentation]:
        """Segmentations of the distinct words, remembered or made, in the order of the words."""
        # Looked up once: another thread may empty the cache at any time.
        found = {word: self.get(word) for word in words}
        fresh = [word for word, known in found.items() if known is None]
        made = dict(zip(fresh, model.encode_words(fresh, backend), strict=True))
        if len(self) + len(made) > MOST_WORDS:
            self.clear()
        if len(made) <= MOST_WORDS:
            self.update((word, cut) for word, cut in made.items() if len(word) <= LONGEST)
        return {word: made[word] if known is None else known for word, known in found.items()}
