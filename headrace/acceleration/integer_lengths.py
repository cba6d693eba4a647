"""How long integers are that stand for categories, when TFDV counts them as it counts strings.

TFDV writes each as a string, one after the other in Python, which is a third of what Transform's statistics cost; Arrow
writes all at once. The class is private and its generator makes the objects itself, deep inside a method that does
everything: it can only be replaced in place. Importing this module does that; the answers are the same.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_data_validation.statistics.generators import basic_stats_generator
from tfx_bsl.arrow import array_util

_StringStats = basic_stats_generator._PartialStringStats
_stock_update = _StringStats.update


def _update(self: Any, feature_array: pa.Array) -> None:
    if not pa.types.is_null(feature_array.type):
        values, _ = array_util.flatten_nested(feature_array)
        if pa.types.is_integer(values.type):
            self.total_bytes_length += pc.sum(pc.binary_length(values.cast(pa.string()))).as_py() or 0
            return
    _stock_update(self, feature_array)


_StringStats.update = _update
