"""What SentencePiece 0.2.3 takes for a word, a character of the alphabet and a possible piece.

As it is run here: no normalisation, every space kept, words cut at U+2581 (its spelling of the space), pieces of one
script (Kudo and Richardson 2018; ``trainer_interface.cc``). The library's table of scripts is that of Unicode 9: to
it, what Unicode took in later is of the script Common. What is listed here was measured on the library, and a test
holds it to that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import regex

from toklab.corpus import Corpus
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.pretokenize.unicode import bounds
from toklab.types import WordCounts

SPACE = "\u2581"
# Stands for a character that has no piece; a document that holds it is skipped.
UNKNOWN_MARK = "\u2585"
# Stands where the text spells a special piece.
BOUNDARY = "\x1f"
NEVER = frozenset("\0 " + UNKNOWN_MARK + BOUNDARY)
LONGEST = 16
SCRIPTS = """
    Adlm Aghb Ahom Arab Armi Armn Avst Bali Bamu Bass Batk Beng Bhks Bopo Brah Brai Bugi Buhd Cakm Cans Cari Cham
    Cher Copt Cprt Cyrl Deva Dsrt Dupl Egyp Elba Ethi Geor Glag Goth Gran Grek Gujr Guru Hang Hani Hano Hatr Hebr
    Hira Hluw Hmng Hung Ital Java Kali Kana Khar Khmr Khoj Knda Kthi Lana Laoo Latn Lepc Limb Lina Linb Lisu Lyci
    Lydi Mahj Mand Mani Marc Mend Merc Mero Miao Mlym Modi Mong Mroo Mtei Mult Mymr Narb Nbat Newa Nkoo Ogam Olck
    Orkh Orya Osge Osma Palm Pauc Perm Phag Phli Phlp Phnx Prti Rjng Runr Samr Sarb Saur Sgnw Shaw Shrd Sidd Sind
    Sinh Sora Sund Sylo Syrc Tagb Takr Tale Talu Taml Tang Tavt Telu Tfng Tglg Thaa Thai Tibt Tirh Ugar Vaii Wara
    Xpeo Xsux Yiii Zinh
"""
COMMON, INHERITED, HAN = "Zyyy", "Zinh", "Hani"
# What ``regex`` knows the script of and Unicode 9 does not, with what lies between and is Common to both.
NEWER = """
    558 560 588-589 58B-58C 5C8-5C9 5EF 61C-61D 7FD-7FF 860-89F 8B5 8BE-8D3 9FC-9FE A76 AFA-AFF B53-B55 C04 C3C
    C5C-C5D C77 C84 CDC-CDD CF3-D00 D04 D3B-D3C D81 E86 E89 E8C E8E-E93 E98 EA0 EA8-EA9 EAC EBA ECE 170D 1715-171F
    180F 1878 1ABF-1AF0 1B4C-1B4F 1B7D-1B7F 1C89-1CBF 1DF6-1DFA 209D-209F 2C2F 2C5F 312E-312F 31BB-31BF 4DB6-4DBF
    9FD6-9FFF A7AF A7B8-A7F6 A82C A8FE-A8FF AB66-AB6D FBC2-FBD2 FD40-FD4F FD90-FD91 FDC8-FDCF FDFE-FDFF 1032D-1032F
    10570-105F3 10780-107BF 10940-10959 10A34-10A35 10A48 10D00-10D8F 10E80-10FF6 11070-11075 110C2-110CD
    11144-11147 111CE-111CF 1123F-11241 1133B 11380-113E2 1145A 1145E-11461 116B8-116B9 116D0-116E3 1171A
    11740-1183B 11900-11ABF 11B00-11BF9 11D00-11FFF 1246F 12475-1247F 12550-12FF2 1342F-143FA 16100-16139
    16A70-16AC9 16D40-16ED3 16F45-16F4F 16F7F-16F87 16FE1-16FF6 187ED-187FF 18AF3-1AFFE 1B002-1B2FB 1CF00-1D128
    1D25B-1D25C 1DF00-1DFFF 1E030-1E7FE 1E94B 2A6D7-2A6DF 2B735-2B73F 2B81E 2CEA2-2EE5D 30000-3FC3F
