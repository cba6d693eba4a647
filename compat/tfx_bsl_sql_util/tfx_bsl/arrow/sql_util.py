"""Stands where tfx-bsl 1.21 dropped its ZetaSQL slicing, which TFDV 1.16 still imports.

This distribution exists because only a file in ``tfx_bsl`` itself restores the
import in every process: Beam workers and the ``tfx`` command import TFX before
any code of ours could run.
"""

import pyarrow as pa


class RecordBatchSQLSliceQuery:
    """Refuses SQL slicing: tfx-bsl removed it together with ZetaSQL."""

    def __init__(self, sql: str, arrow_schema: pa.Schema) -> None:
        """Raises NotImplementedError; the arguments are those of the class tfx-bsl dropped."""
        raise NotImplementedError(
            "Slicing statistics by SQL is gone from tfx-bsl 1.21 "
            f"(asked for: {sql!r}). Use experimental_slice_functions of "
            "tfdv.StatsOptions, or the slicing_specs of Evaluator, instead."
        )
