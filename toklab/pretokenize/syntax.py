"""The syntax tree of the patterns that compile to an automaton."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import regex

from toklab.pretokenize.patterns import CATEGORY


class Unsupported(Exception):  # noqa: N818  (an answer, not an error)
    """The pattern holds something that an automaton cannot do, or that this parser does not know: what, in words."""


@dataclass(frozen=True)
class Set:
    """One character of a set, written as the ``regex`` library reads it."""

    text: str


@dataclass(frozen=True)
class Look:
    """The next character is (or is not) in a set; the end of the text is in none."""

    text: str
    negative: bool


@dataclass(frozen=True)
class End:
    """The end of the text."""


@dataclass(frozen=True)
class Sequence:
    """One part after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Alternatives:
    """The first part that leads to a match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """A part several times, as often as possible; ``possessive``: without giving back."""

    part: Node
    least: int
    most: int | None
    possessive: bool = False


MOST_REPEATS = 64
Node: TypeAlias = Set | Look | End | Sequence | Alternatives | Repeat

_ESCAPE = rf"{CATEGORY}|\\[sSwWdDrntfv]|\\x[0-9a-fA-F]{{2}}|\\u[0-9a-fA-F]{{4}}|\\[^\w\s]"
_TOKEN = regex.compile(
    rf"(?P<set>\[\^?\]?(?:{_ESCAPE}|[^\[\]\\])*\]|{_ESCAPE}|\.)"
    r"|(?P<end>\\Z)|(?P<look>\(\?[!=])|(?P<atomic>\(\?>)|(?P<fold>\(\?i:)|(?P<group>\(\?:)"
    r"|(?P<times>\{\d+(?:,\d*)?\}|[?*+])|(?P<bar>\|)|(?P<close>\))|(?P<literal>[^\\\[\](){}?*+|^$])",
    regex.DOTALL,
)
_KNOWN_REASONS = (
    (regex.compile(r"\(\?<[=!]"), "look-behind"),
    (regex.compile(r"\\[bB]"), "a word boundary"),
    (regex.compile(r"\\[1-9gk]|\(\?P="), "a back-reference"),
    (regex.compile(r"[\^$]|\\[AG]"), "an anchor other than \\Z"),
    (regex.compile(r"\((?!\?)|\(\?P?<"), "a capturing group"),
    (regex.compile(r"\(\?[a-zA-Z]"), "flags other than (?i:...)"),
)


def parse(pattern: str, characters: str) -> Node:
    """The syntax tree of a pattern.

    Parameters
    ----------
    characters : one of every kind that the pattern can tell apart

    Raises
    ------
    Unsupported
        It holds a construct that cannot be compiled.
    """
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(pattern):
        match = _TOKEN.match(pattern, at)
        if match is None or match.lastgroup is None:
            raise Unsupported(_reason(pattern, at))
        tokens.append((match.lastgroup, match.group()))
        at = match.end()
    parser = _Parser(tokens)
    tree = parser.alternatives(fold=False)
    if parser.tokens:
        raise Unsupported(f"the construct at {''.join(text for _, text in parser.tokens[::-1])[:8]!r}")
    return _Greedy(characters).of(tree, ())


def _reason(pattern: str, at: int) -> str:
    for construct, reason in _KNOWN_REASONS:
        if construct.match(pattern, at):
            return reason
    return f"the construct at {pattern[at : at + 8]!r}"


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens[::-1]

    def _peek(self) -> str:
        return self.tokens[-1][0] if self.tokens else ""

    def alternatives(self, fold: bool) -> Node:
        parts = [self._sequence(fold)]
        while self._peek() == "bar":
            self.tokens.pop()
            parts.append(self._sequence(fold))
        return parts[0] if len(parts) == 1 else Alternatives(tuple(parts))

    def _sequence(self, fold: bool) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "bar", "close"):
            parts.append(self._repeated(self._atom(fold)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self, fold: bool) -> Node:
        kind, text = self.tokens.pop()
        if kind in ("set", "literal"):
            text = regex.escape(text, special_only=True) if kind == "literal" else text
            return Set(f"(?i:{text})" if fold else text)
        if kind == "end":
            return End()
        if kind in ("group", "fold", "atomic", "look"):
            inner = self.alternatives(fold or kind == "fold")
            if self._peek() != "close":
                raise Unsupported("a group that does not end")
            self.tokens.pop()
            if kind == "atomic":
                return Repeat(inner, 1, 1, possessive=True)
            if kind != "look":
                return inner
            if isinstance(inner, Set):
                return Look(inner.text, text == "(?!")
            raise Unsupported("lookahead of more than one character")
        raise Unsupported(f"the construct at {text!r}")

    def _repeated(self, part: Node) -> Node:
        if self._peek() != "times":
            return part
        least, most = _bounds(self.tokens.pop()[1])
        possessive = False
        if self._peek() == "times":
            _, mark = self.tokens.pop()
            if mark != "+":
                raise Unsupported("a quantifier that takes as little as possible")
            possessive = True
        if isinstance(part, Look | End):
            raise Unsupported("a repeated lookahead")
        if max(least, most or 0) > MOST_REPEATS:
            raise Unsupported(f"a count above {MOST_REPEATS}")
        return Repeat(part, least, most, possessive)


def _bounds(text: str) -> tuple[int, int | None]:
    if text in "?*+":
        return {"?": (0, 1), "*": (0, None), "+": (1, None)}[text]
    low, comma, high = text[1:-1].partition(",")
    return int(low), (int(high) if high else None) if comma else int(low)


class _Greedy:
    """Possessive parts as greedy ones, where what follows could not use a character that they gave back.

    That holds at the end of a pattern, and before a set (or the end of the text) that shares no character with
    the part repeated.
    """

    def __init__(self, characters: str) -> None:
        self.characters = characters

    def of(self, node: Node, after: tuple[Node, ...]) -> Node:
        if isinstance(node, Alternatives):
            return Alternatives(tuple(self.of(part, after) for part in node.parts))
        if isinstance(node, Sequence):
            parts = node.parts
            return Sequence(tuple(self.of(part, (*parts[i + 1 :], *after)) for i, part in enumerate(parts)))
        if not isinstance(node, Repeat):
            return node
        inner = Repeat(self.of(node.part, (node, *after)), node.least, node.most)
        if not node.possessive:
            return inner
        if node.least == node.most == 1:
            inner_part = self.of(node.part, ())
            core = inner_part.part if isinstance(inner_part, Repeat) else inner_part
            if not after and isinstance(core, Set):
                return inner_part
            raise Unsupported("an atomic group that is not one repeated set at the end")
        if isinstance(node.part, Set) and self._cannot_use(after, node.part.text):
            return inner
        raise Unsupported("a possessive quantifier whose characters the rest could use")

    def _cannot_use(self, after: tuple[Node, ...], text: str) -> bool:
        """Whether nothing in what follows, up to the first part that must be there, shares a character with a set."""
        for node in after:
            core = node.part if isinstance(node, Repeat) else node
            if isinstance(core, End):
                return True
            if not isinstance(core, Set) or regex.search(f"(?={core.text}){text}", self.characters):
                return False
            if not isinstance(node, Repeat) or node.least > 0:
                return True
        return True
