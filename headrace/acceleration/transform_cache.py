"""The analyzer cache of TensorFlow Transform: what spares an analysis rows that another has read."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tensorflow_transform.beam import analyzer_cache
from tensorflow_transform.beam.analyzer_cache import BeamAnalysisCache, DatasetCache, DatasetCacheMetadata, DatasetKey
from tfx.components.transform import executor as stock
from tfx.utils import io_utils

from headrace.acceleration.eager_runner import EagerRunner
from headrace.acceleration.transform_tracing import TracedFn


@dataclass(frozen=True)
class Cache:
    """Where a cache is read and written.

    Attributes:
        input: a folder; None if there is nothing to read.
        output: a folder; None if nothing is to be written.
    """

    input: str | None
    output: str | None

    def of(self, traced: TracedFn, keys: Sequence[DatasetKey], runner: EagerRunner) -> BeamAnalysisCache | None:
        """What is known of datasets, as collections of `runner`; None if no cache is used."""
        if self.input is None and self.output is None:
            return None
        planned = traced.plan(keys, {}).cache or {}
        entries = {entry for of_dataset in planned.values() for entry in of_dataset}
        # The stock executor estimates the stages of its Beam pipeline so.
        if len(entries) * len(keys) * 10 > stock._MAX_ESTIMATED_STAGES_COUNT:
            return None
        if self.input is None:
            return {}
        reading = analyzer_cache.ReadAnalysisCacheFromFS(self.input, list(keys), cache_entry_keys=entries)
        return runner.pipeline | reading

    def write(
        self,
        entries: Mapping[DatasetKey, Mapping[str, list[bytes]]],
        keys: Collection[DatasetKey],
        sizes: Mapping[DatasetKey, int],
        runner: EagerRunner,
    ) -> None:
        """Writes what was found, beside what was read.

        Args:
            entries: what was found.
            keys: of all datasets.
            sizes: of those that were read, in bytes.
            runner: writes.
        """
        if self.output is None:
            return
        Path(self.output).mkdir(parents=True, exist_ok=True)
        for key in keys if self.input is not None else ():
            known = os.path.join(self.input or "", key.key)
            if os.path.isdir(known):
                io_utils.copy_dir(known, os.path.join(self.output, key.key))
        found = {
            key: DatasetCache(
                {entry: runner.collection(encoded) for entry, encoded in of_dataset.items()},
                runner.collection([DatasetCacheMetadata(sizes[key])]),
            )
            for key, of_dataset in entries.items()
        }
        if found:
            analyzer_cache.WriteAnalysisCacheToFS(runner.pipeline, self.output, dataset_keys=keys).expand(found)
