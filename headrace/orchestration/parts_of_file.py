"""A part of what a file runs, where it may run several pipelines: each is known only when the file calls run().

What is asked for may be in any of them. With --resume, those that succeeded are passed over, the first that did not is
resumed, and those after it, which may read what it makes, are run whole. With --only, --from or --to, pipelines
without such a node are left out.
"""

import sys
from collections.abc import Iterable
from dataclasses import replace

from tfx.proto.orchestration.pipeline_pb2 import Pipeline, RunOptions

from headrace.errors import HeadraceError
from headrace.orchestration.more_runs import may_run_more
from headrace.orchestration.outcomes import NodeOutcome, NodeState, RunOutcome
from headrace.orchestration.refusals import NoEarlierRunError, NoSuchNodeError, NothingToResumeError
from headrace.orchestration.request import RunRequest
from headrace.orchestration.runner import HeadraceDagRunner
from headrace.settings import Settings


class PartsOfFile:
    """Runs what is asked for of each pipeline of a file."""

    def __init__(self, request: RunRequest) -> None:
        """Takes what is asked for."""
        self._request = request
        self._has_run = False
        self._left: list[NothingToResumeError | NoSuchNodeError] = []
        self._nodes: list[str] = []  # of the pipelines that were left out

    def run(self, runner: HeadraceDagRunner, pipeline: Pipeline, options: RunOptions | None) -> RunOutcome | None:
        """Runs a pipeline, or the part of it that is asked for.

        Args:
            runner: that runs it.
            pipeline: compiled; it is changed in place.
            options: TFX's, of a partial run.

        Returns:
            How it ended; None if it has nothing of the part and another pipeline of the file may.

        Raises:
            UserError: nothing of the file has what is asked for.
            HeadraceError: what the run itself raises.
        """
        request = self._request
        if request.resume and self._has_run:
            request = replace(request, resume=False)
        as_compiled = Pipeline()
        as_compiled.CopyFrom(pipeline)  # a run changes it
        try:
            outcome = runner.run_with_ir(pipeline, options, request)
        except NoEarlierRunError:
            if not self._left:
                raise
            self._has_run = True  # a run before this one ended before the file came to this pipeline
            return runner.run_with_ir(as_compiled, options, replace(request, resume=False))
        except (NothingToResumeError, NoSuchNodeError) as error:
            self._leave_out(pipeline, error)
            return None
        except HeadraceError:
            self._has_run = True
            raise
        self._has_run = True
        return outcome

    def check(self) -> None:
        """Looks back, once the file has come to its end.

        Raises:
            UserError: no pipeline had what was asked for: nothing has run.
        """
        if self._left and not self._has_run:
            raise self._refusal()

    def _leave_out(self, pipeline: Pipeline, error: NothingToResumeError | NoSuchNodeError) -> None:
        self._left.append(error)
        self._nodes += _node_ids(pipeline)
        if self._has_run or may_run_more():
            name = pipeline.pipeline_info.id
            why = "its last run succeeded" if isinstance(error, NothingToResumeError) else error.what
            print(f"note: {name} is left out: {why}", file=sys.stderr)
            return
        raise self._refusal()

    def _refusal(self) -> HeadraceError:
        first = self._left[0]
        if len(self._left) == 1:
            return first
        if isinstance(first, NothingToResumeError):
            what = "the last run of each of the file's pipelines succeeded"
            return NothingToResumeError(what, why=first.why, next_step=first.next_step)
        asked = (*self._request.from_nodes, *self._request.to_nodes)
        missing = next((node for node in asked if node not in self._nodes), "")
        if missing:
            where = "the pipelines of the file"
            return NoSuchNodeError.among("node", missing, self._nodes, where=where, next_step=first.next_step)
        named = ", ".join(dict.fromkeys(asked))
        return NoSuchNodeError(f"no pipeline of the file has all of {named}", next_step=first.next_step)


def left_out(pipeline: Pipeline, settings: Settings) -> RunOutcome:
    """The outcome of a pipeline that was left out: none of its nodes ran."""
    name = pipeline.pipeline_info.id
    nodes = tuple(NodeOutcome(node, NodeState.LEFT_OUT) for node in _node_ids(pipeline))
    return RunOutcome(name, "", nodes, settings.home / "logs", 0.0)


def _node_ids(pipeline: Pipeline) -> Iterable[str]:
    return [one.pipeline_node.node_info.id for one in pipeline.nodes if one.WhichOneof("node") == "pipeline_node"]
