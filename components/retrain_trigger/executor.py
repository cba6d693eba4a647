"""The trigger's work: reasons from the facts that the driver found, and from the drift report."""

from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance

from components.retrain_trigger.driver import FACTS
from components.retrain_trigger.reasons import Facts, reasons, reasons_not

ArtifactMap = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Decides."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Writes the decision onto its artifact."""
        facts = Facts.from_json(exec_properties[FACTS])
        reports = input_dict.get("drift", [])
        drifted = sum(report.drifted for report in reports)
        rows, age = exec_properties.get("smallest_new_rows"), exec_properties.get("largest_age_days")
        told = f"{drifted} {'feature' if drifted == 1 else 'features'}" if drifted else ""
        found = list(reasons(facts, exec_properties["mark"], told, rows, age))
        decision = get_single_instance(output_dict["decision"])
        decision.train = int(bool(found))
        decision.reason = "; ".join(found) or reasons_not(facts, rows, age, bool(reports))
        if facts.new_rows is not None:
            decision.new_rows = facts.new_rows
        decision.note = f"{'train' if found else 'do not train'}: {decision.reason}"
