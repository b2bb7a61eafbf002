"""Texts that people write, without characters that mean nothing in them."""

import re
from typing import Any

# Fields that hold CSS, SQL, Markdown, Handlebars or a description, at any depth of an asset.
TEXT_FIELDS = frozenset(
    {
        "certification_details",
        "code",
        "css",
        "description",
        "expression",
        "fetch_values_predicate",
        "handlebarsTemplate",
        "sql",
        "sqlExpression",
        "styleTemplate",
        "warning_text",
    }
)
# Line ends of other systems, and the line separators of Unicode.
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")
# Characters without a shape: nobody sees them, and YAML can hold them only in a quoted string.
_NO_SHAPE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def plain_text(text: str) -> str:
    """The text with line feeds as its only line ends, and without control characters."""
    return _NO_SHAPE.sub("", _LINE_END.sub("\n", text))


def plain_texts(value: Any, name: str = "") -> Any:
    """A copy of the data in which every text field, however deep, is plain.

    Other strings, such as the value of a filter, stay what they are: there a character may matter.
    """
    if isinstance(value, dict):
        return {key: plain_texts(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_texts(item) for item in value]
    return plain_text(value) if isinstance(value, str) and name in TEXT_FIELDS else value
