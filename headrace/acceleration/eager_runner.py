"""A Beam runner that does each transform at once, on lists in this process.

For pipelines of many steps on few elements, such as what TensorFlow Transform does with
its accumulators: Beam's own local runners pickle, translate and start something for each step.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam import pvalue
from apache_beam.io import iobase
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.common import DoFnRunner, DoFnSignature, Receiver
from apache_beam.runners.runner import PipelineResult, PipelineRunner, PipelineState
from apache_beam.transforms.core import CombineFn, Impulse
from apache_beam.transforms.ptransform import PTransform
from apache_beam.transforms.sideinputs import SideInputMap
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from headrace.acceleration.not_equal import NotEqualError

View = TypeVar("View")


class EagerRunner(PipelineRunner):
    """Does transforms as they are applied; what they made is asked for with `elements`.

    Attributes:
        pipeline: the one to which transforms are applied.
    """

    def __init__(self) -> None:
        super().__init__()
        self._outputs: dict[PTransform, Mapping[str | None, list[Any]]] = {}  # of transforms that have several
        self._numbers = itertools.count()
        self._do: dict[type[PTransform], Callable[..., pvalue.PValue]] = {
            Impulse: self._impulse,
            beam.Create: self._create,
            beam.ParDo: self._par_do,
            beam.Flatten: self._flatten,
            beam.GroupByKey: self._group,
            beam.CombinePerKey: self._combine_per_key,
            beam.CombineGlobally: self._combine_globally,
            beam.Reshuffle: self._reshuffle,
            iobase.Read: self._read,
            iobase.Write: self._write,
        }
        self.pipeline = beam.Pipeline(runner=self, options=_Options([]))

    def elements(self, collection: pvalue.PCollection) -> list[Any]:
        """What is in a collection.

        Raises:
            NotEqualError: a transform made it that this runner does not know.
        """
        if isinstance(collection, _Done):
            return collection.elements
        if collection.tag is not None and collection.producer.transform in self._outputs:
            return self._outputs[collection.producer.transform].get(collection.tag, [])
        raise NotEqualError("the stock executor has to do this", why=f"{collection} can be made by Beam alone")

    def collection(self, elements: list[Any]) -> pvalue.PCollection:
        """A collection of these elements."""
        made = _Done(self.pipeline, elements)
        made.element_type = Any
        made.producer = (self.pipeline | f"Elements{next(self._numbers)}" >> Impulse()).producer
        return made

    def apply(self, transform: PTransform, input: pvalue.PValue, options: PipelineOptions) -> Any:  # noqa: A002
        """Does a transform that is one of Beam's own, or those of which it is made."""
        do = next((self._do[kind] for kind in type(transform).__mro__ if kind in self._do), None)
        return do(transform, input) if do else transform.expand(input)

    def run_pipeline(self, pipeline: beam.Pipeline, options: PipelineOptions) -> PipelineResult:
        """Does nothing: all is done."""
        return PipelineResult(PipelineState.DONE)

    def _impulse(self, transform: Impulse, begin: pvalue.PBegin) -> pvalue.PCollection:
        return _Done(begin.pipeline, [b""])

    def _create(self, transform: beam.Create, begin: pvalue.PBegin) -> pvalue.PCollection:
        return _Done(begin.pipeline, list(transform.values))

    def _read(self, transform: iobase.Read, begin: pvalue.PBegin) -> pvalue.PCollection:
        source = transform.source
        if not isinstance(source, iobase.BoundedSource):
            return transform.expand(begin)
        return _Done(begin.pipeline, list(source.read(source.get_range_tracker(None, None))))

    def _reshuffle(self, transform: beam.Reshuffle, collection: pvalue.PCollection) -> pvalue.PCollection:
        return _Done(collection.pipeline, self.elements(collection))

    def _flatten(self, transform: beam.Flatten, collections: Sequence[pvalue.PCollection]) -> pvalue.PCollection:
        pipeline = transform.pipeline or next(one.pipeline for one in collections)
        return _Done(pipeline, [element for one in collections for element in self.elements(one)])

    def _group(self, transform: beam.GroupByKey, collection: pvalue.PCollection) -> pvalue.PCollection:
        return _Done(collection.pipeline, list(_by_key(self.elements(collection)).items()))

    def _combine_per_key(self, transform: beam.CombinePerKey, collection: pvalue.PCollection) -> pvalue.PCollection:
        if transform.side_inputs:
            return transform.expand(collection)
        grouped = _by_key(self.elements(collection))
        combined = [
            (key, _combined(transform.fn, values, *transform.args, **transform.kwargs))
            for key, values in grouped.items()
        ]
        return _Done(collection.pipeline, combined)

    def _combine_globally(self, transform: beam.CombineGlobally, collection: pvalue.PCollection) -> Any:
        if transform.as_view or transform.args or transform.kwargs:
            return transform.expand(collection)
        elements = self.elements(collection)
        if not elements and not transform.has_defaults:
            return _Done(collection.pipeline, [])
        return _Done(collection.pipeline, [_combined(CombineFn.maybe_from_callable(transform.fn), elements)])

    def _write(self, transform: iobase.Write, collection: pvalue.PCollection) -> Any:
        sink = transform.sink
        if not isinstance(sink, iobase.Sink):
            return transform.expand(collection)
        begun = sink.initialize_write()
        writer = sink.open_writer(begun, "0")
        for element in self.elements(collection):
            writer.write(element)
        written = [writer.close()]
        ended = sink.finalize_write(begun, written, sink.pre_finalize(begun, written))
        return _Done(collection.pipeline, list(ended or ()))

    def _par_do(self, transform: beam.ParDo, collection: pvalue.PCollection) -> pvalue.PCollection:
        signature = DoFnSignature(transform.fn)
        if signature.is_stateful_dofn() or signature.is_splittable_dofn() or isinstance(transform, beam.WindowInto):
            raise NotEqualError("the stock executor has to do this", why=f"{transform.label} can be done by Beam alone")
        outputs: defaultdict[str | None, list[Any]] = defaultdict(list)
        runner = DoFnRunner(
            transform.fn,
            transform.args,
            transform.kwargs,
            [self._side_input(side) for side in transform.side_inputs],
            collection.windowing,
            tagged_receivers=_Receivers(outputs),
            step_name=transform.label,
        )
        runner.setup()
        try:
            runner.start()
            for element in self.elements(collection):
                runner.process(GlobalWindows.windowed_value(element))
            runner.finish()
        finally:
            runner.teardown()
        self._outputs[transform] = outputs
        return _Done(collection.pipeline, outputs[None])

    def _side_input(self, side: pvalue.AsSideInput) -> SideInputMap:
        elements = [GlobalWindows.windowed_value(element) for element in self.elements(side.pvalue)]
        return SideInputMap(type(side), side._view_options(), elements)


