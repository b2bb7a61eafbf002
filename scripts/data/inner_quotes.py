"""Quotes within a quoted field that the program which wrote the file has not doubled."""

from collections.abc import Iterable, Iterator


def doubled_inner_quotes(
    lines: Iterable[str], delimiter: str, quote: str, skip_blank: bool
) -> Iterator[str]:
    """The lines with such quotes doubled, as the csv module expects them.

    A quote ends a field only before a delimiter or the end of the line; any other is text.
    `skip_blank`: whether blanks before a field belong to no field.
    """
    is_quoted = False
    for line in lines:
        if quote not in line:
            yield line
            continue
        pieces: list[str] = []
        is_start, position = True, 0
        while position < len(line):
            character, after = line[position], line[position + 1 : position + 2]
            piece = character
            if character != quote:
                is_start = character == delimiter or (is_start and skip_blank and character == " ")
            elif is_quoted and after == quote:
                piece = quote * 2
                position += 1
            elif is_quoted and after in (delimiter, "\r", "\n", ""):
                is_quoted = is_start = False
            elif is_quoted:
                piece = quote * 2
            else:
                is_quoted, is_start = is_start, False
            pieces.append(piece)
            position += 1
        yield "".join(pieces)
