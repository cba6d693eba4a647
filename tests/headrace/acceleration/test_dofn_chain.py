from collections.abc import Iterator

import apache_beam as beam
import pytest

from headrace.acceleration.dofn_chain import DoFnChain
from headrace.acceleration.not_equal import NotEqualError


class Told(beam.DoFn):
    """Says what is done with it."""

    def __init__(self, said: list[str]) -> None:
        self._said = said

    def setup(self) -> None:
        self._said.append("setup")

    def start_bundle(self) -> None:
        self._said.append("start")

    def process(self, element: int, times: int) -> Iterator[int]:
        self._said.append(f"process {element}")
        yield from [element] * times

    def finish_bundle(self) -> None:
        self._said.append("finish")

    def teardown(self) -> None:
        self._said.append("teardown")


@beam.ptransform_fn
def _doubled_and_kept(numbers: beam.PCollection, kept: list[int]) -> beam.PCollection:
    return numbers | "Double" >> beam.Map(lambda number: 2 * number) | beam.Filter(lambda number: number in kept)


def test_transforms_within_transforms_are_one_chain() -> None:
    said: list[str] = []
    with DoFnChain.of([_doubled_and_kept([2, 4]), "Tell" >> beam.ParDo(Told(said), times=2)]).ready() as chain:
        assert [chain.process(number) for number in (1, 2, 3)] == [[2, 2], [4, 4], []]
    assert said == ["setup", "start", "process 2", "process 4", "finish", "teardown"]


@pytest.mark.parametrize("transform", [beam.GroupByKey(), beam.combiners.Count.Globally(), beam.Flatten()], ids=str)
def test_what_is_more_than_dofns_is_refused(transform: beam.PTransform) -> None:
    with pytest.raises(NotEqualError):
        DoFnChain.of([transform])


def test_side_inputs_are_refused() -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        one = beam.pvalue.AsSingleton(pipeline | beam.Create([1]))
        with pytest.raises(NotEqualError, match="side inputs"):
            DoFnChain.of([beam.Map(lambda number, other: number + other, one)])