class _Done(pvalue.PCollection):
    """A collection that is there."""

    def __init__(self, pipeline: beam.Pipeline, elements: list[Any]) -> None:
        super().__init__(pipeline)
        self.elements = elements


class _Receivers(dict[str | None, Receiver]):
    """Where a DoFn's outputs go, by tag."""

    def __init__(self, outputs: defaultdict[str | None, list[Any]]) -> None:
        super().__init__()
        self._outputs = outputs

    def __missing__(self, tag: str | None) -> Receiver:
        self[tag] = _Receiver(self._outputs[tag])
        return self[tag]


class _Receiver(Receiver):
    def __init__(self, elements: list[Any]) -> None:
        self._append = elements.append

    def receive(self, windowed_value: WindowedValue) -> None:
        self._append(windowed_value.value)


class _Options(PipelineOptions):
    """Options that are parsed once: a pipeline asks for them with each transform."""

    def view_as(self, cls: type[View]) -> View:
        views = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]


def _combined(fn: CombineFn, elements: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    fn.setup(*args, **kwargs)
    try:
        accumulator = fn.create_accumulator(*args, **kwargs)
        for element in elements:
            accumulator = fn.add_input(accumulator, element, *args, **kwargs)
        return fn.extract_output(fn.compact(accumulator, *args, **kwargs), *args, **kwargs)
    finally:
        fn.teardown(*args, **kwargs)


def _by_key(elements: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    grouped: dict[Any, list[Any]] = {}
    for key, value in elements:
        grouped.setdefault(key, []).append(value)
    return grouped
