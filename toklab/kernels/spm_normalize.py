"""Compiled twin of `toklab.algorithms.spm_normalizer`: changes texts as SentencePiece does, in one pass.

Layout: ``units`` and ``replacements`` are those of `toklab.algorithms.spm_charsmap`, ``links`` is the trie of
`toklab.kernels.trie` for the user's pieces, ``options`` are 0 or 1: a space is put at an end, extra spaces go, spaces
are written U+2581, the space is put behind, bytes come from themselves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toklab.kernels import inner, njit
from toklab.kernels.trie import ENTRY, child_of
from toklab.types import ByteArray, IdArray, IntArray, StepArray

LEAF, HAS_LEAF, WIDE, LABEL = 1 << 31, 1 << 8, 1 << 9, 0xFF
MOST_RULES = 32
SPACE = 0x20
# What the text at a place becomes: itself, a replacement, U+FFFD.
ITSELF, RULE, BROKEN = -1, 0, -2
FFFD = (0xEF, 0xBF, 0xBD)


@inner
def kept_size(text: ByteArray, at: int, end: int, links: StepArray) -> int:
    """Bytes of the longest piece of the user that is at a place; 0 for none."""
    slot, size, i = np.uint64(0), np.int64(0), at
    while i < end:
        slot = child_of(links, slot, text[i])
        if slot == 0:
            break
        i += 1
        if np.uint64(links[slot]) & np.uint64(ENTRY):
            size = i - at
    return size


@inner
def offset_of(unit: int) -> int:
    """How far the children of a unit are."""
    return (unit >> 10) << ((unit & WIDE) >> 6)


@inner
def width_of(byte: int) -> int:
    """Bytes of the UTF-8 character that begins with a byte; 0 where none does."""
    if byte < 0x80:
        return 1
    if byte < 0xC0:
        return 0
    if byte < 0xE0:
        return 2
    return 3 if byte < 0xF0 else 4


@inner
def look(
    text: ByteArray, at: int, end: int, units: npt.NDArray[np.uint32], links: StepArray, has_kept: bool
) -> tuple[int, int]:
    """Bytes that the next step takes, and what they become: ITSELF, BROKEN, or the place of a replacement."""
    if has_kept:
        size = kept_size(text, at, end, links)
        if size > 0:
            return size, np.int64(ITSELF)
    longest, value, rules = np.int64(0), np.int64(ITSELF), 0
    place, i = offset_of(np.int64(units[0])), at
    while i < end:
        byte = np.int64(text[i])
        place ^= byte
        unit = np.int64(units[place])
        if unit & (LEAF | LABEL) != byte:
            break
        place ^= offset_of(unit)
        i += 1
        if unit & HAS_LEAF and rules < MOST_RULES:
            longest, value = i - at, np.int64(units[place]) & (LEAF - 1)
            rules += 1
    if longest > 0:
        return longest, value
    width = np.int64(width_of(text[at]))
    return (width, np.int64(ITSELF)) if width > 0 else (np.int64(1), np.int64(BROKEN))


@inner
def byte_of(text: ByteArray, at: int, size: int, value: int, replacements: ByteArray, place: int) -> int:
    """A byte of what the text becomes, or -1 past its end."""
    if value == ITSELF:
        return np.int64(text[at + place]) if place < size else np.int64(-1)
    if value == BROKEN:
        return np.int64(FFFD[place]) if place < 3 else np.int64(-1)
    byte = np.int64(replacements[value + place])
    return byte if byte > 0 else np.int64(-1)


@inner
def put_space(out: ByteArray, sources: IdArray, at: int, text: int, source: int, escape: bool) -> int:
    """Write a space of one text; gives where it ends."""
    if not escape:
        out[at], sources[at + text] = SPACE, source
        return at + 1
    out[at], out[at + 1], out[at + 2] = 0xE2, 0x96, 0x81
    for i in range(at, at + 3):
        sources[i + text] = source
    return at + 3


@inner
def ends_in_space(out: ByteArray, first: int, at: int, escape: bool) -> bool:
    """Whether what is written of a text ends in a space."""
    if not escape:
        return at > first and out[at - 1] == SPACE
    return at - first >= 3 and out[at - 3] == 0xE2 and out[at - 2] == 0x96 and out[at - 1] == 0x81


@njit
def normalize(
    text: ByteArray,
    starts: IntArray,
    units: npt.NDArray[np.uint32],
    replacements: ByteArray,
    links: StepArray,
    options: ByteArray,
    out: ByteArray,
    sources: IdArray,
    out_starts: IntArray,
) -> int:
    """Change every text.

    Parameters
    ----------
    text, starts : the texts in UTF-8, end to end, and where each begins
    units, replacements, links, options : see the layout
    out, out_starts : written: the changed texts and where each begins, (texts + 1,)
    sources : (len(out) + texts,) written: the raw byte of each byte and of each end

    Returns
    -------
    size : bytes of all changed texts, or -1 if ``out`` is too short
    """
    dummy, remove, escape = options[0] > 0, options[1] > 0, options[2] > 0
    behind, exact = options[3] > 0, options[4] > 0
    has_kept = len(links) > 256 or links[0] >> np.uint64(9) > 0
    done = np.int64(0)
    for number in range(len(starts) - 1):
        begin, end, first = starts[number], starts[number + 1], done
        at = begin
        while remove and at < end:
            size, value = look(text, at, end, units, links, has_kept)
            one = byte_of(text, at, size, value, replacements, 0) == SPACE
            if not (one and byte_of(text, at, size, value, replacements, 1) < 0):
                break
            at += size
        source = at - begin
        if at < end:
            if done + 6 > len(out):
                return -1
            if dummy and not behind:
                done = put_space(out, sources, done, number, source, escape)
            after_space = remove
            while at < end:
                size, value = look(text, at, end, units, links, has_kept)
                place, last = np.int64(0), np.int64(-1)
                while True:
                    byte = byte_of(text, at, size, value, replacements, place)
                    if byte < 0:
                        break
                    if done + 6 > len(out):
                        return -1
                    source = at - begin + (place if exact and value == ITSELF else 0)
                    if byte == SPACE:
                        if not (after_space and last < 0):
                            done = put_space(out, sources, done, number, source, escape)
                            last = byte
                    else:
                        out[done], sources[done + number] = byte, source
                        done += 1
                        last = byte
                    place += 1
                if last >= 0:
                    after_space = remove and last == SPACE
                at += size
            source = end - begin
            while remove and ends_in_space(out, first, done, escape):
                done -= 3 if escape else 1
                source = np.int64(sources[done + number])
            if dummy and behind:
                done = put_space(out, sources, done, number, source, escape)
        sources[done + number] = source
        out_starts[number + 1] = done
    return done


@njit
def find(text: ByteArray, starts: IntArray, links: StepArray, spans: IntArray) -> int:
    """Find the user's pieces in texts from the left, the longest first.

    Parameters
    ----------
    text, starts : the texts in UTF-8, end to end, and where each begins
    links : the trie of the pieces
    spans : (bytes, 2) written: where each begins and ends in ``text``

    Returns
    -------
    found : how many there are
    """
    found = np.int64(0)
    for number in range(len(starts) - 1):
        at, end = starts[number], starts[number + 1]
        while at < end:
            size = kept_size(text, at, end, links)
            if size > 0:
                spans[found, 0], spans[found, 1] = at, at + size
                found += 1
                at += size
            else:
                at += max(1, width_of(text[at]))
    return found
