"""What a model card says of how the model was made, where it was pushed to, and what to ask next."""

from collections.abc import Iterator, Mapping

from headrace.contents.model_card import Block, Commands, Facts, Section, StepBox, Steps, Table, Words
from headrace.lineage.card_sources import Sources, utc
from headrace.lineage.evaluations import BLESSING, EVALUATION
from headrace.lineage.facts import Step
from headrace.lineage.shown import UNKNOWN, size, text
from headrace.lineage.trace import IMPORTER
from headrace.metadata.graph import Graph

_DIGITS = 12  # of a hash
_VALUE_SHOWN = 200  # characters of a parameter


def push_section(known: Sources) -> Section:
    """Where the model was pushed to, and when."""
    pushes = known.trace.pushes
    if not pushes:
        return Section("Where it is", (Words("No push of it was recorded."),))
    rows = [
        (
            utc(one.time),
            text(one.destination) if one.pushed else "it was not pushed",
            one.run or UNKNOWN,
            ("there" if one.present else "gone") if one.pushed else "",
        )
        for one in reversed(pushes)
    ]
    return Section("Where it is", (Table(("when", "folder", "run", "now"), tuple(rows)),))


def training_section(known: Sources) -> Section:
    """Who made it, with what, for how long, from which code."""
    step, run = known.training, known.run
    if step is None or step.type == IMPORTER:
        why = "it was brought in from outside" if step else "what made the model is not recorded"
        return Section("Training", (Words(f"{UNKNOWN.capitalize()}: {why}."),))
    facts = [
        ("by", f"{text(run.user)} on {text(run.host)}" if run else UNKNOWN),
        ("run", step.run or UNKNOWN),
        ("command", text(run.command) if run else UNKNOWN),
        ("code", run.code_state if run else UNKNOWN),
        ("took", UNKNOWN if step.seconds is None else f"{step.seconds:.1f} s"),
        ("processor time", UNKNOWN if step.cpu_seconds is None else f"{step.cpu_seconds:.1f} s"),
        ("memory", UNKNOWN if step.peak_memory_bytes is None else f"{size(step.peak_memory_bytes)} at most"),
        ("versions", ", ".join(map(" ".join, run.versions.items())) if run and run.versions else UNKNOWN),
    ]
    blocks: list[Block] = [Facts(tuple(facts))]
    options = [(name, _shortened(text(value) or "none")) for name, value in step.options.items()]
    if options:
        blocks.append(Table(("hyperparameter", "value"), tuple(options)))
    if step.code:
        blocks.append(Table(("file or package", "sha256 or version"), tuple(_code(step.code))))
    else:
        blocks.append(Words(f"Which files its code was in is {UNKNOWN}.", quiet=True))
    return Section("Training", tuple(blocks))


def lineage_section(known: Sources) -> Section:
    """The steps as a picture, and commands that tell more."""
    thing = known.model.id
    commands = [
        (f"headrace lineage trace {thing}", "all that it came from"),
        (f"headrace lineage features {thing}", "its inputs, from raw columns on"),
        (f"headrace lineage impact {thing}", "what was made from it"),
    ]
    examples = [one.artifact for one in known.trace.inputs]
    commands += [(f"headrace lineage impact {one}", f"what was made from Examples {one}") for one in examples]
    if known.run:
        commands.append((f"headrace runs show {known.run.id}", "the run that made it"))
    ids = [
        ("Model", f"{thing}, {known.model.uri}"),
        *((f"{one.type}", f"{one.id}, {one.uri}") for one in known.trace.transform_graphs),
        *(("Schema", f"{one.artifact}, {one.uri}") for one in known.trace.schemas),
        *(("Examples", f"{one.artifact}") for one in known.trace.inputs),
    ]
    return Section("Lineage", (_steps(known), Facts(tuple(ids)), Commands(tuple(commands))))


def _steps(known: Sources) -> Steps:
    graph = known.trace.graph
    kept = {one.execution: one for one in known.trace.steps if _is_shown(one, known, graph)}
    boxes = tuple(
        StepBox(one.execution, one.node or one.type, _took(one), one == known.training) for one in kept.values()
    )
    arrows: dict[tuple[int, int], None] = {}
    for execution in kept:
        for artifact in (one for many in graph.inputs(execution).values() for one in many):
            maker = graph.producer(artifact.id)
            if maker and maker.id in kept and maker.id != execution:
                arrows[maker.id, execution] = None
    return Steps(boxes, tuple(arrows))


def _is_shown(step: Step, known: Sources, graph: Graph) -> bool:
    """All but the evaluations that the card does not show, and all but the newest push."""
    made = {one.type for many in graph.outputs(step.execution).values() for one in many}
    if made & {EVALUATION, BLESSING}:
        return known.evaluation is not None and known.evaluation.execution == step.execution
    pushes = [graph.producer(one.artifact) for one in known.trace.pushes]
    pushers = [one.id for one in pushes if one]
    return step.execution not in pushers[:-1]


def _took(step: Step) -> str:
    took = "" if step.seconds is None else f", {step.seconds:.1f} s"
    return f"execution {step.execution}{took}"


def _code(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, digest in sorted(files.items()):
        yield name, digest if name.startswith("package ") else digest[:_DIGITS]


def _shortened(value: str) -> str:
    return value if len(value) <= _VALUE_SHOWN else f"{value[:_VALUE_SHOWN]}…"
