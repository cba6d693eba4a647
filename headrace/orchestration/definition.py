"""Executes a file that defines pipelines, whichever of TFX's local runners it calls.

The file is executed as Python would execute it, but for the `run` of TFX's runners, which Headrace's takes the place
of. It is executed once: what it does before, between and after its calls of run() is done before, between and after.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from headrace.errors import DefinitionError, HeadraceError, RunFailedError, say, typed
from headrace.orchestration.faults import IN_HEADRACE, headraces_line, users_line
from headrace.orchestration.outcomes import RunOutcome
from headrace.orchestration.output import STDERR, quietly, stdout_to, usable_streams
from headrace.orchestration.request import RunRequest
from headrace.project import working_folder
from headrace.settings import Settings

with quietly():
    from tfx.orchestration.pipeline import Pipeline
    from tfx.orchestration.pipeline import RunOptions as PipelineRunOptions
    from tfx.orchestration.portable.tfx_runner import IrBasedRunner
    from tfx.proto.orchestration.pipeline_pb2 import Pipeline as PipelineIr
    from tfx.proto.orchestration.pipeline_pb2 import RunOptions

    from headrace.orchestration.compiler import check_definition, falsy_defaults, keep_defaults
    from headrace.orchestration.module_files import note_module_files
    from headrace.orchestration.parts_of_file import PartsOfFile, left_out
    from headrace.orchestration.runner import HeadraceDagRunner

_stock_run = IrBasedRunner.run
_ARGPARSE, _MAIN_OF_ABSL = "argparse", "_run_main"  # the latter ends with what the file's own main returns
_PARSERS = ("absl", _ARGPARSE, "click", "fire")  # of a file's arguments: they print usage and errors, and end the file


@dataclass(frozen=True)
class Definition:
    """A compiled pipeline, what a partial run of it was asked for in its file, and a runner."""

    runner: HeadraceDagRunner
    pipeline: PipelineIr
    options: RunOptions | None


@dataclass(frozen=True)
class ProgramFile:
    """A file that defines pipelines, and how it is to be executed.

    Attributes:
        path: of the file.
        arguments: of its own, after its name in `sys.argv`.
        prints_aside: its standard output goes to standard error.
    """

    path: Path
    arguments: tuple[str, ...] = ()
    prints_aside: bool = False


def run_definition(
    program: ProgramFile, settings: Settings, request: RunRequest, on_end: Callable[[], object] = lambda: None
) -> list[RunOutcome]:
    """Runs the pipelines that a file defines.

    Args:
        program: the file.
        settings: for the runner, if the file's own is stock TFX's.
        request: how they are to be run.
        on_end: called after each run that succeeded: what the file does then may end the process.

    Raises:
        DefinitionError: the file fails, or runs no pipeline.
        UserError: no pipeline of the file has the part that is asked for.
        HeadraceError: what the run itself raises.
    """
    outcomes: list[RunOutcome] = []
    parts = PartsOfFile(request)

    def run(definition: Definition) -> RunOutcome:
        ran = parts.run(definition.runner, definition.pipeline, definition.options)
        if ran is None:
            return left_out(definition.pipeline, definition.runner.settings)
        outcomes.append(ran)
        on_end()
        return ran

    execute(program, settings, run)
    parts.check()
    return outcomes


def execute(program: ProgramFile, settings: Settings, on_run: Callable[[Definition], Any]) -> None:
    """Executes a file as `__main__`.

    Args:
        program: the file; it calls run() of a local TFX runner.
        settings: for the runner, if the file's own is stock TFX's.
        on_run: called where the file calls run(); what it returns or raises, run() does.

    Raises:
        DefinitionError: the file fails, or runs no pipeline.
        RunFailedError: the file fails after a run, or an error of a run was not to be seen otherwise.
        HeadraceError: what `on_run` raises.
    """
    calls = _Calls(program.path, settings, on_run)
    with _as_main_module(program), ExitStack() as end:
        if program.prints_aside:
            calls.console = end.enter_context(stdout_to(STDERR))
        end.enter_context(calls.in_place_of_stock())
        _execute(program.path, calls)


class _Calls:
    """The calls of run() that a file makes."""

    def __init__(self, path: Path, settings: Settings, on_run: Callable[[Definition], Any]) -> None:
        self._path = path
        self._settings = settings
        self._on_run = on_run
        self.console: int | None = None  # where prints of runs go, if those of the file go elsewhere
        self.count = 0
        self.error: HeadraceError | None = None

    @contextmanager
    def in_place_of_stock(self) -> Iterator[None]:
        """Has each call noted and answered; LocalDagRunner, BeamDagRunner and HeadraceDagRunner take run from here."""

        def run(
            runner: IrBasedRunner, pipeline: Pipeline, run_options: PipelineRunOptions | None = None, **options: Any
        ) -> Any:
            return self._answer(runner, pipeline, run_options)

        IrBasedRunner.run = run
        try:
            yield
        finally:
            IrBasedRunner.run = _stock_run

    def _answer(self, runner: IrBasedRunner, pipeline: Pipeline, options: PipelineRunOptions | None) -> Any:
        own = runner if isinstance(runner, HeadraceDagRunner) else HeadraceDagRunner(self._settings)
        with ExitStack() as end:
            end.enter_context(usable_streams())
            if self.console is not None:
                end.enter_context(stdout_to(self.console))
            try:
                working_folder()
                definition = Definition(own, *_compiled(self._path, pipeline, options))
                self.count += 1
                return self._on_run(definition)
            except HeadraceError as error:
                self.error = error
                raise
            except Exception as error:  # what breaks off a run that has begun is a HeadraceError
                self.error = _not_begun(self._path, error)
                raise self.error from error


class _Compiler(IrBasedRunner):
    """A runner that only compiles; a `module_file` becomes a wheel in the pipeline's root, as in every compilation."""

    def run_with_ir(
        self, pipeline: PipelineIr, run_options: RunOptions | None = None, **kwargs: Any
    ) -> tuple[PipelineIr, RunOptions | None]:
        return pipeline, run_options


