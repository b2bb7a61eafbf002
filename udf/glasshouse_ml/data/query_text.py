"""The text of a caller's query: where it ends, and how it becomes part of another statement."""

import re

from glasshouse_ml.core.errors import GlasshouseError

# Parts of an SQL text, as PostgreSQL's lexer divides it. A part without its end is one character.
_PART = re.compile(
    r"""
    (?P<blank> \s+ | --[^\n\r]* )
    | (?P<comment> /\* )
    | (?P<semicolon> ; )
    | [eE] ' (?: [^'\\] | \\. | '' )* '
    | ' (?: [^'] | '' )* '
    | " (?: [^"] | "" )* "
    | (?P<dollars> \$ (?: [^\W\d]\w* )? \$ ) .*? (?P=dollars)
    | [^\W\d] [\w$]*
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def clean_query(query: str | None) -> str:
    """The one statement of a query, without the semicolons and comments after it."""
    query = query or ""
    position, end, is_closed = 0, 0, False
    while match := _PART.match(query, position):
        position = match.end()
        if match["comment"]:
            position = _end_of_comment(query, position)
        elif match["semicolon"]:
            is_closed = end > 0
        elif not match["blank"]:
            if is_closed:
                raise GlasshouseError(
                    "The query holds more than one statement.",
                    "Give one SELECT; a statement before it can run on its own.",
                )
            end = position
    if not end:
        raise GlasshouseError("The query is empty.", "Give a SELECT whose rows are the examples.")
    return query[:end].lstrip(" \t\r\n;")


def _end_of_comment(query: str, position: int) -> int:
    """The position after a comment, whose text begins at `position`; comments can be nested."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(query, position):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    raise GlasshouseError("The query holds a comment without an end.", "Close it with */.")


def subquery(query: str) -> str:
    """The query as the item `rows` of a FROM clause; a comment at its end ends with the line."""
    return f"({query}\n) as rows"
