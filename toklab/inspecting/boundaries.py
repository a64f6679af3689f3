"""What a pre-tokenization pattern always cuts, read off its automaton.

The characters of a pre-token lead the automaton of `toklab.pretokenize.automaton` from its start through states that
exist. So a text that leads from no state that can be reached to any other stands inside no pre-token, whatever is
around it. The reverse does not hold: the automaton reads on in hope of a longer match, and what it has read then
need not become part of one. That makes the answer "never" a proof, and "perhaps" no more than that.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from toklab.pretokenize import PreTokenizer
from toklab.pretokenize.automaton import Automaton, compile_pattern


class Boundaries:
    """The texts that a pattern's pre-tokens may hold.

    Parameters
    ----------
    pretokenizer : any; where its pattern is no automaton, every text is taken to be possible
    """

    def __init__(self, pretokenizer: PreTokenizer) -> None:
        self.name = pretokenizer.name
        self._keeps_gaps = pretokenizer.entry.keeps_gaps
        self._automaton: Automaton | None = None
        if pretokenizer.name != "none":
            self._automaton = compile_pattern(pretokenizer.entry.pattern, pretokenizer.entry.follows)

    def why_never(self, text: str, *, first: bool = False, later: bool = False, last: bool = False) -> str | None:
        """Why no pre-token holds a text, in words; None where one may.

        Parameters
        ----------
        first, later : the text must begin a pre-token, or must not
        last : the text must end a pre-token
        """
        automaton = self._automaton
        if automaton is None or not text or self._in_gap(text):
            return None
        states = self._after_some if later else frozenset({0}) if first else self._after_some | {0}
        for place, char in enumerate(text):
            column = int(automaton.classes[ord(char)])
            states = frozenset(self._next[sorted(states), column].tolist()) - {-1}
            if not states:
                return self._told(text, place, first)
        if last and not self._accepts[sorted(states)].any():
            return f"no pre-token of the pattern {self.name!r} ends with it"
        return None

    def _told(self, text: str, place: int, first: bool) -> str:
        if place:
            return f"the pattern {self.name!r} always cuts between {text[:place]!r} and {text[place]!r}"
        where = "begins with" if first else "holds" if len(text) == 1 else "goes on with"
        return f"no pre-token of the pattern {self.name!r} {where} {text[0]!r}"

    @cached_property
    def _next(self) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
        """(states, classes) the next state, -1 for none."""
        assert self._automaton is not None
        return (self._automaton.table[:, :-1] >> 1) - 1

    @cached_property
    def _accepts(self) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
        """(states, classes + 1) whether a match ends before what is read."""
        assert self._automaton is not None
        return self._automaton.table & 1

    @cached_property
    def _after_some(self) -> frozenset[int]:
        """The states that one character or more lead to."""
        found: set[int] = set()
        fresh = {0}
        while fresh:
            fresh = set(self._next[sorted(fresh)].ravel().tolist()) - found - {-1}
            found |= fresh
        return frozenset(found)

    @cached_property
    def _matched(self) -> frozenset[int]:
        """Classes of characters that are never between two matches: wherever one is not yet read, a match begins."""
        classes = range(self._next.shape[1])
        return frozenset(c for c in classes if self._next[0, c] >= 0 and self._accepts[self._next[0, c]].all())

    def _in_gap(self, text: str) -> bool:
        """Whether a text may stand between two matches, where that is kept as a pre-token."""
        assert self._automaton is not None
        classes = self._automaton.classes
        return self._keeps_gaps and not any(int(classes[ord(char)]) in self._matched for char in text)
