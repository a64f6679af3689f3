"""What SentencePiece 0.2.3 takes for a word, a character of the alphabet and a possible piece.

As it is run here: every space kept, no normalisation unless asked for, words cut at U+2581 (its spelling of the
space), pieces of one script (Kudo and Richardson 2018; ``trainer_interface.cc``). The library's table of scripts is
that of Unicode 9: to it, what Unicode took in later is of the script Common. What is listed here was measured on the
library, and a test holds it to that.
"""

from __future__ import annotations

import bisect
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import regex

from toklab.algorithms.spelling import Characters
from toklab.corpus import Corpus
from toklab.errors import UsageError
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.pretokenize.frequency import by_frequency
from toklab.pretokenize.precompiled import RULES
from toklab.pretokenize.unicode import bounds
from toklab.types import TrainSpec, WordCounts, Words

SPACE = "\u2581"
# Stands for a character that has no piece; a document that holds it is skipped.
UNKNOWN_MARK = "\u2585"
# Stands where the text spells a special piece.
BOUNDARY = "\x1f"
LINE_ENDS = ("\n", "\r")
NEVER = frozenset("\0 " + UNKNOWN_MARK + BOUNDARY)
LONGEST = 16
# Those that are split; digits of other scripts, except the wide ones, are none to the library.
DIGITS = frozenset("0123456789０１２３４５６７８９")
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


@dataclass(frozen=True, kw_only=True)
class SpmSpec(TrainSpec):
    """Options of the variants that follow SentencePiece.

    Parameters
    ----------
    character_coverage : variant ``spm``: share of the corpus's characters that the alphabet covers, 0.98 to 1; what
        is left out is spelled in bytes
    split_digits : variant ``spm``: a digit is in no piece of several characters
    """

    character_coverage: float = 1.0
    split_digits: bool = False


def check_options(name: str, spec: SpmSpec) -> None:
    """Refuse what the library does not have.

    Raises
    ------
    UsageError
        A coverage out of range, or a normaliser that is not the library's.
    """
    if not 0.98 <= spec.character_coverage <= 1:
        raise UsageError(f"character_coverage {spec.character_coverage} is not between 0.98 and 1")
    if spec.normalizer not in ("none", *RULES):
        raise UsageError(f"{name} has the normalizers none, {', '.join(RULES)}; {spec.normalizer!r} does not apply")


def words_of(
    documents: Sequence[str], reserved: Sequence[str], threads: int | None = None, backend: str = "auto"
) -> WordCounts:
    """Count the words: each space begins one, and belongs to it as U+2581.

    Parameters
    ----------
    documents : as they are after normalising
    reserved : texts of special pieces; no piece crosses a place where the text spells one

    Raises
    ------
    InputError
        No document holds a word.
    """
    # Spaces stay what they are until the words are counted: that is quicker, and the pattern knows both.
    special = _any_of([text.replace(SPACE, " ") for text in reserved if " " not in text])
    read = [special.sub(BOUNDARY, text.replace(SPACE, " ")) for text in _ended(documents)]
    return _escaped(count_words(read, get_pretokenizer("sentencepiece"), threads=threads, backend=backend))


def sentences(documents: Sequence[str], reserved: Sequence[str]) -> list[str]:
    """The documents that are read, whole: spaces as U+2581, texts of special pieces as U+001F."""
    special = _any_of(reserved)
    return [special.sub(BOUNDARY, text.replace(" ", SPACE)) for text in _ended(documents)]


def _ended(documents: Sequence[str]) -> Iterator[str]:
    """The documents that are read, as the baseline gives them to the library.

    The library strips line ends from the end of a document, so that U+001F follows them, which counts as a character
    where an alphabet is to cover a share of the text. It is put there before the library normalises, which comes to
    the same: a normaliser leaves the line end and U+001F alone, or makes the one a space and drops the other.
    """
    return (text + BOUNDARY if text.endswith(LINE_ENDS) else text for text in documents if UNKNOWN_MARK not in text)


