"""Runs a file that defines a pipeline, whichever of TFX's local runners it calls.

The file is executed as Python would execute it, but for its runner's `run`, which
TFX's own DagRunnerPatcher takes note of; Headrace then runs the pipeline itself.
"""

import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from headrace.errors import DefinitionError, HeadraceError
from headrace.orchestration.faults import users_line
from headrace.orchestration.outcomes import RunOutcome
from headrace.orchestration.output import quietly
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings

with quietly():
    from tfx.orchestration.pipeline import Pipeline
    from tfx.orchestration.portable.tfx_runner import IrBasedRunner
    from tfx.proto.orchestration.pipeline_pb2 import Pipeline as PipelineIr
    from tfx.proto.orchestration.pipeline_pb2 import RunOptions
    from tfx.tools.cli.handler.dag_runner_patcher import DagRunnerPatcher

    from headrace.orchestration.runner import HeadraceDagRunner


class _Capture(DagRunnerPatcher):
    """Keeps the pipeline, and its runner, that a file asks to run."""

    def __init__(self) -> None:
        super().__init__(call_real_run=False)
        self.captured: tuple[IrBasedRunner, Pipeline] | None = None

    def get_runner_class(self) -> type[IrBasedRunner]:
        return IrBasedRunner  # LocalDagRunner, BeamDagRunner and HeadraceDagRunner have their run from it

    def _before_run(self, runner: IrBasedRunner, pipeline: Pipeline, context: MutableMapping[str, Any]) -> None:
        self.captured = runner, pipeline


class _Compiler(IrBasedRunner):
    """A runner that only compiles; a `module_file` becomes a wheel in the pipeline's root, as in every compilation."""

    def run_with_ir(self, pipeline: PipelineIr, run_options: RunOptions | None = None, **kwargs: Any) -> PipelineIr:
        return pipeline


def run_definition(path: Path, settings: Settings, request: RunRequest) -> RunOutcome:
    """Runs the pipeline that the file at `path` defines.

    Raises:
        DefinitionError: the file fails, or runs no pipeline.
        HeadraceError: what the run itself raises.
    """
    with defined(path, settings) as (runner, pipeline):
        return runner.run_with_ir(pipeline, request=request)


@contextmanager
def defined(path: Path, settings: Settings) -> Iterator[tuple[HeadraceDagRunner, PipelineIr]]:
    """The compiled pipeline that the file at `path` wants run, and a runner; the file is `__main__` meanwhile.

    Args:
        path: a file that calls run() of a local TFX runner.
        settings: for the runner, if the file's own is stock TFX's.

    Raises:
        DefinitionError: the file fails, or runs no pipeline.
    """
    with _as_main_module(path):
        runner, pipeline = _capture(path)
        if not isinstance(runner, HeadraceDagRunner):
            runner = HeadraceDagRunner(settings)
        yield runner, _compiled(path, pipeline)


def load_as_main(path: Path) -> None:
    """Makes the file this process' `__main__`, for good: its components are imported from there."""
    _become_main(path)
    _capture(path)


def _capture(path: Path) -> tuple[IrBasedRunner, Pipeline]:
    capture = _Capture()
    with capture.patch(), quietly():
        _execute(path)
    if capture.captured is None:
        raise DefinitionError(
            "the file runs no pipeline", where=str(path), why="it never calls run() of a local TFX runner"
        )
    return capture.captured


def _execute(path: Path) -> None:
    try:
        SourceFileLoader("__main__", str(path)).exec_module(sys.modules["__main__"])
    except HeadraceError:
        raise
    except SystemExit as ended:  # absl's app.run and click end so
        if ended.code not in (None, 0):
            raise DefinitionError(
                "the pipeline's file ends early", where=str(path), why=f"exit code {ended.code}"
            ) from ended
    except Exception as error:
        raise _explained("the pipeline's file fails", path, error) from error


def _compiled(path: Path, pipeline: Pipeline) -> PipelineIr:
    try:
        with quietly():
            return _Compiler().run(pipeline)
    except HeadraceError:
        raise
    except Exception as error:  # a module_file that is not there, a node that is in two pipelines
        raise _explained("the pipeline cannot be compiled", path, error) from error


def _explained(what: str, path: Path, error: Exception) -> DefinitionError:
    return DefinitionError(
        what,
        where=users_line(error) or str(path),
        why=f"{type(error).__name__}: {error}",
        next_step=f"python {path}",
    )


@contextmanager
def _as_main_module(path: Path) -> Iterator[None]:
    """Lets the file be `__main__` for a while."""
    saved = sys.modules["__main__"], sys.argv, list(sys.path)
    _become_main(path)
    try:
        yield
    finally:
        sys.modules["__main__"], sys.argv, sys.path[:] = saved


def _become_main(path: Path) -> None:
    """Makes the file `__main__`, with its folder on the path and no arguments, as Python does."""
    spec = spec_from_loader("__main__", SourceFileLoader("__main__", str(path)))
    assert spec is not None
    sys.modules["__main__"] = module_from_spec(spec)
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.parent))
