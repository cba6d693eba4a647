"""The copy of a program that the nodes of its run are forked from."""

from collections.abc import Iterator
from contextlib import contextmanager

from tfx.orchestration.local import runner_utils
from tfx.proto.orchestration.pipeline_pb2 import Pipeline

from headrace.acceleration.stand_ins import stand_in_for
from headrace.orchestration.code_fingerprint import python_spec
from headrace.orchestration.output import quietly
from headrace.warm_server.copying import ProgramCopy

_EXECUTING = "headrace.orchestration.executors"


@contextmanager
def program_copy(pipeline: Pipeline, accelerated: bool) -> Iterator[ProgramCopy | None]:
    """Copies this process while it has one thread; None where it cannot be copied.

    Args:
        pipeline: whose nodes are forked from it: it imports what they all need.
        accelerated: Headrace's executors do the work of stock ones.
    """
    with quietly():  # TFX warns of a store that a pipeline does not name
        executors = set(_executors(pipeline)) if accelerated else set()
    stand_ins = {stand_in_for(path).rpartition(".")[0] for path in executors}
    copy = ProgramCopy.of_this_process([_EXECUTING, *sorted(stand_ins - {""})])
    try:
        yield copy
    finally:
        if copy is not None:
            copy.close()


def _executors(pipeline: Pipeline) -> Iterator[str]:
    for config in runner_utils.extract_local_deployment_config(pipeline).executor_specs.values():
        spec = getattr(config, str(config.WhichOneof("spec")))
        if (python := python_spec(spec)) is not None:
            yield python.class_path
    for one in pipeline.nodes:
        if one.WhichOneof("node") == "sub_pipeline":
            yield from _executors(one.sub_pipeline)
