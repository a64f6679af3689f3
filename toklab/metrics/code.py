"""Code: identifiers, indentation and operators, in any text that holds them."""

from __future__ import annotations

import numpy as np
import regex

from toklab.metrics.base import Ratio, Statistic, metric
from toklab.metrics.encoded import Encoded

GROUP = "code"
# Where the parts of an identifier meet: aB, ABc between A and B, and underscores between letters or digits.
PARTS = r"(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})|(?<=[\p{L}\p{N}])_+(?=[\p{L}\p{N}])"
INDENTATION = r"(?m)^[ \t]+(?=[^\s])"
# Of two characters and more. Left out are those that are comments or dashes as well: //, -- and #.
OPERATORS = (
    *(
        "<=>",
        "===",
        "!==",
        "<<=",
        ">>=",
        "**=",
        "//=",
        "&&=",
        "||=",
        "??=",
        "==",
        "!=",
        "<=",
        ">=",
        "&&",
        "||",
        "+=",
        "-=",
    ),
    *("*=", "/=", "%=", "&=", "|=", "^=", "->", "=>", "::", ":=", "<<", ">>", "**", "++", "??", "?.", "<-", "|>"),
)
_MARK = r"[-=<>!&|+*/%^:?.~]"
OPERATOR = rf"(?<!{_MARK})(?:{'|'.join(map(regex.escape, OPERATORS))})(?!{_MARK})"


@metric("identifier_parts", group=GROUP, unit="share", better="higher")
def identifier_parts(encoded: Encoded) -> Statistic:
    """Places where two parts of an identifier meet (camelCase, HTTPServer, snake_case) that are cut ÷ such places.

    Underscores belong to either part or to none: a cut before, after or between them will do. Example: getHTTPName
    as get|HTTPN|ame is cut at one of two places.
    """
    parts, heads = encoded.source.find(PARTS), encoded.source.character_starts
    before = np.searchsorted(encoded.cuts, heads[parts.starts], side="left")
    cut = np.searchsorted(encoded.cuts, heads[parts.ends], side="right") > before
    return Ratio(encoded.count(parts.documents[cut]), encoded.count(parts.documents))


@metric("indent_tokens", group=GROUP, unit="tokens/line", better="lower")
def indent_tokens(encoded: Encoded) -> Statistic:
    """Tokens that hold some of the spaces and tabs before an indented line ÷ indented lines.

    A line whose indentation no token covers, since the tokenizer drops it, does not count. Example: four spaces and
    ``x`` as three spaces and `` x`` are two tokens.
    """
    lines, heads = encoded.source.find(INDENTATION), encoded.source.character_starts
    first, last = encoded.touching(heads[lines.starts], heads[lines.ends])
    covered = last > first
    documents = lines.documents[covered]
    return Ratio(encoded.total(documents, (last - first)[covered]), encoded.count(documents))


@metric("operators_whole", group=GROUP, unit="share", better="higher")
def operators_whole(encoded: Encoded) -> Statistic:
    """Operators of two or more characters (==, !=, ->, <<=, ...) that are in one known token ÷ such operators.

    The token may hold more, such as the space before. Operators that are comments or dashes as well do not count.
    Example: ``a != b`` as a| !=| b has its operator whole, as a| !|=| b not.
    """
    found, heads = encoded.source.find(OPERATOR), encoded.source.character_starts
    starts, ends = heads[found.starts], heads[found.ends]
    first, last = encoded.touching(starts, ends)
    whole = np.flatnonzero(last - first == 1)
    token = first[whole]
    covers = (encoded.starts[token] <= starts[whole]) & (encoded.ends[token] >= ends[whole]) & ~encoded.unknown[token]
    return Ratio(encoded.count(found.documents[whole[covers]]), encoded.count(found.documents))
