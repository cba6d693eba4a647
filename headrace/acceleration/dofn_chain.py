"""A Beam transform that is one DoFn after another, run without a pipeline."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import apache_beam as beam
from apache_beam.transforms.ptransform import _NamedPTransform, _PTransformFnPTransform

from headrace.acceleration.not_equal import NotEqualError


class DoFnChain:
    """DoFns in their order, as transforms apply them to a PCollection.

    A transform is expanded on it as on a PCollection, so transforms that are written elsewhere can be run
    as they are. Beam's own way costs a pipeline, its translation and a worker.
    """

    def __init__(self) -> None:
        """Begins with no DoFn."""
        self._steps: list[tuple[beam.DoFn, Sequence[Any], Mapping[str, Any]]] = []

    @classmethod
    def of(cls, transforms: Iterable[beam.PTransform]) -> "DoFnChain":
        """The DoFns of transforms that are applied one after another.

        Raises:
            NotEqualError: a transform is more than DoFns one after another.
        """
        chain = cls()
        for transform in transforms:
            if chain | transform is not chain:
                raise NotEqualError(f"the stock executor has to do this: {transform} branches")
        return chain

    def __or__(self, transform: beam.PTransform) -> "DoFnChain":
        """Takes the DoFns of a transform."""
        if isinstance(transform, _NamedPTransform):
            return self | transform.transform
        if isinstance(transform, _PTransformFnPTransform):
            return transform.expand(self)
        if not isinstance(transform, beam.ParDo):
            raise NotEqualError(f"the stock executor has to do this: {transform} is more than a DoFn")
        if transform.side_inputs:
            raise NotEqualError(f"the stock executor has to do this: {transform} has side inputs")
        self._steps.append((transform.fn, transform.args, transform.kwargs))
        return self

    @contextmanager
    def ready(self) -> Iterator["DoFnChain"]:
        """The DoFns are set up, and one bundle is open."""
        for fn, *_ in self._steps:
            fn.setup()
            fn.start_bundle()
        yield self
        for fn, *_ in self._steps:
            fn.finish_bundle()
            fn.teardown()

    def process(self, element: Any) -> list[Any]:
        """What becomes of an element."""
        elements = [element]
        for fn, args, kwargs in self._steps:
            elements = [made for one in elements for made in fn.process(one, *args, **kwargs) or ()]
        return elements
