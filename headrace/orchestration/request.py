"""What a run is asked to do, beyond what its pipeline says."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RunRequest:
    """Parameters, the part of the pipeline to run, and what may come from the cache."""

    parameters: Mapping[str, str] = field(default_factory=dict)  # RuntimeParameters, as text
    resume: bool = False  # go on with the last run, from what failed in it
    resumed_run: str = ""  # the run to go on with, if not the last
    from_nodes: tuple[str, ...] = ()  # run these and what depends on them
    to_nodes: tuple[str, ...] = ()  # run these and what they depend on
    base_run: str = ""  # the run to take the rest from, if not the newest that has it
    cache: bool = True
    no_cache_for: tuple[str, ...] = ()  # nodes that are executed whatever the cache has
    accelerated: bool = True  # Headrace's executors stand in for stock ones, with the same outputs
    as_json: bool = False  # events for machines instead of a console for people
    command: str = ""  # runs the pipeline with these parameters; for the command that continues a failed run
    typed: str = ""  # what the person typed, as it is recorded; empty for `command`

    @property
    def naming_nodes(self) -> str:
        """The command that names the pipeline's nodes; empty where no command runs it."""
        run, plan = "headrace run ", "headrace plan "
        return f"{plan}{self.command.removeprefix(run)}  # names its nodes" if self.command.startswith(run) else ""

    @property
    def is_partial(self) -> bool:
        """Some nodes are not run but taken from an earlier run."""
        return self.resume or bool(self.from_nodes or self.to_nodes)
