"""What InfraCheck found: whether a model answers as serving needs it, and why not."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from headrace.contents.damage import reading

REASON = "reason"  # custom property of an InfraBlessing that was refused; numbers that vary are in the file alone
NO_DOCKER = "Docker cannot be reached"  # how the reason begins where the machine is to blame, not the model
CHECK_FILE = "serving_check.json"
_BLESSED, _NOT_BLESSED = "INFRA_BLESSED", "INFRA_NOT_BLESSED"  # empty files, as InfraValidator leaves them


@dataclass(frozen=True)
class ServingCheck:
    """One check of a model."""

    blessed: bool
    reason: str = ""  # why it was not blessed
    requests: int = 0  # that were answered; of a model that was not blessed, this and what follows was not counted
    examples: int = 0  # in them, each sent alone and in a batch
    milliseconds_alone: float = 0.0  # the median of a request of one example
    milliseconds_batch: float = 0.0  # of a batch
    peak_mb: float = 0.0  # MiB of memory, beyond what TensorFlow takes itself
    compared: int | None = None  # examples whose answers were compared with those in training; None: not asked for
    largest_difference: float | None = None  # between them

    @property
    def text(self) -> str:
        """The verdict, in a line."""
        if not self.blessed:
            return f"Not blessed as served: {self.reason}"
        compared = (
            "not compared with training, for no model_run was given"
            if self.compared is None
            else f"{self.compared:,} as in training, to {self.largest_difference:.2g}"
        )
        return (
            f"Blessed as served: {self.requests:,} requests, {self.milliseconds_alone:.2g} ms for one example, "
            f"{self.peak_mb:,.0f} MiB of memory; {compared}"
        )

    def write(self, folder: Path) -> None:
        """Writes it into an InfraBlessing artifact's folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CHECK_FILE).write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        (folder / (_BLESSED if self.blessed else _NOT_BLESSED)).touch()


def read_serving_check(folder: Path) -> ServingCheck:
    """The check in an InfraBlessing artifact's `folder`.

    Raises:
        FileNotFoundError: there is none, as in an InfraValidator's.
        ValueError: it is damaged.
    """
    with reading(folder / CHECK_FILE):
        return ServingCheck(**json.loads((folder / CHECK_FILE).read_text(encoding="utf-8")))
