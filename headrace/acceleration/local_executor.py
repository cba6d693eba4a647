"""What executors here have in common: they work in this process, on files of this machine."""

import argparse
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact

from headrace.acceleration.not_equal import NotEqualError

Artifacts = Mapping[str, Sequence[Artifact]]
# Runners that work in this process; Beam takes a runner's name in any case, or its class' path.
_LOCAL_RUNNERS = frozenset({"directrunner", "fnapirunner", "bundlebaseddirectrunner", "switchingdirectrunner"})


def why_not_here(beam_pipeline_args: Sequence[str], uris: Iterable[str]) -> str:
    """Why the work cannot be done in this process; empty if it can.

    Args:
        beam_pipeline_args: what Beam would be given.
        uris: of what is read and written.
    """
    for uri in uris:
        if "://" in uri:
            return f"{uri} is not a path on this machine"
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--runner", default="DirectRunner")
    runner = parser.parse_known_args(list(beam_pipeline_args))[0].runner
    if runner.rpartition(".")[2].lower() not in _LOCAL_RUNNERS:
        return f"Beam is to run on {runner}"
    return ""


class LocalExecutor(BaseBeamExecutor):
    """Stands in for a stock executor that works through Beam, and does without."""

    def __init__(self, context: BaseBeamExecutor.Context | None = None) -> None:
        """Takes what TFX gives an executor that works through Beam.

        Raises:
            NotEqualError: the node gives it what executors without Beam are given; the stock executor says so.
        """
        if context and not isinstance(context, BaseBeamExecutor.Context):
            raise NotEqualError("the stock executor has to refuse this", why="the node has no BeamExecutorSpec")
        # Past BaseBeamExecutor's own, which packs TFX up for remote workers: a second or two.
        super(BaseBeamExecutor, self).__init__(context)
        self._beam_pipeline_args: list[str] = list(context.beam_pipeline_args or ()) if context else []

    def Do(  # noqa: N802 - TFX calls it so
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Does what the stock executor would do.

        Args:
            input_dict: the stock executor's.
            output_dict: the stock executor's.
            exec_properties: the stock executor's.

        Raises:
            NotEqualError: the stock executor has to do this; nothing was written.
            Exception: see `work`.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        if reason := self.why_not(input_dict, output_dict, exec_properties):
            raise NotEqualError("the stock executor has to do this", why=reason)
        self.work(input_dict, output_dict, exec_properties)

    def why_not(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Mapping[str, Any]) -> str:
        """Why the stock executor has to do this; empty if it need not, as far as can be seen before the work.

        Args:
            input_dict: what the executor is given.
            output_dict: what the executor is given.
            exec_properties: what the executor is given.
        """
        artifacts = [one for given in (input_dict, output_dict) for some in given.values() for one in some]
        return why_not_here(self._beam_pipeline_args, [one.uri for one in artifacts])

    @abstractmethod
    def work(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Does the work, once nothing speaks against it; what it is given is the stock executor's.

        Raises:
            NotEqualError: the stock executor has to do this after all; nothing was written.
        """