def _escaped(words: WordCounts) -> WordCounts:
    """The words with U+2581 for the space that may begin them."""
    starts, text = words.flat.starts, words.flat.text
    spaced = text[starts[:-1]] == ord(" ")
    grown = np.concatenate([starts[:1], np.cumsum(spaced)]) * (len(SPACE.encode()) - 1)
    raw = np.frombuffer(text.tobytes().replace(b" ", SPACE.encode()), np.uint8)
    return by_frequency(Words(raw, starts + grown), words.counts)


def unread(corpus: Corpus, reserved: Sequence[str]) -> list[str]:
    """What a reader should know that the library's rules skip in the documents, or read as something else."""
    special = _any_of(reserved)
    skipped = spaces = unlearned = spelled = 0
    for text in corpus.documents:
        if UNKNOWN_MARK in text:
            skipped += 1
            continue
        spaces += text.count(SPACE)
        unlearned += text.count("\0") + text.count(BOUNDARY)
        spelled += len(special.findall(text))
    told = (
        (skipped, f"{skipped:,} of {len(corpus):,} documents are skipped, which hold U+2585"),
        (spaces, f"{spaces:,} characters U+2581 are learned as spaces"),
        (unlearned, f"{unlearned:,} characters U+0000 and U+001F are not learned"),
        (spelled, f"{spelled:,} texts that spell a special piece are not learned from"),
    )
    return [line for number, line in told if number]


def _any_of(texts: Sequence[str]) -> re.Pattern[str]:
    """Matches the longest of some texts."""
    return re.compile("|".join(map(re.escape, sorted(texts, key=lambda text: (-len(text), text)))))


def required_characters(words: WordCounts, coverage: float = 1.0) -> list[str]:
    """The alphabet, the most frequent first and then by code point.

    Parameters
    ----------
    coverage : share of the text at which the alphabet ends, 0.98 to 1

    Both shares are 32-bit numbers in the library. Where that of the text rounds to 1, the characters that follow are
    left out even of a whole alphabet; it takes more than 30 million characters to come to that. What stands where
    the text spells a special piece is part of the text.
    """
    characters = Characters.of(words.flat)
    counts = np.zeros(characters.codes.max(initial=0) + 1, np.int64)
    np.add.at(counts, characters.codes, np.repeat(words.counts, np.diff(characters.starts)))
    counts[0] = 0
    found = np.flatnonzero(counts)
    found = found[np.lexsort((found, -counts[found]))]
    covered = np.cumsum(counts[found]) - counts[found]
    kept = (covered / counts.sum()).astype(np.float32) < np.float32(coverage)
    return [char for char in map(chr, found[kept].tolist()) if char not in NEVER]


def is_piece(text: str, split_digits: bool = False) -> bool:
    """Whether a text may be a piece: not too long, a space only at its beginning, and of one script.

    Parameters
    ----------
    split_digits : a digit is in no piece of several characters

    Han, Hiragana and Katakana are one script here, and marks (Inherited) have that of what they follow. Digits and
    punctuation (Common) are a script like any other.
    """
    if len(text) > LONGEST or SPACE in text[1:] or not NEVER.isdisjoint(text):
        return False
    if split_digits and len(text) > 1 and not DIGITS.isdisjoint(text):
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
    if _is_newer(ord(char)):
        return COMMON
    found = _scripts().match(char)
    script = found.lastgroup if found else COMMON
    return HAN if script in ("Hira", "Kana") else str(script)


def _is_newer(code: int) -> bool:
    place = bisect.bisect_right(_newer(), (code, sys.maxunicode)) - 1
    return place >= 0 and code <= _newer()[place][1]


@lru_cache(maxsize=1)
def _newer() -> list[tuple[int, int]]:
    return sorted(bounds(NEWER))


@lru_cache(maxsize=1)
def _scripts() -> regex.Pattern[str]:
    return regex.compile("|".join(rf"(?P<{name}>\p{{Script={name}}})" for name in SCRIPTS.split()))