"""


def words_of(
    documents: Sequence[str], reserved: Sequence[str], threads: int | None = None, backend: str = "auto"
) -> WordCounts:
    """Count the words: each space begins one, and belongs to it as U+2581.

    Parameters
    ----------
    reserved : texts of special pieces; no piece crosses a place where the text spells one

    Raises
    ------
    InputError
        No document holds a word.
    """
    cut = sentences(documents, reserved)
    return count_words(cut, get_pretokenizer("sentencepiece"), threads=threads, backend=backend)


def sentences(documents: Sequence[str], reserved: Sequence[str]) -> list[str]:
    """The documents that are read: spaces as U+2581, texts of special pieces as U+001F."""
    read = [text.replace(" ", SPACE) for text in documents if UNKNOWN_MARK not in text]
    special = _any_of(reserved)
    return [special.sub(BOUNDARY, text) for text in read]


def unread(corpus: Corpus, reserved: Sequence[str]) -> list[str]:
    """What a reader should know that the library's rules skip in the documents, or read as something else."""
    found: list[str] = []
    skipped = sum(UNKNOWN_MARK in text for text in corpus.documents)
    if skipped:
        found.append(f"{skipped:,} of {len(corpus):,} documents are skipped, which hold U+2585")
    read = [text for text in corpus.documents if UNKNOWN_MARK not in text]
    spaces = sum(text.count(SPACE) for text in read)
    if spaces:
        found.append(f"{spaces:,} characters U+2581 are learned as spaces")
    unlearned = sum(text.count("\0") + text.count(BOUNDARY) for text in read)
    if unlearned:
        found.append(f"{unlearned:,} characters U+0000 and U+001F are not learned")
    special = _any_of(reserved)
    spelled = sum(len(special.findall(text)) for text in read)
    if spelled:
        found.append(f"{spelled:,} texts that spell a special piece are not learned from")
    return found


def _any_of(texts: Sequence[str]) -> re.Pattern[str]:
    """Matches the longest of some texts."""
    return re.compile("|".join(map(re.escape, sorted(texts, key=lambda text: (-len(text), text)))))


def required_characters(words: WordCounts) -> list[str]:
    """The alphabet, the most frequent first and then by code point.

    The share of the text that is covered is a 32-bit number in the library. Where it rounds to 1, the characters that
    follow are left out; it takes more than 30 million characters to come to that.
    """
    counts: dict[str, int] = {}
    for word, count in words:
        for char in word:
            if char not in NEVER:
                counts[char] = counts.get(char, 0) + count
    total = sum(counts.values())
    found: list[str] = []
    covered = 0
    for char in sorted(counts, key=lambda char: (-counts[char], char)):
        if np.float32(covered / total) >= 1:
            break
        found.append(char)
        covered += counts[char]
    return found


def is_piece(text: str) -> bool:
    """Whether a text may be a piece: not too long, a space only at its beginning, and of one script.

    Han, Hiragana and Katakana are one script here, and marks (Inherited) have that of what they follow. Digits and
    punctuation (Common) are a script like any other.
    """
    if len(text) > LONGEST or SPACE in text[1:] or not NEVER.isdisjoint(text):
        return False
    before = None
    for char in text.removeprefix(SPACE):
        script = script_of(char)
        if script == INHERITED:
            continue
        if before is not None and script != before:
            return False
        before = script
    return True


@lru_cache(maxsize=1 << 16)
def script_of(char: str) -> str:
    """Four-letter code of a character's script, as the library knows it."""
    if char == "\u30fc":
        return HAN
    if char in "\u0953\u0954":
        return "Deva"
    code = ord(char)
    if any(low <= code <= high for low, high in _newer()):
        return COMMON
    found = _scripts().match(char)
    script = found.lastgroup if found else COMMON
    return HAN if script in ("Hira", "Kana") else str(script)


@lru_cache(maxsize=1)
def _newer() -> list[tuple[int, int]]:
    return bounds(NEWER)


@lru_cache(maxsize=1)
def _scripts() -> regex.Pattern[str]:
    return regex.compile("|".join(rf"(?P<{name}>\p{{Script={name}}})" for name in SCRIPTS.split()))
