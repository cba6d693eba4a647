"""What only a condition read is no part of what something came from; what a parameter read is."""

from tfx.dsl.experimental.conditionals.conditional import Cond

from headrace.lineage import Lineage
from headrace.metadata.records import Artifact
from tests.headrace.orchestration.runs.conftest import Ran, RunPipeline
from tests.small_components import AddOne, Number


def output(ran: Ran, node: str) -> Artifact:
    [execution] = ran.of(node)
    [[artifact]] = ran.store.outputs(execution.id).values()
    return artifact


def test_trace_and_impact_follow_inputs_and_parameters_and_not_conditions(run_pipeline: RunPipeline) -> None:
    first = Number(value=1).with_id("First")
    gate = AddOne(number=first.outputs["number"]).with_id("Gate")
    data = Number(value=5).with_id("Data")
    with Cond(gate.outputs["sum"].future()[0].value == 2):
        worked = AddOne(number=data.outputs["number"]).with_id("Worked")
        told = Number(value=data.outputs["number"].future()[0].value).with_id("Told")
    with Cond(data.outputs["number"].future()[0].value == 5):
        both = Number(value=data.outputs["number"].future()[0].value).with_id("Both")
    ran = run_pipeline("conditions", [first, gate, data, worked, told, both])
    lineage = Lineage(ran.store)
    for node in ("Worked", "Told", "Both"):
        assert {step.node for step in lineage.trace(output(ran, node)).steps} == {"Data", node}
    assert lineage.impact(output(ran, "Gate")).artifacts == ()
    made = lineage.impact(output(ran, "Data")).graph.executions.values()
    assert {one.node for one in made} == {"Worked", "Told", "Both"}
