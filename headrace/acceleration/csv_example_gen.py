"""CsvExampleGen through Arrow: the stock executor's splits, examples and properties."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tfx_bsl.coders.csv_decoder import ColumnType

from headrace.acceleration.csv_passes import infer_types, read_splits
from headrace.acceleration.csv_source import CsvSource
from headrace.acceleration.example_gen import ExampleGenExecutor
from headrace.acceleration.split_writing import Pieces
from headrace.acceleration.splitting import HashSplit


@dataclass(frozen=True)
class _TypedSource:
    source: CsvSource
    types: list[ColumnType]


class Executor(ExampleGenExecutor[_TypedSource]):
    """Reads CSV files twice, for the types of their columns and for their rows."""

    def sources(
        self, patterns: Sequence[str], exec_properties: Mapping[str, Any], pool: ThreadPoolExecutor
    ) -> list[_TypedSource]:
        """CSV files, and the types of their columns."""
        found = [CsvSource.find(pattern) for pattern in patterns]
        return [_TypedSource(source, infer_types(source, pool)) for source in found]

    def pieces(self, source: _TypedSource, split: HashSplit | None, pool: ThreadPoolExecutor) -> Iterator[Pieces]:
        """The rows of CSV files."""
        return read_splits(source.source, source.types, split, pool)
