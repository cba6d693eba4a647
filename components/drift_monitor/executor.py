"""The monitor's work: reads statistics, compares them, writes the report, and does what the policy says."""

from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance

from components.drift_monitor.chart import chart_page
from components.drift_monitor.comparison import Recorded, compare
from components.drift_monitor.rules import Policy, Rules
from headrace.contents.drift import CHART_NAME, ComparedData, Drift, drift_text, write_drift
from headrace.contents.statistics import read_statistics
from headrace.errors import DriftFoundError, UnknownNameError

ArtifactMap = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Compares the statistics of a span with a reference."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Runs the monitor.

        Raises:
            DriftFoundError: the data drifted, and the policy is to stop; names each feature with its evidence.
            UnknownNameError: there is no split, or no feature, of a name that a parameter has.
            InputDataError: a side has no examples.
        """
        rules, policy = Rules.from_json(exec_properties["rules"]), exec_properties["policy"]
        after, reference = _recorded(input_dict["statistics"], rules), input_dict.get("reference", [])
        if reference:
            drift = compare(_recorded(reference, rules), after, rules)
        else:
            drift = Drift(None, after.data, rules.false_alarm_rate, (), ())
        report = get_single_instance(output_dict["drift"])
        folder = Path(report.uri)
        write_drift(drift, folder)
        (folder / CHART_NAME).write_text(chart_page(drift), encoding="utf-8")
        if drift.drifted and policy == Policy.STOP:
            said, *evidence = drift_text(drift).splitlines()
            raise DriftFoundError(
                said.removesuffix("."),
                where=", ".join(artifact.uri for artifact in input_dict["statistics"]),
                why="; ".join(line.strip() for line in evidence),
            )
        report.drifted = len(drift.drifted)
        report.verdict = drift.verdict
        if (drift.drifted or drift.untold) and policy == Policy.WARN:
            report.note = drift_text(drift)


def _recorded(artifacts: list[Artifact], rules: Rules) -> Recorded:
    """The statistics of some artifacts, their splits taken together."""
    parts = []
    for artifact in artifacts:
        statistics = read_statistics(Path(artifact.uri))
        for split in rules.splits:
            if split not in statistics:
                raise UnknownNameError.among("split", split, statistics, where=artifact.uri)
        parts += [one for split, one in statistics.items() if split in rules.splits or not rules.splits]
    spans = sorted({artifact.span for artifact in artifacts})
    data = ComparedData(
        tuple(artifact.id for artifact in artifacts), tuple(spans), sum(part.examples for part in parts)
    )
    return Recorded(data, tuple(parts))
