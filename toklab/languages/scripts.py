"""The script that a language is written in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import regex

NO_LETTERS, OTHER = "no letters", "other"
# Property values of Unicode's Script (UAX #24) that hold letters of languages in use, or written until recently.
_NAMES = """
    Latin Cyrillic Greek Arabic Hebrew Devanagari Han Hiragana Katakana Hangul Thai Adlam Armenian Balinese
    Bamum Bassa_Vah Batak Bengali Bopomofo Buginese Buhid Canadian_Aboriginal Chakma Cham Cherokee Coptic
    Deseret Ethiopic Georgian Gothic Gujarati Gurmukhi Hanifi_Rohingya Hanunoo Javanese Kannada Kayah_Li Khmer
    Lao Lepcha Limbu Lisu Malayalam Mandaic Medefaidrin Meetei_Mayek Mende_Kikakui Miao Mongolian Mro Myanmar
    New_Tai_Lue Nko Nushu Nyiakeng_Puachue_Hmong Ol_Chiki Oriya Osage Osmanya Pahawh_Hmong Rejang Runic
    Samaritan Saurashtra Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham
    Tai_Viet Tamil Telugu Thaana Tibetan Tifinagh Vai Wancho Warang_Citi Yi
"""
SCRIPTS = tuple(_NAMES.split())
_LETTER = r"\p{L}"


def script_of(texts: Iterable[str]) -> str:
    """The script that most letters (general category L) of some texts have.

    Japanese counts as the one of its three scripts that it uses most.

    Returns
    -------
    str
        A name of `SCRIPTS`, ties by their order; ``"other"`` for any other script, and ``"no letters"``.
    """
    letters: Counter[str] = Counter()
    for text in texts:
        letters.update(regex.findall(_LETTER, text))
    counts = dict.fromkeys((*SCRIPTS, OTHER), 0)
    for letter, count in letters.items():
        counts[_script(letter)] += count
    # max takes the first of several that are equal.
    return max(counts, key=lambda script: counts[script]) if letters else NO_LETTERS


@lru_cache(maxsize=65536)
def _script(letter: str) -> str:
    return next((script for script in SCRIPTS if regex.match(rf"\p{{Script={script}}}", letter)), OTHER)
