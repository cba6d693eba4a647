"""Typed columns to serialized tf.train.Examples, without making an Example.

The bytes are those of `Example.SerializeToString(deterministic=True)`: the entries of the
feature map in protobuf's order, integers and floats packed. Of an entry, all but the value
depends only on the value's length, so entries are joined of two arrays each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property, cmp_to_key, lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow.core.example import feature_pb2

Lengths = npt.NDArray[np.int64]

# Field numbers and wire types of tensorflow/core/example's protos, one byte each.
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = b"\x0a", b"\x12", b"\x1a"
_VALUES = b"\x0a"
_KEY, _VALUE = b"\x0a", b"\x12"
_ENTRY = b"\x0a"
_FEATURES = b"\x0a"


class Missing(Enum):
    """What a row without a value has for the feature: executors differ, and so do those who read it."""

    EMPTY_LIST = auto()  # a list of the feature's kind, without values
    NO_KIND = auto()  # a feature without a list
    NO_FEATURE = auto()  # nothing at all


@dataclass(frozen=True)
class Feature:
    """A feature of some rows.

    Attributes:
        name: its name.
        kind: the tag of its list in tf.train.Feature; empty if the feature has no kind.
        values: what is in the list, as the wire has it, a row each; null where the row has no value.
        missing: what such a row has instead.
        is_packed: whether values are all that is in the list, be they many; else they are one, and lack tag and length.
    """

    name: str
    kind: bytes
    values: pa.BinaryArray
    missing: Missing = Missing.EMPTY_LIST
    is_packed: bool = False

    @classmethod
    def of(cls, name: str, typed: pa.Array | None, rows: int, missing: Missing = Missing.EMPTY_LIST) -> "Feature":
        """The feature of a column.

        Args:
            name: of the feature.
            typed: int64, float32 or binary, or lists of these in which nothing is null; None if it has no kind.
            rows: how many there are.
            missing: what a row has where `typed` is null.
        """
        if typed is None:
            return cls(name, b"", pa.nulls(rows, pa.binary()), missing)
        is_list = pa.types.is_list(typed.type) or pa.types.is_large_list(typed.type)
        flat = typed.flatten() if is_list else typed
        if pa.types.is_int64(flat.type):
            kind, values = _INT64_LIST, _varints(flat)
        elif pa.types.is_float32(flat.type):
            kind, values = _FLOAT_LIST, _floats(flat)
        elif is_list:
            kind, values = _BYTES_LIST, _tagged(flat)
        else:
            kind, values = _BYTES_LIST, flat
        if is_list:
            values = _regrouped(values, typed)
        return cls(name, kind, values, missing, is_list and kind == _BYTES_LIST)

    @cached_property
    def lengths(self) -> Lengths:
        """The length of each value in bytes; -1 for a row without one."""
        return pc.fill_null(pc.binary_length(self.values), -1).to_numpy(zero_copy_only=False).astype(np.int64)

    @property
    def may_be_key(self) -> bool:
        """Whether the stock executor would split by it."""
        has_all = self.missing is Missing.EMPTY_LIST or not self.values.null_count
        return self.kind in (_BYTES_LIST, _INT64_LIST) and has_all

    def header(self, length: int) -> bytes:
        """What a serialized tf.train.Feature has before a value of that length."""
        if length < 0:
            return self.kind + _varint(0) if self.kind and self.missing is Missing.EMPTY_LIST else b""
        # Of numbers there may be none, in a list of none; of bytes one may be empty.
        has_tag = not self.is_packed and (length > 0 or self.kind == _BYTES_LIST)
        values = _VALUES + _varint(length) if has_tag else b""
        return self.kind + _varint(len(values) + length) + values

    def entry_header(self, length: int) -> bytes:
        """What an entry of the serialized map has before a value of that length."""
        if length < 0 and self.missing is Missing.NO_FEATURE:
            return b""
        header = self.header(length)
        key = self.name.encode()
        entry = _KEY + _varint(len(key)) + key + _VALUE + _varint(len(header) + max(length, 0)) + header
        return _ENTRY + _varint(len(entry) + max(length, 0)) + entry


@dataclass(frozen=True)
class Examples:
    """Serialized examples.

    Attributes:
        lengths: of each, in bytes.
        parts: arrays and scalars that, joined, are the examples.
    """

    lengths: Lengths
    parts: tuple[pa.Array | pa.Scalar, ...]


def encode(features: Sequence[Feature]) -> Examples:
    """Serializes rows, given their features; the last of features of one name is the one that counts."""
    by_name = {feature.name: feature for feature in features}
    parts: list[pa.Array | pa.Scalar] = []
    inner = np.zeros(len(features[0].values), np.int64)
    for name in _wire_order(frozenset(by_name)):
        feature = by_name[name]
        headers, header_lengths = by_length(feature.lengths, feature.entry_header)
        parts += [headers, feature.values]
        inner += header_lengths + np.maximum(feature.lengths, 0)
    outer, outer_lengths = by_length(inner, lambda length: _FEATURES + _varint(length))
    return Examples(outer_lengths + inner, (outer, *parts))


def serialized_feature(feature: Feature) -> pa.BinaryArray:
    """Each row's feature as a serialized tf.train.Feature."""
    headers, _ = by_length(feature.lengths, feature.header)
    return join([headers, feature.values])


