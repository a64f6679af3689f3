"""Scripts: which one a piece is written in, and how much of a vocabulary and of a text each takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import regex

from toklab.inspecting.findings import ScriptShare, Use
from toklab.inspecting.utf8 import is_whole

# Unicode 16; those that `regex` does not know would be an error at the first use.
NAMES = """
    Latin Greek Cyrillic Armenian Hebrew Arabic Syriac Thaana Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu
    Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Georgian Hangul Ethiopic Cherokee Canadian_Aboriginal Ogham
    Runic Khmer Mongolian Hiragana Katakana Bopomofo Han Yi Old_Italic Gothic Deseret Tagalog Hanunoo Buhid Tagbanwa
    Limbu Tai_Le Linear_B Ugaritic Shavian Osmanya Cypriot Braille Buginese Coptic New_Tai_Lue Glagolitic Tifinagh
    Syloti_Nagri Old_Persian Kharoshthi Balinese Cuneiform Phoenician Phags_Pa Nko Sundanese Lepcha Ol_Chiki Vai
    Saurashtra Kayah_Li Rejang Lycian Carian Lydian Cham Tai_Tham Tai_Viet Avestan Egyptian_Hieroglyphs Samaritan Lisu
    Bamum Javanese Meetei_Mayek Imperial_Aramaic Old_South_Arabian Inscriptional_Parthian Inscriptional_Pahlavi
    Old_Turkic Kaithi Batak Brahmi Mandaic Chakma Meroitic_Cursive Meroitic_Hieroglyphs Miao Sharada Sora_Sompeng Takri
    Caucasian_Albanian Bassa_Vah Duployan Elbasan Grantha Pahawh_Hmong Khojki Linear_A Mahajani Manichaean
    Mende_Kikakui Modi Mro Old_North_Arabian Nabataean Palmyrene Pau_Cin_Hau Old_Permic Psalter_Pahlavi Siddham
    Khudawadi Tirhuta Warang_Citi Ahom Anatolian_Hieroglyphs Hatran Multani Old_Hungarian SignWriting Adlam Bhaiksuki
    Marchen Newa Osage Tangut Masaram_Gondi Nushu Soyombo Zanabazar_Square Dogra Gunjala_Gondi Makasar Medefaidrin
    Hanifi_Rohingya Sogdian Old_Sogdian Elymaic Nandinagari Nyiakeng_Puachue_Hmong Wancho Chorasmian Dives_Akuru
    Khitan_Small_Script Yezidi Cypro_Minoan Old_Uyghur Tangsa Toto Vithkuqi Kawi Nag_Mundari Garay Gurung_Khema
    Kirat_Rai Ol_Onal Sunuwar Todhri Tulu_Tigalari
"""
COMMON, BYTES = "Common", "(bytes)"


@lru_cache(maxsize=1)
def _pattern() -> regex.Pattern[str]:
    return regex.compile("|".join(rf"(?P<{name}>\p{{Script={name}}})" for name in NAMES.split()))


@lru_cache(maxsize=1 << 16)
def script_of(char: str) -> str:
    """Unicode script of a character; Common, Inherited and Unknown are all ``"Common"``."""
    found = _pattern().match(char)
    return str(found.lastgroup) if found else COMMON


def scripts_of(text: str) -> list[str]:
    """The scripts of a text, by name; empty where all of it is Common."""
    return sorted({script_of(char) for char in text} - {COMMON})


def label_of(surface: bytes) -> str:
    """What a piece counts as."""
    if not is_whole(surface):
        return BYTES
    return "+".join(scripts_of(surface.decode("utf-8"))) or COMMON


def by_script(uses: Sequence[Use]) -> tuple[ScriptShare, ...]:
    """Pieces and tokens of each script: most pieces first, then by name; special pieces are left out."""
    counts: dict[str, list[int]] = {}
    for use in uses:
        if not use.piece.special:
            row = counts.setdefault(label_of(use.piece.surface), [0, 0, 0])
            row[0] += 1
            row[1] += use.tokens > 0
            row[2] += use.tokens
    order = sorted(counts, key=lambda name: (-counts[name][0], name))
    return tuple(ScriptShare(name, *counts[name]) for name in order)
