"""Statistics as TFDV computes them and StatisticsGen writes them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
from tensorflow_metadata.proto.v0 import statistics_pb2

from headrace.contents.statistics import (
    Bucket,
    FeatureStatistics,
    NumericStatistics,
    SplitStatistics,
    read_row_counts,
    read_statistics,
    read_unsplit_statistics,
)
from tests.headrace.written_statistics import Numbers, Texts, write_statistics


@pytest.fixture(scope="module")
def statistics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SplitStatistics]:
    folder = tmp_path_factory.mktemp("statistics")
    columns = {
        "hour": [[hour] for hour in range(24)] * 10,
        "company": [["Blue"], ["Blue"], ["Red"], []] * 60,  # TFX reads an empty cell as an empty list
        "tips": [[0.0], [0.0], [2.5], [7.5]] * 60,
        "tags": [["a", "b"], ["a"], [], ["c"]] * 60,
        "tract": pa.array([None] * 240, pa.list_(pa.int64())),
    }
    batch = pa.RecordBatch.from_pydict(columns)
    for split, examples in {"train": batch, "eval": batch.slice(0, 24)}.items():
        path = folder / f"Split-{split}" / "FeatureStats.pb"
        path.parent.mkdir()
        path.write_bytes(generate_statistics_in_memory(examples).SerializeToString())
    return read_statistics(folder)


def test_every_split_is_read_with_its_number_of_examples(statistics: dict[str, SplitStatistics]) -> None:
    assert {split: found.examples for split, found in statistics.items()} == {"train": 240, "eval": 24}


def test_a_numeric_feature_has_its_moments_and_both_histograms(statistics: dict[str, SplitStatistics]) -> None:
    tips = statistics["train"].features["tips"]
    assert tips.type == "FLOAT"
    assert tips.text is None
    assert tips.numeric is not None
    assert (tips.numeric.min, tips.numeric.max, tips.numeric.mean, tips.numeric.zeros) == (0.0, 7.5, 2.5, 120)
    for histogram in (tips.numeric.histogram, tips.numeric.quantiles):
        assert sum(bucket.count for bucket in histogram) == pytest.approx(240)


def test_a_numeric_feature_has_quantiles_as_far_as_they_are_recorded(statistics: dict[str, SplitStatistics]) -> None:
    hour = statistics["train"].features["hour"].numeric
    assert hour is not None
    assert (hour.quantile(0), hour.quantile(1)) == (0, 23)
    assert hour.quantile(0.5) == pytest.approx(hour.median, abs=1)
    assert hour.quantile(0.25) == pytest.approx(23 / 4, abs=1)
    assert replace(hour, quantiles=()).quantile(0.5) is None


def test_a_text_feature_has_its_values_most_frequent_first(statistics: dict[str, SplitStatistics]) -> None:
    company = statistics["train"].features["company"]
    assert company.text is not None
    assert company.text.ranked == (("Blue", 120), ("Red", 60))
    assert company.text.unique == 2


def test_an_empty_list_counts_as_missing(statistics: dict[str, SplitStatistics]) -> None:
    company = statistics["train"].features["company"]
    assert (company.present, company.missing, company.missing_share) == (180, 60, 0.25)


def test_a_feature_of_several_values_counts_them_all(statistics: dict[str, SplitStatistics]) -> None:
    tags = statistics["train"].features["tags"]
    assert (tags.values, tags.present + tags.missing) == (240, 240)


def test_a_feature_without_any_value_is_wholly_missing(statistics: dict[str, SplitStatistics]) -> None:
    tract = statistics["eval"].features["tract"]
    assert (tract.missing_share, tract.numeric, tract.text) == (1.0, None, None)


def test_transforms_statistics_are_of_all_splits(tmp_path: Path) -> None:
    recorded = statistics_pb2.DatasetFeatureStatisticsList()
    recorded.datasets.add().num_examples = 7
    (tmp_path / "FeatureStats.pb").write_bytes(recorded.SerializeToString())
    assert {split: one.examples for split, one in read_statistics(tmp_path).items()} == {"all splits": 7}


def test_a_folder_without_splits_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Split-"):
        read_statistics(tmp_path)


def test_reading_contents_imports_no_heavy_library() -> None:
    modules = "statistics, schema, anomalies, evaluation"
    heavy = "{'tensorflow', 'tfx', 'apache_beam', 'tensorflow_model_analysis', 'tensorflow_data_validation'}"
    code = f"from headrace.contents import {modules}; import sys; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def quantiles(*buckets: tuple[float, float, float]) -> NumericStatistics:
    return NumericStatistics(0, 0, 0, 0, 0, 0, (), tuple(Bucket(*one) for one in buckets))


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, 10), (0.125, 15), (0.25, 20), (0.5, 30), (0.625, 35), (1, 50), (1.5, 50)],
)
def test_a_quantile_lies_within_its_bucket_as_far_as_its_share_goes(share: float, expected: float) -> None:
    numbers = quantiles((10, 20, 2), (20, 40, 4), (40, 50, 2))
    assert numbers.quantile(share) == expected


def test_the_quantile_of_an_empty_bucket_is_its_low_end() -> None:
    assert quantiles((3, 5, 0)).quantile(0.5) == 3


def test_rows_are_counted_by_split_and_of_slices_the_whole_counts(tmp_path: Path) -> None:
    write_statistics(tmp_path, {"train": {"a": Texts({"x": 3}, missing=1)}, "eval": {"a": Texts({"x": 2})}})
    path = tmp_path / "Split-train" / "FeatureStats.pb"
    recorded = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
    recorded.datasets.add(num_examples=2)
    recorded.datasets.insert(0, statistics_pb2.DatasetFeatureStatistics(num_examples=1))
    path.write_bytes(recorded.SerializeToString())
    assert read_row_counts(tmp_path) == {"train": 4, "eval": 2}
    assert list(read_statistics(tmp_path)["train"].features) == ["a"]


def test_statistics_of_a_folder_itself_are_of_no_split(tmp_path: Path) -> None:
    write_statistics(tmp_path, {"": {"a": Numbers([(1, 3, 2)], mean=2)}})
    found = read_unsplit_statistics(tmp_path)
    assert (found.split, found.examples, list(found.features)) == ("", 2, ["a"])
    with pytest.raises(FileNotFoundError):
        read_unsplit_statistics(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        read_row_counts(tmp_path)


def test_damaged_statistics_are_named(tmp_path: Path) -> None:
    write_statistics(tmp_path, {"train": {}})
    path = tmp_path / "Split-train" / "FeatureStats.pb"
    for content in (b"\xff", b""):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is damaged: ") as raised:
            read_statistics(tmp_path)
        assert str(path) in str(raised.value)


def test_a_feature_in_another_has_the_path_to_it_for_a_name(tmp_path: Path) -> None:
    recorded = statistics_pb2.DatasetFeatureStatisticsList()
    feature = recorded.datasets.add(num_examples=4).features.add(type=statistics_pb2.FeatureNameStatistics.INT)
    feature.path.step.extend(["outer", "inner"])
    common = feature.num_stats.common_stats
    common.num_non_missing, common.tot_num_values, common.max_num_values = 3, 9, 5
    feature.num_stats.num_zeros = 2
    for missing in (1, 4, 2):
        feature.num_stats.histograms.add(num_nan=missing)
    (tmp_path / "FeatureStats.pb").write_bytes(recorded.SerializeToString())
    [(name, found)] = read_unsplit_statistics(tmp_path).features.items()
    assert (name, found.name, found.type) == ("outer.inner", "outer.inner", "INT")
    assert (found.present, found.missing, found.values, found.missing_share) == (3, 1, 9, 0.25)
    assert found.numeric is not None
    assert (found.numeric.zeros, found.numeric.nans, found.text) == (2, 4, None)


@pytest.mark.parametrize(("present", "missing", "share"), [(0, 0, 0.0), (3, 1, 0.25), (0, 2, 1.0), (2, 0, 0.0)])
def test_the_missing_share_is_of_all_examples_there_are(present: int, missing: int, share: float) -> None:
    assert FeatureStatistics("a", "INT", present, missing, present).missing_share == share
