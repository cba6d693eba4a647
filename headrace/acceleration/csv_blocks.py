"""A CSV file as blocks of whole records, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headrace.acceleration.byte_streams import opened
from headrace.acceleration.not_equal import NotEqualError
from headrace.errors import InputDataError

BLOCK_BYTES = 2 << 20
# The stock executor keeps a record in memory however long it is; here, a longer one is left to it.
RECORD_BYTES = 256 << 20


@dataclass(frozen=True)
class Block:
    """Some whole records of a file.

    Attributes:
        path: the file.
        first_line: the number, from 1, of the line of the file that the block begins with.
        data: its bytes; each record ends with a newline, but for the last of a file perhaps.
    """

    path: Path
    first_line: int
    data: bytes


def blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    r"""Yields the records of a CSV file after its first line, in order.

    As for the stock executor, a line ends with `\n` and a record with the first line at
    which the number of quotes since the record's beginning is even, be they where they may.

    Args:
        path: the file.
        block_bytes: about how many bytes a block has; one record at the least.

    Raises:
        InputDataError: the file cannot be read, or its last record never ends.
        NotEqualError: a record is too long to be held here.
    """
    try:
        with opened(path) as file:
            kept, line = b"", 0
            while chunk := file.read(max(block_bytes, len(kept))):
                data = kept + chunk
                if not line:
                    end = data.find(b"\n") + 1
                    kept = data[end:] if end else data
                    line = 2 if end else 0
                    continue
                end = _records_end(data)
                if end:
                    block = Block(path, line, data[:end])
                    line += block.data.count(b"\n")
                    yield block
                kept = data[end:]
                if len(kept) > RECORD_BYTES:
                    raise NotEqualError(f"a record is longer than {RECORD_BYTES:,} bytes", where=f"{path}, line {line}")
    except OSError as error:
        raise InputDataError("an input file cannot be read", where=str(path), why=str(error)) from error
    if line and kept:
        yield from _last(Block(path, line, kept))


def _records_end(data: bytes) -> int:
    """Where the last whole record of `data` ends; 0 if it has none."""
    end = data.rfind(b"\n") + 1
    quotes = data.count(b'"', 0, end)
    while quotes % 2:
        quote = data.rfind(b'"', 0, end)
        shorter = data.rfind(b"\n", 0, quote) + 1
        quotes -= data.count(b'"', shorter, end)
        end = shorter
    return end


def _last(block: Block) -> Iterator[Block]:
    end = _records_end(block.data)
    if block.data.count(b'"', end) % 2:
        line = block.first_line + block.data.count(b"\n", 0, end)
        raise InputDataError(
            "a CSV record never ends", where=f"{block.path}, line {line}", why="its quotes are unbalanced"
        )
    yield block
