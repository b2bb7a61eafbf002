"""The text encoding of a file: a byte order mark, UTF-8, or a guess of charset-normalizer."""

import codecs
import gzip
from pathlib import Path
from typing import IO, cast

from charset_normalizer import from_bytes

from scripts.errors import UserError

# UTF-32 comes first: its mark begins with that of UTF-16.
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SAMPLE_BYTES = 1 << 20


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of a plain or gzip-compressed file."""
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def open_text(path: Path, encoding: str) -> IO[str]:
    """The text of a plain or gzip-compressed file, with its line ends as they are."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def require_encoding(name: str) -> str:
    """The codec of a name given with ENCODING=; refused where Python has none."""
    try:
        codec = codecs.lookup(name).name
        "".encode(codec)  # refuses codecs that do not make text, such as zlib
    except (LookupError, TypeError, ValueError):
        raise UserError(
            f'ENCODING="{name}" is unknown',
            "give a name such as utf-8, cp1252, utf-16 or shift_jis",
        ) from None
    return "utf-8-sig" if codec == "utf-8" else codec


def detect_encoding(path: Path) -> str:
    """The encoding in which the whole file can be read.

    UTF-8 is taken only where all bytes are valid UTF-8. For other files charset-normalizer looks
    at the first megabyte; where Windows-1252 reads the same text, it is named instead, because
    several encodings of central Europe read western text alike.
    """
    with open_bytes(path) as file:
        sample = file.read(SAMPLE_BYTES)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if sample.startswith(mark):
            return encoding
    if _is_utf8(path):
        return "utf-8-sig"
    # The first bytes may all be ASCII: the guess needs a part that is not.
    guess = from_bytes(_non_ascii_part(path)).best()
    if guess is None:
        raise UserError(
            f"The text encoding of {path.name} is not recognised; nothing was loaded",
            "name it, for example ENCODING=cp1252, or save the file as UTF-8",
        )
    return "cp1252" if _reads_alike(guess.raw, "cp1252", guess.encoding) else guess.encoding


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(path) as file:
        try:
            while block := file.read(SAMPLE_BYTES):
                if b"\0" in block and _is_wide(block):
                    return False
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _is_wide(block: bytes) -> bool:
    """Whether every second byte is NUL, as in UTF-16 without a mark."""
    return max(block[::2].count(0), block[1::2].count(0)) > 0.4 * len(block) / 2


def _non_ascii_part(path: Path) -> bytes:
    with open_bytes(path) as file:
        while block := file.read(SAMPLE_BYTES):
            if not block.isascii() or b"\0" in block:
                return block
    return b""


def _reads_alike(data: bytes, one: str, other: str) -> bool:
    try:
        return data.decode(one) == data.decode(other)
    except UnicodeDecodeError:
        return False
