"""The work of ArrowExampleGen: reads files through Arrow, deals out their rows, and writes examples."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from tfx.components.example_gen import utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, standard_component_specs
from tfx.types.artifact_utils import get_single_instance

from components.arrow_example_gen.formats import find_files
from components.arrow_example_gen.input_files import InputFile, Piece, common_columns
from components.arrow_example_gen.split_rules import SplitRule, split_rule
from headrace.acceleration.arrow_columns import Kind, parts, typed
from headrace.acceleration.example_encoding import Feature, Missing, encode
from headrace.acceleration.example_gen import ROWS, configs, describe, row_counts
from headrace.acceleration.parallel import cores, in_order
from headrace.acceleration.split_writing import Pieces, SplitFiles, pieces_of
from headrace.acceleration.splitting import HashSplit, Indices
from headrace.acceleration.tfrecord_writing import Records
from headrace.errors import InputDataError

ArtifactMap = dict[str, list[Artifact]]
_SHOWN = 5  # of the values that belong to no split


class Executor(BaseExecutor):
    """Writes a split of each input split, or splits one by hash, by values or by time."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Reads and writes; memory is bounded by the size of some blocks of rows, not by that of the files.

        Raises:
            UnknownNameError: there is no column of a name that is asked for.
            InputDataError: files cannot be read, do not go together, hold what an example cannot, or rows of no split.
            ParameterError: rows have no value of the feature that the hash is to be of.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        examples = get_single_instance(output_dict[standard_component_specs.EXAMPLES_KEY])
        config, output = configs(exec_properties)
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        rule = split_rule(exec_properties["split_by"]) if exec_properties.get("split_by") else None
        split = HashSplit.of(output.split_config) if output.split_config.splits else None
        chosen = json.loads(exec_properties["columns"]) if exec_properties.get("columns") else None
        names = rule.names if rule else utils.generate_output_split_names(config, output)
        by = [rule.column] if rule else [split.feature] if split and split.feature else []
        with ThreadPoolExecutor(cores()) as pool:
            inputs = [find_files(base, one.pattern) for one in config.splits]
            kinds = common_columns([file for files in inputs for file in files], chosen, by, pool)
            if rule:
                _check_rows(inputs[0], rule, kinds[rule.column], pool)
            rows = _Rows(kinds, list(kinds) if chosen is None else chosen, split, rule)
            with SplitFiles(describe(examples, names, exec_properties)) as outputs:
                for first, files in enumerate(inputs):
                    written = 0
                    for pieces, count in in_order(pool, rows.encoded, _pieces(files, kinds), ahead=2 * cores()):
                        outputs.write(pieces, first)
                        written += count
                    if not written:
                        raise InputDataError(
                            "the input files hold no rows",
                            where=", ".join(str(one.path) for one in files),
                            next_step="put the rows there, or take the files away; then run again",
                        )
                outputs.keep()
        exec_properties[ROWS] = row_counts(names, outputs)
        logging.info("Examples of %s written.", ", ".join(names))


@dataclass(frozen=True)
class _Rows:
    """What becomes of rows.

    Attributes:
        kinds: of the columns that are read.
        features: the names of those that become features.
        split: how rows are dealt out by hash, if they are.
        rule: how they are dealt out otherwise, if they are.
    """

    kinds: Mapping[str, Kind]
    features: Sequence[str]
    split: HashSplit | None
    rule: SplitRule | None

    def encoded(self, piece: tuple[InputFile, Piece]) -> tuple[Pieces, int]:
        """The examples of some rows, compressed, and how many they are."""
        file, read = piece
        batch = read()
        pieces: Pieces = []
        for part in parts(batch):
            features = [self._feature(file, name, part.column(name)) for name in self.features]
            records = Records.of(encode(features))
            pieces += pieces_of(records, self._splits(part, features, records))
        return pieces, batch.num_rows

    def _feature(self, file: InputFile, name: str, column: pa.Array) -> Feature:
        try:
            values = typed(column, self.kinds[name])
        except ValueError as error:
            raise InputDataError(
                f"the column {name!r} cannot be in an example",
                where=str(file.path),
                why=str(error),
                next_step="leave it out: ArrowExampleGen(columns=[...])",
            ) from error
        return Feature.of(name, values, len(column), Missing.NO_FEATURE)

    def _splits(self, part: pa.RecordBatch, features: Sequence[Feature], records: Records) -> Indices | None:
        if self.rule:
            return self.rule.deal(part.column(self.rule.column)).splits
        return self.split.deal(features, records.payloads) if self.split else None


def _pieces(files: Sequence[InputFile], kinds: Mapping[str, Kind]) -> Iterator[tuple[InputFile, Piece]]:
    return ((file, piece) for file in files for piece in file.pieces(kinds))


def _check_rows(files: Sequence[InputFile], rule: SplitRule, kind: Kind, pool: ThreadPoolExecutor) -> None:
    """Reads the column of the rule alone, before anything is written.

    Raises:
        InputDataError: rows belong to no split, or a split gets none.
    """
    counts = np.zeros(len(rule.names), np.int64)
    outside: Counter[str] = Counter()
    column = {rule.column: kind}
    deal = lambda piece: rule.deal(piece[1]().column(rule.column))  # noqa: E731
    for dealt in in_order(pool, deal, _pieces(files, column), ahead=2 * cores()):
        counts += np.bincount(dealt.splits[dealt.splits >= 0], minlength=len(counts))
        outside += dealt.outside
    where = f"the column {rule.column!r} of {', '.join(str(file.path) for file in files)}"
    if outside:
        some = "; ".join(f"{value}: {count:,} rows" for value, count in outside.most_common(_SHOWN))
        raise InputDataError(
            f"{outside.total():,} rows belong to no split",
            where=where,
            why=some + (f"; and {len(outside) - _SHOWN} more" if len(outside) > _SHOWN else ""),
            next_step="give what they have to a split: ArrowExampleGen(split_by=...)",
        )
    for name, count in zip(rule.names, counts.tolist(), strict=True):
        if not count:
            raise InputDataError(
                f"the split {name!r} gets no rows",
                where=where,
                why=f"the rule is {rule.to_json()}",
                next_step="give it what rows have: ArrowExampleGen(split_by=...)",
            )
