"""Beam's transforms, done at once."""

from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam import pvalue
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec

from headrace.acceleration.eager_runner import EagerRunner
from headrace.acceleration.not_equal import NotEqualError


@pytest.fixture
def runner() -> EagerRunner:
    return EagerRunner()


@pytest.fixture
def numbers(runner: EagerRunner) -> pvalue.PCollection:
    return runner.collection([1, 2, 3, 3])


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (beam.Map(lambda number: -number), [-1, -2, -3, -3]),
        (beam.FlatMap(lambda number: [number] * number), [1, 2, 2, 3, 3, 3, 3, 3, 3]),
        (beam.combiners.Count.PerElement(), [(1, 1), (2, 1), (3, 2)]),
        (beam.combiners.Count.Globally(), [4]),
        (beam.combiners.Top.Of(2), [[3, 3]]),
        (beam.combiners.ToList(), [[1, 2, 3, 3]]),
        (beam.CombineGlobally(sum).with_fanout(3), [9]),
        (beam.BatchElements(min_batch_size=3, max_batch_size=3), [[1, 2, 3], [3]]),
        (beam.Distinct(), [1, 2, 3]),
        (beam.Reshuffle(), [1, 2, 3, 3]),
        (beam.GroupBy(lambda number: number % 2), [(1, [1, 3, 3]), (0, [2])]),
    ],
)
def test_transforms(
    runner: EagerRunner, numbers: pvalue.PCollection, transform: beam.PTransform, expected: list[Any]
) -> None:
    assert runner.elements(numbers | transform) == expected


def test_side_inputs_and_several_outputs(runner: EagerRunner, numbers: pvalue.PCollection) -> None:
    largest = numbers | beam.CombineGlobally(max)
    shares = numbers | beam.Map(lambda number, of: number / of, pvalue.AsSingleton(largest))
    assert runner.elements(shares) == [1 / 3, 2 / 3, 1, 1]

    def tagged(number: int) -> list[pvalue.TaggedOutput]:
        return [pvalue.TaggedOutput("odd" if number % 2 else "even", number)]

    by_tag = numbers | "Tagged" >> beam.FlatMap(tagged).with_outputs("odd", "even", "none")
    assert [runner.elements(by_tag[tag]) for tag in ("odd", "even", "none")] == [[1, 3, 3], [2], []]
    assert runner.elements((by_tag["even"], by_tag["odd"]) | beam.Flatten()) == [2, 1, 3, 3]


def test_combining_nothing_gives_the_default(runner: EagerRunner) -> None:
    assert runner.elements(runner.collection([]) | beam.CombineGlobally(sum)) == [0]
    assert runner.elements(runner.collection([]) | "No" >> beam.CombineGlobally(sum).without_defaults()) == []


def test_files(runner: EagerRunner, tmp_path: Path) -> None:
    records = runner.collection([b"one", b"two"])
    written = records | beam.io.WriteToTFRecord(str(tmp_path / "records"), file_name_suffix=".gz")
    assert runner.elements(written) == [str(tmp_path / "records-00000-of-00001.gz")]
    assert runner.elements(runner.pipeline | beam.io.ReadFromTFRecord(str(tmp_path / "records*"))) == [b"one", b"two"]


class _Stateful(beam.DoFn):
    STATE = beam.DoFn.StateParam(ReadModifyWriteStateSpec("state", beam.coders.VarIntCoder()))

    def process(self, element: Any, state: Any = STATE) -> list[Any]:
        return [element]


@pytest.mark.parametrize("transform", [beam.ParDo(_Stateful()), beam.WindowInto(beam.window.FixedWindows(1))])
def test_what_needs_a_real_runner(runner: EagerRunner, transform: beam.PTransform) -> None:
    with pytest.raises(NotEqualError, match="Beam alone"):
        runner.collection([("key", 1)]) | transform
