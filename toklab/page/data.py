"""Data that the scripts of the page read, as JSON that stays data whatever texts it holds."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

# No text may end the element or begin another one, end a line to a reader of JavaScript, or turn the page's source.
_MEANINGFUL = "<>&\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in _MEANINGFUL}


def as_json(data: Any) -> str:
    """JSON in which characters that mean something to HTML are escaped: they only ever stand inside its strings."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPED)


def element(key: str, text: str) -> Markup:
    """An element of the page that holds JSON; ``key`` is its id."""
    return Markup('<script type="application/json" id="{}">{}</script>').format(key, Markup(text))
