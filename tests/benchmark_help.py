"""What the tests of the benchmark share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PARAGRAPHS = (
    "The signal box at Tarn Junction has forty-two levers, and the night porter knows each by its squeak.",
    "When the 23:10 freight is late he brews tea, reads the almanac aloud, and doesn't answer the telephone.",
    "Naïve travellers ask for the café; there isn't one. Зимой поезд опаздывает. 駅は静かだ。 [UNK] <unk>",
    "def delay(minutes):\n    return [m for m in minutes if m > 15]  # anything less is punctual",
)


def write_corpus(folder: Path) -> Path:
    """A few kB of text in paragraphs."""
    path = folder / "railway.txt"
    path.write_text("\n\n".join(PARAGRAPHS * 32), encoding="utf-8")
    return path


def options(**given: Any) -> dict[str, Any]:
    """Options of the command line as click gives them."""
    several = ("tasks", "corpora", "sizes", "lengths", "vocab_sizes", "threads", "names", "environments")
    base = {"full": False, "texts": None, "shapes": None, "repeats": 3, "time_limit": 1.0}
    return {**dict.fromkeys(several, ()), **base, **given}
