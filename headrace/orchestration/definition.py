"""Runs a file that defines a pipeline, whichever of TFX's local runners it calls.

The file is executed as Python would execute it, but for its runner's `run`, which
TFX's own DagRunnerPatcher takes note of; Headrace then runs the pipeline itself.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from inspect import signature
from pathlib import Path
from types import MappingProxyType
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

    from headrace.orchestration.compiler import CheckedCompilation, Default, keep_defaults
    from headrace.orchestration.runner import HeadraceDagRunner


@dataclass(frozen=True)
class _Asked:
    """What a file asks for."""

    runner: IrBasedRunner
    pipeline: Pipeline
    options: Mapping[str, Any]  # what else it gives to run(), such as run_options


class _Capture(DagRunnerPatcher):
    """Keeps what a file asks to run."""

    def __init__(self) -> None:
        super().__init__(call_real_run=False)
        self.asked: _Asked | None = None
        self._options: Mapping[str, Any] = {}

    def get_runner_class(self) -> type[IrBasedRunner]:
        return IrBasedRunner  # LocalDagRunner, BeamDagRunner and HeadraceDagRunner have their run from it

    def _before_run(self, runner: IrBasedRunner, pipeline: Pipeline, context: MutableMapping[str, Any]) -> None:
        self.asked = _Asked(runner, pipeline, self._options)

    def _decorate(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """TFX's own hands no options of run() to `_before_run`."""
        decorated = super()._decorate(run)

        @wraps(run)
        def noting(*args: Any, **kwargs: Any) -> Any:
            given = signature(run).bind(*args, **kwargs).arguments
            self._options = {name: value for name, value in given.items() if name not in ("self", "pipeline")}
            return decorated(*args, **kwargs)

        return noting


class _Compiler(CheckedCompilation):
    """A runner that only compiles; a `module_file` becomes a wheel in the pipeline's root, as in every compilation."""

    def run_with_ir(
        self,
        pipeline: PipelineIr,
        run_options: RunOptions | None = None,
        defaults: Mapping[str, Default] = MappingProxyType({}),
        **kwargs: Any,
    ) -> tuple[PipelineIr, RunOptions | None]:
        keep_defaults(pipeline, defaults)
        return pipeline, run_options


def run_definition(path: Path, settings: Settings, request: RunRequest) -> RunOutcome:
    """Runs the pipeline that the file at `path` defines.

    Raises:
        DefinitionError: the file fails, or runs no pipeline.
        HeadraceError: what the run itself raises.
    """
    with defined(path, settings) as definition:
        return definition.runner.run_with_ir(definition.pipeline, definition.options, request)


@dataclass(frozen=True)
class Definition:
    """A compiled pipeline, what a partial run of it was asked for in its file, and a runner."""

    runner: HeadraceDagRunner
    pipeline: PipelineIr
    options: RunOptions | None


@contextmanager
def defined(path: Path, settings: Settings) -> Iterator[Definition]:
    """What the file at `path` wants run; the file is `__main__` meanwhile.

    Args:
        path: a file that calls run() of a local TFX runner.
        settings: for the runner, if the file's own is stock TFX's.

    Raises:
        DefinitionError: the file fails, or runs no pipeline.
    """
    with _as_main_module(path):
        asked = _capture(path)
        runner = asked.runner if isinstance(asked.runner, HeadraceDagRunner) else HeadraceDagRunner(settings)
        yield Definition(runner, *_compiled(path, asked))


def load_as_main(path: Path) -> None:
    """Makes the file this process' `__main__`, for good: its components are imported from there."""
    _become_main(path)
    _capture(path)


def _capture(path: Path) -> _Asked:
    capture = _Capture()
    with capture.patch(), quietly():
        _execute(path)
    if capture.asked is None:
        raise DefinitionError(
            "the file runs no pipeline", where=str(path), why="it never calls run() of a local TFX runner"
        )
    return capture.asked


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


def _compiled(path: Path, asked: _Asked) -> tuple[PipelineIr, RunOptions | None]:
    try:
        with quietly():
            return _Compiler().run(asked.pipeline, asked.options.get("run_options"))
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
