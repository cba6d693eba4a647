from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.contents.anomalies import read_anomalies
from headrace.contents.distribution_checks import read_distribution_checks
from headrace.contents.drift import read_drift
from headrace.contents.evaluation import read_evaluation, read_findings
from headrace.contents.notification import read_notification
from headrace.contents.schema import read_domains, read_schema
from headrace.contents.serving_check import read_serving_check
from headrace.contents.statistics import read_statistics

READERS = [
    (read_anomalies, "Split-train/SchemaDiff.pb"),
    (read_distribution_checks, "SplitPair-train_eval/SchemaDiff.pb"),
    (read_drift, "drift.json"),
    (read_domains, "schema.pbtxt"),
    (read_schema, "schema.pbtxt"),
    (read_serving_check, "serving_check.json"),
    (read_notification, "notification.json"),
    (read_statistics, "Split-train/FeatureStats.pb"),
    (read_findings, "eval_config.json"),
    (read_evaluation, "eval_config.json"),
]


@pytest.mark.parametrize("content", [b"\xff\xff\xfe\x00garbage{", b"[1]"])
@pytest.mark.parametrize(("read", "name"), READERS)
def test_a_damaged_file_is_one_error_that_names_it(
    tmp_path: Path, read: Callable[[Path], object], name: str, content: bytes
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="is damaged: ") as raised:
        read(tmp_path)
    assert str(tmp_path / name) in str(raised.value)
