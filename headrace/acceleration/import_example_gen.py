"""ImportExampleGen without Beam: the stock executor's splits, records and properties."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apache_beam.io.filesystem import CompressionTypes
from google.protobuf.message import DecodeError
from tensorflow.core.example.example_pb2 import Example, SequenceExample
from tfx.proto import example_gen_pb2
from tfx.types import standard_component_specs

from headrace.acceleration.example_gen import ExampleGenExecutor
from headrace.acceleration.matched_files import matched_files
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.parallel import cores, in_order
from headrace.acceleration.split_writing import Pieces, pieces_of
from headrace.acceleration.splitting import HashSplit
from headrace.acceleration.tfrecord_reading import RecordBlock, record_blocks
from headrace.acceleration.tfrecord_writing import Records
from headrace.errors import InputDataError, ParameterError

_MESSAGES: dict[int, type[Example] | type[SequenceExample] | None] = {
    example_gen_pb2.FORMAT_TF_EXAMPLE: Example,
    example_gen_pb2.FORMAT_TF_SEQUENCE_EXAMPLE: SequenceExample,
    example_gen_pb2.FORMAT_PROTO: None,  # records are taken as they are
}


@dataclass(frozen=True)
class _Source:
    """The files of an input split, and the message that each of their records is."""

    files: list[Path]
    message: type[Example] | type[SequenceExample] | None


class Executor(ExampleGenExecutor[_Source]):
    """Imports TFRecord files; a record is written as the stock executor hashes it, serialized in one order."""

    PAYLOAD_FORMATS = tuple(_MESSAGES)

    def sources(
        self, patterns: Sequence[str], exec_properties: Mapping[str, Any], pool: ThreadPoolExecutor
    ) -> list[_Source]:
        """TFRecord files."""
        payload = exec_properties.get(standard_component_specs.OUTPUT_DATA_FORMAT_KEY)
        if payload not in _MESSAGES:
            raise NotEqualError("the stock executor has to do this", why="there is no payload format")
        readable = (CompressionTypes.UNCOMPRESSED, CompressionTypes.GZIP)
        return [_Source(matched_files(pattern, readable), _MESSAGES[payload]) for pattern in patterns]

    def pieces(self, source: _Source, split: HashSplit | None, pool: ThreadPoolExecutor) -> Iterator[Pieces]:
        """The records of the files."""
        message = source.message
        if split and split.feature is not None and message is None:
            raise ParameterError(
                f"the records cannot be split by the feature {split.feature!r}", why="they are taken as they are"
            )

        def work(block: RecordBlock) -> Pieces:
            by = split.feature if split else None
            records, keys = (block.records(), []) if message is None else _serialized(block, message, by)
            splits = (
                split.split_of(b"".join([hashlib.sha256(key).digest() for key in keys or records])) if split else None
            )
            return pieces_of(Records.of_serialized(records), splits)

        blocks = (block for file in source.files for block in record_blocks(file))
        yield from in_order(pool, work, blocks, ahead=2 * cores())


def _serialized(
    block: RecordBlock, message: type[Example] | type[SequenceExample], by: str | None
) -> tuple[list[bytes], list[bytes]]:
    """The records, each serialized in one order; and their features `by`, if there is one to deal out by."""
    records: list[bytes] = []
    keys: list[bytes] = []
    try:
        for record in block.records():
            # One at a time: thousands of messages that live at once set off Python's collector of garbage.
            parsed = message.FromString(record)
            records.append(parsed.SerializeToString(deterministic=True))
            if by is not None:
                keys.append(_key(parsed, by))
    except DecodeError as error:
        where = f"{block.path}, record {block.first + len(records)}"
        raise InputDataError(f"a record is no tf.train.{message.__name__}", where=where, why=str(error)) from error
    return records, keys


def _key(message: Example | SequenceExample, name: str) -> bytes:
    """The feature by which a message is dealt out, serialized.

    Raises:
        ParameterError: the stock executor would not split by it either.
    """
    features = (message.features if isinstance(message, Example) else message.context).feature
    what = f"the records cannot be split by the feature {name!r}"
    if name not in features:
        raise ParameterError(what, why="one has no such feature")
    kind = features[name].WhichOneof("kind")
    if kind not in ("bytes_list", "int64_list"):
        raise ParameterError(what, why="only integers and strings can be split by, and each record must have one")
    serialized: bytes = features[name].SerializeToString(deterministic=True)
    return serialized