def _execute(path: Path, calls: _Calls) -> None:
    try:
        SourceFileLoader("__main__", str(path)).exec_module(sys.modules["__main__"])
    except HeadraceError:
        raise
    except SystemExit as ended:  # absl's app.run and click end so
        if calls.error is not None and ended.__cause__ is calls.error:
            raise  # the file has reported the error itself
        if not calls.count and calls.error is None and _said_by_parser(ended, path):
            raise
        if ended.code is not None and not isinstance(ended.code, int):  # a message
            if calls.error is None:
                raise
            say(str(ended.code))
        elif ended.code and calls.error is None:
            what = "the pipeline's file ends early"
            raise _of_file(calls, what, str(path), f"exit code {int(ended.code)}") from ended
    except Exception as error:
        if calls.error is None or not calls.count:
            raise _explained("the pipeline's file fails", path, error, calls) from error
    if calls.error is not None:  # the file caught it: it is an error all the same
        raise calls.error
    if not calls.count:
        raise DefinitionError(
            "the file runs no pipeline",
            where=str(path),
            why="it never calls run() of a local TFX runner",
            next_step="have it call LocalDagRunner().run(pipeline)",
        )


def _said_by_parser(ended: SystemExit, path: Path) -> bool:
    """Whether a file that has run nothing may just end so: a parser has said all there is, or nothing is wrong."""
    trace = ended.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] if trace else ""
    function = trace.tb_frame.f_code.co_name if trace else ""
    if ended.code not in (None, 0):
        return module in _PARSERS and function != _MAIN_OF_ABSL
    if module != _ARGPARSE:  # others end so as well where the file's own function has come to its end
        print(f"note: {path} ended before it ran a pipeline", file=sys.stderr)
    return True


def _compiled(
    path: Path, pipeline: Pipeline, options: PipelineRunOptions | None
) -> tuple[PipelineIr, RunOptions | None]:
    note_module_files(pipeline)
    try:
        with quietly():
            check_definition(pipeline)
            defaults = falsy_defaults(pipeline)
            compiled, run_options = _stock_run(_Compiler(), pipeline, options)
            keep_defaults(compiled, defaults)
            return compiled, run_options
    except HeadraceError:
        raise
    except Exception as error:  # a module_file that is not there, a node that is in two pipelines
        raise _explained("the pipeline cannot be compiled", path, error) from error


def _explained(what: str, path: Path, error: Exception, calls: "_Calls | None" = None) -> HeadraceError:
    where, why = users_line(error) or str(path), f"{type(error).__name__}: {error}"
    return _of_file(calls, what, where, why, typed("python", path))


def _not_begun(path: Path, error: Exception) -> HeadraceError:
    """Of what leaves run() before any node has run, and nobody foresaw."""
    what, why = "run() failed before any node ran", f"{type(error).__name__}: {error}"
    if line := headraces_line(error):
        return HeadraceError(what, where=line, why=f"{why}; {IN_HEADRACE}")
    if isinstance(error, RecursionError):
        why = f"{why}; the recursion limit is {sys.getrecursionlimit()}"
    return DefinitionError(what, where=users_line(error) or str(path), why=why)


def _of_file(calls: "_Calls | None", what: str, where: str, why: str, next_step: str = "") -> HeadraceError:
    """An error of the file: the user's fault, unless a run has ended by then."""
    if calls is not None and calls.count:
        return RunFailedError(f"{what}, after its run", where=where, why=why)
    return DefinitionError(what, where=where, why=why, next_step=next_step)


@contextmanager
def _as_main_module(program: ProgramFile) -> Iterator[None]:
    """Lets the file be `__main__` for a while, with its folder on the path, as Python does."""
    saved = sys.modules["__main__"], sys.argv, list(sys.path)
    spec = spec_from_loader("__main__", SourceFileLoader("__main__", str(program.path)))
    assert spec is not None
    main = module_from_spec(spec)
    main.__spec__ = None  # type: ignore[assignment]  # as Python has it: multiprocessing then looks at its file
    sys.modules["__main__"] = main
    sys.argv = [str(program.path), *program.arguments]
    sys.path.insert(0, str(program.path.parent))
    try:
        yield
    finally:
        sys.modules["__main__"], sys.argv, sys.path[:] = saved
