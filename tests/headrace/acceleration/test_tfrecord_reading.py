"""TFRecord files in blocks: which record is named where one of them is damaged."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import google_crc32c
import pytest

from headrace.acceleration.tfrecord_reading import masked, record_blocks
from headrace.errors import InputDataError

RECORDS = [bytes([number]) * 20 for number in range(10)]
WHOLE = 8 + 4 + 20 + 4  # bytes of one of them in a file
BLOCK = 3 * WHOLE + 5  # so many come at once: three records, and a part of the fourth
NOT_ONE = "this is no TFRecord file, or it is damaged"


def written(record: bytes, length: int | None = None) -> bytes:
    """A record as a file has it; with a length that is said in its stead, and has a right checksum."""
    head = struct.pack("<Q", len(record) if length is None else length)
    return head + checksum(head) + record + checksum(record)


def checksum(content: bytes) -> bytes:
    return struct.pack("<I", masked(google_crc32c.value(content)))


@pytest.fixture(params=["", ".gz"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes a file, plain or gzipped."""

    def to_file(content: bytes) -> Path:
        file = tmp_path / f"records{request.param}"
        file.write_bytes(gzip.compress(content) if request.param else content)
        return file

    return to_file


def read(file: Path) -> list[bytes]:
    return [record for block in record_blocks(file, BLOCK) for record in block.records()]


def refusal(file: Path) -> tuple[str, str, str]:
    with pytest.raises(InputDataError) as refused:
        read(file)
    return refused.value.what, refused.value.where, refused.value.why


def test_blocks_say_which_record_of_the_file_is_their_first(write: Callable[[bytes], Path]) -> None:
    file = write(b"".join(map(written, RECORDS)))
    blocks = list(record_blocks(file, BLOCK))
    assert len(blocks) > 2
    assert [record for block in blocks for record in block.contents] == RECORDS
    assert [(block.first, block.contents[0]) for block in blocks] == [
        (block.first, RECORDS[block.first]) for block in blocks
    ]


@pytest.mark.parametrize("number", [0, 2, 3, 7, 9])
def test_a_damaged_record_of_any_block_is_told_by_its_number_in_the_file(tmp_path: Path, number: int) -> None:
    file, content = tmp_path / "records", bytearray(b"".join(map(written, RECORDS)))
    content[number * WHOLE + 15] ^= 1
    file.write_bytes(content)
    where = f"{file}, record {number}"
    assert refusal(file) == ("a record cannot be read", where, "its checksum is another")
    content[number * WHOLE + 9] ^= 1  # of the length
    file.write_bytes(content)
    assert refusal(file) == ("a record cannot be read", where, NOT_ONE)


@pytest.mark.parametrize("number", [0, 2, 3, 7, 9])
def test_a_file_that_ends_in_the_middle_of_a_record_is_told_by_its_number(
    write: Callable[[bytes], Path], number: int
) -> None:
    file = write(b"".join(map(written, RECORDS))[: number * WHOLE + 20])
    why = "the file ends in the middle of it"
    assert refusal(file) == ("a record cannot be read", f"{file}, record {number}", why)


@pytest.mark.parametrize(("over", "why"), [(0, "the file ends in the middle of it"), (1, NOT_ONE), (1 << 40, NOT_ONE)])
def test_a_length_that_no_message_can_have_is_none_though_its_checksum_is_right(
    write: Callable[[bytes], Path], over: int, why: str
) -> None:
    file = write(written(RECORDS[0]) + written(RECORDS[1], length=(2 << 30) + over))
    assert refusal(file) == ("a record cannot be read", f"{file}, record 1", why)


def test_a_file_of_something_else_is_told_by_what_would_be_its_first_record(write: Callable[[bytes], Path]) -> None:
    file = write(struct.pack("<Q", 20) + b"no checksum " * 9)  # that could be a length
    assert refusal(file) == ("a record cannot be read", f"{file}, record 0", NOT_ONE)