def by_length(lengths: Lengths, make: Callable[[int], bytes]) -> tuple[pa.BinaryArray, Lengths]:
    """What `make` makes of each of `lengths`, made once for each distinct one; and how long that is."""
    encoded = pa.array(lengths).dictionary_encode()
    made = [make(length) for length in encoded.dictionary.to_pylist()]
    indices = encoded.indices.to_numpy()
    return pa.array(made, pa.binary()).take(encoded.indices), np.array([len(one) for one in made], np.int64)[indices]


def join(parts: Sequence[pa.Array | pa.Scalar]) -> pa.BinaryArray:
    """Joins arrays row by row; null is empty."""
    return pc.binary_join_element_wise(
        *parts, pa.scalar(b"", pa.binary()), null_handling="replace", null_replacement=b""
    )


def binary(
    data: npt.NDArray[np.uint8], lengths: Lengths, is_valid: npt.NDArray[np.bool_] | None = None
) -> pa.BinaryArray:
    """An array of the bytes `data`, cut into pieces of these lengths; null where it is not valid."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    validity = None if is_valid is None else pa.array(is_valid).buffers()[1]
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(lengths), [validity, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    )


@lru_cache
def _wire_order(names: frozenset[str]) -> tuple[str, ...]:
    """The order in which protobuf serializes a map's entries when it is to be deterministic.

    It is nowhere promised, and not quite the alphabet's (a name comes after those it begins), so it is asked for.
    """

    def compare(one: str, other: str) -> int:
        pair = feature_pb2.Features(feature={one: feature_pb2.Feature(), other: feature_pb2.Feature()})
        first = feature_pb2.Features(feature={one: feature_pb2.Feature()}).SerializeToString()
        return -1 if pair.SerializeToString(deterministic=True).startswith(first) else 1

    return tuple(sorted(names, key=cmp_to_key(compare)))


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _varints(integers: pa.Array) -> pa.BinaryArray:
    values = pc.fill_null(integers, 0).to_numpy(zero_copy_only=False).view(np.uint64)
    most = max(1, -(-int(values.max()).bit_length() // 7)) if len(values) else 1
    lengths = np.ones(len(values), np.int64)
    for index in range(1, most):
        lengths += values >= np.uint64(1 << 7 * index)
    septets = (values[:, None] >> (np.arange(most, dtype=np.uint64) * np.uint64(7))).astype(np.uint8) & 0x7F
    place = np.arange(most)
    septets |= (place < lengths[:, None] - 1).astype(np.uint8) << 7
    is_valid = _validity(integers)
    if is_valid is not None:
        lengths[~is_valid] = 0
    return binary(septets[place < lengths[:, None]], lengths, is_valid)


def _floats(floats: pa.Array) -> pa.BinaryArray:
    present = floats.drop_null().to_numpy(zero_copy_only=False).astype("<f4")
    is_valid = _validity(floats)
    lengths = np.full(len(floats), 4) if is_valid is None else np.where(is_valid, 4, 0)
    return binary(present.view(np.uint8), lengths, is_valid)


def _tagged(values: pa.BinaryArray) -> pa.BinaryArray:
    """Values of a bytes list, each behind its tag and length."""
    lengths = pc.binary_length(values).to_numpy(zero_copy_only=False).astype(np.int64)
    headers, _ = by_length(lengths, lambda length: _VALUES + _varint(length))
    return join([headers, values])


def _regrouped(values: pa.BinaryArray, lists: pa.Array) -> pa.BinaryArray:
    """What the values of each list are, one after another; null where the list is."""
    _, offsets, data = values.buffers()
    bounds = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.cumsum(counts)
    content = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]] if data else np.zeros(0, np.uint8)
    return binary(content, (bounds[ends] - bounds[ends - counts]).astype(np.int64), _validity(lists))


def _validity(values: pa.Array) -> npt.NDArray[np.bool_] | None:
    return values.is_valid().to_numpy(zero_copy_only=False) if values.null_count else None
