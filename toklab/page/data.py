"""Data that the scripts of the page read, as JSON that stays data whatever texts it holds."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

# No text may end the element or begin another one; the last two end a line to some readers of JavaScript.
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def as_json(data: Any) -> str:
    """JSON without the characters that mean something to HTML: they only ever stand inside its strings."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPED)


def element(key: str, text: str) -> Markup:
    """An element of the page that holds JSON; ``key`` is its id."""
    return Markup('<script type="application/json" id="{}">{}</script>').format(key, Markup(text))
