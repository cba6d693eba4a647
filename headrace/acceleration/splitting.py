"""The stock split: sha256 of a key, modulo the buckets."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tfx.proto import example_gen_pb2

from headrace.acceleration.example_encoding import Feature, serialized_feature
from headrace.errors import ParameterError

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class HashSplit:
    """How rows are dealt out.

    Attributes:
        ends: for each split, the first bucket that is no longer its own.
        feature: the feature whose serialized value is the key; empty if the whole example is.
    """

    ends: tuple[int, ...]
    feature: str | None

    @classmethod
    def of(cls, config: example_gen_pb2.SplitConfig) -> "HashSplit":
        """The split that `config` asks for; it has splits."""
        ends = np.cumsum([split.hash_buckets for split in config.splits], dtype=np.int64)
        feature = config.partition_feature_name if config.HasField("partition_feature_name") else None
        return cls(tuple(ends.tolist()), feature)

    def deal(self, features: Sequence[Feature], examples: Sequence[bytes]) -> Indices:
        """The index of each row's split.

        Args:
            features: of the rows.
            examples: the rows, serialized.

        Raises:
            ParameterError: the feature to split by is not there, or has no value that can be a key.
        """
        keys = examples if self.feature is None else _keys(features, self.feature)
        return self.split_of(b"".join([hashlib.sha256(key).digest() for key in keys]))

    def split_of(self, digests: bytes) -> Indices:
        """The index of the split of each sha256 digest, of which `digests` are one after another."""
        if self.ends[-1] > 1 << 32:  # what follows would be over 64 bits
            numbers = [int.from_bytes(digests[start : start + 32]) for start in range(0, len(digests), 32)]
            return np.searchsorted(self.ends, [number % self.ends[-1] for number in numbers], side="right")
        words = np.frombuffer(digests, ">u4").reshape(-1, 8).astype(np.uint64)
        buckets = np.uint64(self.ends[-1])
        remainders = np.zeros(len(words), np.uint64)
        for word in words.T:
            remainders = (remainders << np.uint64(32) | word) % buckets
        return np.searchsorted(np.array(self.ends, np.uint64), remainders, side="right")


def _keys(features: Sequence[Feature], name: str) -> Sequence[bytes]:
    feature = {one.name: one for one in features}.get(name)
    if feature is None:
        raise ParameterError(f"the rows cannot be split by the feature {name!r}", why="there is no such feature")
    if not feature.may_be_key:
        raise ParameterError(
            f"the rows cannot be split by the feature {name!r}",
            why="only integers and strings can be split by, and each row must have one",
        )
    keys: list[bytes] = serialized_feature(feature).to_pylist()
    return keys
