"""Hypothesis strategies that the tests share, and the characters on which two libraries disagree.

Python 3.11 knows Unicode 14, and the tables behind Hugging Face's ``BertNormalizer`` are older. Texts that are
normalised by both hold only characters that Python has assigned; what still differs is listed here, and tests hold
the list exact. Pre-tokenizers agree on every character: see ``toklab/pretokenize/unicode.py``.
"""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


def _chars(ranges: str) -> frozenset[str]:
    """``"0041-0043 0061"`` is A, B, C and a."""
    bounds = [part.partition("-")[::2] for part in ranges.split()]
    return frozenset(chr(code) for a, b in bounds for code in range(int(a, 16), int(b or a, 16) + 1))


# Non-spacing marks and format characters to Unicode 14 that Hugging Face's BertNormalizer keeps.
BERT_NORMALIZER_SKEW = _chars(
    """
    07FD 0890-0891 0898-089F 08CA-08E2 09FE 0AFA-0AFF 0B55 0C04 0C3C 0D00 0D3B-0D3C 0D81 0EBA 1734 180F
    1885-1886 1ABF-1ACE 1DF6-1DFB A82C A8C5 A8FF A9BD 10D24-10D27 10EAB-10EAC 10F46-10F50 10F82-10F85
    11070 11073-11074 110C2 110CD 111C9 111CF 1123E 1133B 11438-1143F 11442-11444 11446 1145E
    1182F-11837 11839-1183A 11938 1193B-1193C 1193E 11943 119D4-119D7 119DA-119DB 119E0 11A01-11A0A
    11A33-11A38 11A3B-11A3E 11A47 11A51-11A56 11A59-11A5B 11A8A-11A96 11A98-11A99 11C30-11C36
    11C38-11C3D 11C3F 11C92-11CA7 11CAA-11CB0 11CB2-11CB3 11CB5-11CB6 11D31-11D36 11D3A 11D3C-11D3D
    11D3F-11D45 11D47 11D90-11D91 11D95 11D97 11EF3-11EF4 13430-13438 16F4F 16FE4 1CF00-1CF2D
    1CF30-1CF46 1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024 1E026-1E02A 1E130-1E136 1E2AE
    1E2EC-1E2EF 1E944-1E94A
    """
)
# What a user's own \w means: Oniguruma counts ² ³ ¹ ¼ ½ ¾ in, ``regex`` the zero-width joiners.
WORD_CLASS_SKEW = _chars("00B2-00B3 00B9 00BC-00BE 200C-200D")

# What pre-tokenizers, normalisers, alphabets and decoders trip over.
NASTY = (
    *("\0", "\t", "\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1f", "\x7f", "\x85", "\xa0", "\xad"),
    *("\u200b", "\u200c", "\u200d", "\u2028", "\u2029", "\u202e", "\u3000", "\ufeff", "\ufffd", "\ufffe", "\U0010ffff"),
    *(" ", "  ", "   ", " \n", "\n\n", " \n \n", "\t "),
    *("'s", "'S", "'ſ", "'LL", "'re", "'Ve", "’s", "''", "don't", "I'M"),
    *("ſ", "\u212a", "ß", "ẞ", "İ", "ı", "Σ", "ς", "ǅ", "ʰ", "ʕ", "ª", "ﬁ", "ﬆ", "Ω", "ΑΣ", "Å"),
    *("½", "²", "\U00012550", "٣", "Ⅷ", "१२", "1", "12", "1234567", "3.14", "𝟙"),
    *(
        "é",
        "e\u0301",
        "a\u0323\u0302",
        "a\u0302\u0323",
        "\u0301",
        "ạ̈́",
        "हिन्दी",
        "ไทย",
        "한국어",
        "\u1112\u1161\u11ab",
        "שָׁלוֹם",
    ),
    *(
        "\U0001d16d\u302e\U0001d165",
        "日本語",
        "漢",
        "\u3007",
        "ｶﾞ",
        "\U00020000",
        "\U0002b820",
        "\U0002ceb0",
        "\U000323b0",
        "𝒜",
        "👨\u200d👩\u200d👧",
        "🏳️\u200d🌈",
        "🇩🇪",
    ),
    *("Ġ", "Ċ", "▁", "▅", "#", "##", "###", "##a", "</w>", "<", "<0x41>", "<0xab>", "<0xZZ>"),
    *("\\", "/", "//\n", "--", "!?", "_", "a_b", "camelCase", "HTTPServer", "the", " the", "The", "a", "b", "x" * 30),
)
SPECIAL_TEXTS = ("<unk>", "[UNK]", "<|endoftext|>", "<pad>", "[CLS]")


def _texts(pieces: tuple[str, ...], excluded: frozenset[str], categories: tuple[str, ...]) -> SearchStrategy[str]:
    characters = st.characters(exclude_categories=categories, exclude_characters=sorted(excluded))  # type: ignore[arg-type]
    kept = [piece for piece in pieces if not set(piece) & excluded]
    kept = [piece for piece in kept if "Cn" not in categories or all(map(is_assigned, piece))]
    return st.lists(st.sampled_from(kept) | st.text(characters, max_size=4), max_size=14).map("".join)


def is_assigned(char: str) -> bool:
    """Whether this Python's Unicode has assigned the character."""
    return unicodedata.category(char) != "Cn"


# Any text that UTF-8 can hold; with special tokens' texts in it; and texts that are normalised alike.
TEXT = _texts(NASTY, frozenset(), ("Cs",))
SPECIAL_TEXT = _texts(NASTY + 12 * SPECIAL_TEXTS, frozenset(), ("Cs", "Cn"))
SHARED_BERT_TEXT = _texts(NASTY, BERT_NORMALIZER_SKEW, ("Cs", "Cn"))


def word_counts(alphabet: str, *, max_words: int = 8, max_length: int = 9) -> SearchStrategy[dict[str, int]]:
    """Words over a tiny alphabet, where ties and overlaps (``aaa``) are the rule, with small counts."""
    words = st.text(st.sampled_from(alphabet), min_size=1, max_size=max_length)
    return st.dictionaries(words, st.integers(1, 5), min_size=1, max_size=max_words)


TINY_COUNTS = st.sampled_from(["ab", "abc", "a#"]).flatmap(word_counts)
