"""What was made from what, in the store's own terms."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore, State
from headrace.metadata import properties as names
from headrace.metadata.graph import Event, GraphReader
from headrace.metadata.records import RESOLVER
from headrace.metadata.store import ConnectionConfig
from tests.headrace.recording import (
    FOUND,
    INPUT,
    OUTPUT,
    record_artifact,
    record_choice,
    record_events,
    record_execution,
    record_execution_of_no_run,
)


@pytest.fixture
def store() -> MetadataStore:
    """In memory, where ML Metadata keeps it as it does in a file."""
    config = ConnectionConfig()
    config.fake_database.SetInParent()
    return MetadataStore.connect(config)


def chain(store: MetadataStore, length: int) -> list[int]:
    """Artifacts, each made from the one before."""
    ids = [record_artifact(store, "Number", f"/{index}") for index in range(length)]
    record_execution(store, "p", "1", "Node0", outputs={"out": [ids[0]]})
    for index in range(1, length):
        record_execution(
            store, "p", "1", f"Node{index}", State.COMPLETE, {"in": [ids[index - 1]]}, {"out": [ids[index]]}
        )
    return ids


def test_the_past_is_followed_to_its_beginning_and_the_future_to_its_end(store: MetadataStore) -> None:
    ids = chain(store, 6)
    past, future = GraphReader(store), GraphReader(store)
    past.add_upstream([ids[3]])
    future.add_downstream([ids[3]])
    assert set(past.graph().artifacts) == set(ids[:4])
    assert set(future.graph().artifacts) == set(ids[3:])
    assert [one.node for one in past.graph().executions.values()] == ["Node0", "Node1", "Node2", "Node3"]


def test_a_step_is_two_calls_however_much_it_reaches(store: MetadataStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = chain(store, 2)
    for index in range(50):
        made = record_artifact(store, "Number", f"/wide/{index}")
        record_execution(store, "p", "1", "Wide", State.COMPLETE, {"in": [ids[1]]}, {"out": [made]})
    calls: list[int] = []
    ask = store.handle.get_events_by_execution_ids

    def counted(ids: list[int]) -> object:
        calls.append(len(ids))
        return ask(ids)

    monkeypatch.setattr(store.handle, "get_events_by_execution_ids", counted)
    reader = GraphReader(store)
    reader.add_downstream([ids[1]])
    assert calls == [50]


def test_several_keys_and_indices_are_kept_apart(store: MetadataStore) -> None:
    ids = [record_artifact(store, "Number", f"/{index}") for index in range(4)]
    made = record_execution(store, "p", "1", "Add", State.COMPLETE, {"a": ids[:2], "b": [ids[2]]}, {"sum": [ids[3]]})
    reader = GraphReader(store)
    reader.add_upstream([ids[3]])
    graph = reader.graph()
    assert {key: [one.id for one in many] for key, many in graph.inputs(made).items()} == {"a": ids[:2], "b": [ids[2]]}
    assert graph.consumers(ids[0]) == [graph.executions[made]]
    assert graph.producer(ids[0]) is None


def test_an_artifact_that_nothing_was_recorded_of_is_there_alone(store: MetadataStore) -> None:
    alone = record_artifact(store, "Number", "/alone")
    reader = GraphReader(store)
    reader.add_upstream([alone])
    graph = reader.graph([alone])
    assert (set(graph.artifacts), dict(graph.executions), graph.events) == ({alone}, {}, ())


def test_findings_are_of_what_made_nothing_else(store: MetadataStore) -> None:
    model = record_artifact(store, "Model", "/model")
    metrics, other, table = (record_artifact(store, kind, f"/{kind}") for kind in ("Metrics", "Other", "Metrics"))
    record_execution(store, "p", "1", "Judge", State.COMPLETE, {"model": [model]}, {"metrics": [metrics]})
    record_execution(
        store, "p", "1", "Both", State.COMPLETE, {"model": [model]}, {"metrics": [table], "other": [other]}
    )
    reader = GraphReader(store)
    reader.add_findings([model], ["Metrics"])
    assert set(reader.graph().artifacts) == {model, metrics}


@pytest.mark.parametrize("key", ["_Gate.sum", "_Gate.model"])
def test_what_other_runners_recorded_as_read_by_a_condition_or_a_parameter_is_not_followed(
    store: MetadataStore, key: str
) -> None:
    data, gate, model = (record_artifact(store, kind, f"/{kind}") for kind in ("Data", "Gate", "Model"))
    record_execution(store, "p", "1", "Gen", outputs={"out": [data]})
    record_execution(store, "p", "1", "Gate", State.COMPLETE, {"in": [data]}, {"sum": [gate]})
    train = record_execution(store, "p", "1", "Train", State.COMPLETE, {key: [gate]}, {"model": [model]})
    past, future = GraphReader(store), GraphReader(store)
    past.add_upstream([model])
    future.add_downstream([gate])
    assert set(past.graph().executions) == {train}
    assert set(future.graph().executions) == set()


def test_what_a_resolver_chose_is_told_with_who_read_it(store: MetadataStore) -> None:
    old, new = (record_artifact(store, "Model", f"/{index}") for index in range(2))
    maker = record_execution(store, "p", "1", "Train", outputs={"model": [old]})
    chooser = record_choice(store, "p", "2", "live", {"model": [old, new]})
    train = record_execution(store, "p", "2", "Train", outputs={"model": [new]})
    judge = record_execution(store, "p", "2", "Judge", State.COMPLETE, {"model": [new], "baseline_model": [old]})
    push = record_execution(store, "p", "2", "Push", State.COMPLETE, {"model": [new]})
    reader = GraphReader(store)
    reader.add_executions([chooser, train, judge, push])
    reader.add_producers([old])
    graph = reader.graph()
    chosen = graph.choosers(graph.executions[judge])
    assert {key: one.node for key, one in chosen.items()} == {("baseline_model", old): "live"}
    assert graph.choosers(graph.executions[push]) == {}  # it is of a node of the run, though the resolver found it too
    producer = graph.producer(old)
    assert producer is not None
    assert producer.id == maker


def test_what_a_part_of_a_run_takes_over_from_a_resolver_was_not_made_by_it(store: MetadataStore) -> None:
    model = record_artifact(store, "Model", "/model")
    taken = record_execution(
        store, "p", "2", "live", State.CACHED, outputs={"model": [model]}, type_name=RESOLVER
    )  # as TFX records it
    reader = GraphReader(store)
    reader.add_executions([taken])
    graph = reader.graph()
    assert graph.producer(model) is None
    assert [(one.execution, one.artifact) for one in graph.found] == [(taken, model)]


def upstream(store: MetadataStore, artifact: int, **given: bool) -> set[int]:
    reader = GraphReader(store)
    reader.add_upstream([artifact], **given)
    return set(reader.graph([artifact]).artifacts)


def downstream(store: MetadataStore, artifact: int) -> set[int]:
    reader = GraphReader(store)
    reader.add_downstream([artifact])
    return set(reader.graph([artifact]).artifacts)


def some(store: MetadataStore, *kinds: str) -> list[int]:
    return [record_artifact(store, kind, f"/{index}") for index, kind in enumerate(kinds)]


def test_an_artifact_was_made_by_the_first_execution_that_it_is_an_output_of(store: MetadataStore) -> None:
    data, other, made = some(store, "Data", "Data", "Model")
    first = record_execution(store, "p", "1", "Train", inputs={"in": [data]}, outputs={"out": [made]})
    cached = record_execution(store, "p", "2", "Train", State.CACHED, inputs={"in": [other]}, outputs={"out": [made]})
    reader = GraphReader(store)
    reader.add_upstream([made])
    graph = reader.graph()
    assert (set(graph.executions), set(graph.artifacts)) == ({first}, {data, made})
    both = GraphReader(store)
    both.add_executions([cached, first])
    producer = both.graph().producer(made)
    assert producer is not None
    assert producer.id == first
    assert downstream(store, data) == {data, made}
    assert downstream(store, other) == {other}


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELED, State.CACHED, State.RUNNING])
def test_what_did_not_run_to_its_end_made_nothing(store: MetadataStore, state: State) -> None:
    data, made = some(store, "Data", "Model")
    record_execution(store, "p", "1", "Train", state, inputs={"in": [data]}, outputs={"out": [made]})
    future = GraphReader(store)
    future.add_downstream([data])
    assert (future.graph([data]).executions, future.graph([data]).events) == ({}, ())
    findings = GraphReader(store)
    findings.add_findings([data], ["Model"])
    assert findings.graph().events == ()


@pytest.mark.parametrize("key", ["baseline_model", "ingested"])
def test_what_was_only_compared_with_is_no_past_and_no_future(store: MetadataStore, key: str) -> None:
    base, data, judged, made, verdict = some(store, "Base", "Data", "Model", "Model", "Verdict")
    record_execution(store, "p", "0", "Make", inputs={"in": [base]}, outputs={"out": [made]})
    record_execution(store, "p", "1", "Train", inputs={"in": [data]}, outputs={"out": [judged]})
    record_execution(store, "p", "1", "Judge", inputs={"model": [judged], key: [made]}, outputs={"out": [verdict]})
    assert upstream(store, verdict) == {data, judged, made, verdict}  # and not what the other is from
    assert downstream(store, made) == {made}
    assert downstream(store, judged) == {judged, verdict}
    findings = GraphReader(store)
    findings.add_findings([made], ["Verdict"])
    assert findings.graph().events == ()


def test_it_was_made_by_the_first_also_where_events_were_recorded_in_another_order(store: MetadataStore) -> None:
    data, other, made = some(store, "Data", "Data", "Model")
    first = record_execution(store, "p", "1", "Train", inputs={"in": [data]})
    second = record_execution(store, "p", "2", "Train", inputs={"in": [other]})
    for execution in (second, first):
        record_events(store, execution, OUTPUT, {"out": [made]})
    assert upstream(store, made) == {data, made}


def test_the_past_has_neither_what_was_made_beside_it_nor_who_else_read_its_data(store: MetadataStore) -> None:
    data, model, beside, other = some(store, "Data", "Model", "Model", "Other")
    record_execution(store, "p", "0", "Other", inputs={"in": [data]}, outputs={"out": [other]})
    train = record_execution(store, "p", "1", "Train", inputs={"in": [data]}, outputs={"out": [model], "b": [beside]})
    reader = GraphReader(store)
    reader.add_upstream([model])
    graph = reader.graph()
    assert (set(graph.artifacts), set(graph.executions)) == ({data, model}, {train})


def test_what_a_resolver_read_is_an_input_of_it(store: MetadataStore) -> None:
    asked, found = some(store, "Question", "Model")
    resolver = record_execution(store, "p", "1", "live", inputs={"in": [asked]}, type_name=RESOLVER)
    record_events(store, resolver, OUTPUT, {"model": [found]})
    reader = GraphReader(store)
    reader.add_executions([resolver])
    graph = reader.graph()
    assert [one.id for one in graph.inputs(resolver)["in"]] == [asked]
    assert ([one.artifact for one in graph.found], graph.outputs(resolver)) == ([found], {})


def test_two_ways_to_one_artifact_are_both_there(store: MetadataStore) -> None:
    start, left, right, end = some(store, "A", "B", "C", "D")
    record_execution(store, "p", "1", "Left", inputs={"in": [start]}, outputs={"out": [left]})
    record_execution(store, "p", "1", "Right", inputs={"in": [start]}, outputs={"out": [right]})
    record_execution(store, "p", "1", "Join", inputs={"l": [left], "r": [right]}, outputs={"out": [end]})
    assert upstream(store, end) == {start, left, right, end} == downstream(store, start)


def test_artifacts_under_a_key_are_in_the_order_of_their_index(store: MetadataStore) -> None:
    first, second, made = some(store, "Span", "Span", "Model")
    execution = record_execution(store, "p", "1", "Train", inputs={"in": [second, first]}, outputs={"out": [made]})
    reader = GraphReader(store)
    reader.add_upstream([made])
    graph = reader.graph()
    assert [one.id for one in graph.inputs(execution)["in"]] == [second, first]
    assert [one.id for one in graph.of_type("Span")] == [first, second]
    assert Event(execution, second, "in", 0, is_output=False) in graph.events
    assert Event(execution, first, "in", 1, is_output=False) in graph.events


def test_keys_are_in_their_order_and_inputs_are_told_from_outputs(store: MetadataStore) -> None:
    b, a, made = some(store, "B", "A", "C")
    execution = record_execution(store, "p", "1", "Join", inputs={"b": [b], "a": [a]}, outputs={"out": [made]})
    reader = GraphReader(store)
    reader.add_executions([execution])
    graph = reader.graph()
    assert {key: [one.id for one in many] for key, many in graph.inputs(execution).items()} == {"a": [a], "b": [b]}
    assert list(graph.inputs(execution)) == ["a", "b"]
    assert {key: [one.id for one in many] for key, many in graph.outputs(execution).items()} == {"out": [made]}
    assert (graph.inputs(execution + 1), graph.outputs(execution + 1)) == ({}, {})


@pytest.mark.parametrize(
    ("read", "made"),
    [(mlmd.Event.DECLARED_INPUT, OUTPUT), (INPUT, mlmd.Event.DECLARED_OUTPUT)],
)
def test_what_other_tools_declare_to_be_read_or_made_was(store: MetadataStore, read: int, made: int) -> None:
    data, model = some(store, "Data", "Model")
    execution = record_execution(store, "p", "1", "Train")
    record_events(store, execution, read, {"in": [data]})
    record_events(store, execution, made, {"out": [model]})
    assert upstream(store, model) == {data, model} == downstream(store, data)


def test_an_event_without_a_key_or_an_index_has_none(store: MetadataStore) -> None:
    data, model, other = some(store, "Data", "Model", "Data")
    execution = record_execution(store, "p", "1", "Train", outputs={"out": [model]})
    index_first = mlmd.Event(execution_id=execution, artifact_id=other, type=INPUT)
    index_first.path.steps.extend([mlmd.Event.Path.Step(index=2), mlmd.Event.Path.Step(key="in")])
    store.handle.put_events([mlmd.Event(execution_id=execution, artifact_id=data, type=INPUT), index_first])
    reader = GraphReader(store)
    reader.add_executions([execution])
    assert [(one.artifact, one.key, one.index) for one in reader.graph().events] == [
        (data, "", 0),
        (model, "out", 0),
        (other, "in", 2),
    ]


def test_more_ids_than_go_into_a_call_are_asked_for_in_several(
    store: MetadataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = record_artifact(store, "Data", "/data")
    models = [record_artifact(store, "Model", f"/{number}") for number in range(7)]
    for number, model in enumerate(models):
        record_execution(store, "p", "1", f"Train{number}", inputs={"in": [data]}, outputs={"out": [model]})
    monkeypatch.setattr("headrace.metadata.graph._AT_ONCE", 3)
    calls: list[list[int]] = []
    ask = store.handle.get_events_by_artifact_ids

    def noted(ids: list[int]) -> object:
        calls.append(ids)
        return ask(ids)

    monkeypatch.setattr(store.handle, "get_events_by_artifact_ids", noted)
    assert downstream(store, data) == {data, *models}
    assert calls == [[data], models[:3], models[3:6], models[6:]]
    reader = GraphReader(store)
    reader.add_producers(models)
    graph = reader.graph()
    assert [len(graph.consumers(data)), len(graph.executions)] == [7, 7]


def test_consumers_are_in_the_order_in_which_they_were_registered_each_once(store: MetadataStore) -> None:
    data, other = some(store, "Data", "Data")
    maker = record_execution(store, "p", "1", "Gen", outputs={"a": [data]})
    ids = [record_execution(store, "p", "1", f"Node{one}", inputs={"a": [data], "b": [other]}) for one in range(3)]
    record_events(store, ids[1], mlmd.Event.DECLARED_INPUT, {"b": [data]})
    reader = GraphReader(store)
    reader.add_executions([*reversed(ids), maker])
    graph = reader.graph()
    assert [one.id for one in graph.consumers(data)] == ids
    assert graph.producer(data) == graph.executions[maker]
    assert graph.producer(other) is None


def test_the_producers_of_some_artifacts_are_there_with_what_they_read_and_no_more(store: MetadataStore) -> None:
    ids = chain(store, 5)
    reader = GraphReader(store)
    reader.add_producers([ids[2]])
    graph = reader.graph()
    assert set(graph.artifacts) == {ids[1], ids[2]}
    assert [one.node for one in graph.executions.values()] == ["Node2"]


def test_what_a_producer_made_beside_it_is_not_there(store: MetadataStore) -> None:
    wanted, beside = some(store, "Model", "Model")
    record_execution(store, "p", "1", "Train", outputs={"a": [wanted], "b": [beside]})
    reader = GraphReader(store)
    reader.add_producers([wanted])
    assert set(reader.graph().artifacts) == {wanted}


def test_made_by_executions_are_their_outputs_alone(store: MetadataStore) -> None:
    data, model, verdict = some(store, "Data", "Model", "Verdict")
    train = record_execution(store, "p", "1", "Train", inputs={"in": [data]}, outputs={"out": [model]})
    judge = record_execution(store, "p", "1", "Judge", inputs={"in": [model]}, outputs={"out": [verdict]})
    reader = GraphReader(store)
    assert reader.made_by([train, judge]) == {model, verdict}
    assert (reader.artifacts(), reader.made()) == ([], [])
    reader.add_executions([judge])
    assert [one.id for one in reader.made()] == [verdict]
    assert {one.id for one in reader.artifacts()} == {model, verdict}
    assert {one.id for one in reader.artifacts([data])} == {data, model, verdict}


def test_records_are_there_when_asked_for_though_nothing_was_collected_of_them(store: MetadataStore) -> None:
    [alone] = some(store, "Data")
    idle = record_execution(store, "p", "1", "Idle")
    graph = GraphReader(store).graph([alone], [idle])
    assert (set(graph.artifacts), set(graph.executions), graph.events) == ({alone}, {idle}, ())


@pytest.mark.parametrize(("named", "node"), [(True, "Idle"), (False, "")])
def test_executions_are_named_unless_nobody_asks(store: MetadataStore, named: bool, node: str) -> None:
    idle = record_execution(store, "p", "1", "Idle")
    assert GraphReader(store).graph(execution_ids=[idle], named=named).executions[idle].node == node


def test_findings_are_of_readers_that_made_the_types_alone(store: MetadataStore) -> None:
    model, other, score, table, copy = some(store, "Model", "Model", "Score", "Table", "Model")
    both = record_execution(store, "p", "1", "Judge", inputs={"m": [model]}, outputs={"s": [score], "t": [table]})
    record_execution(store, "p", "1", "Copy", inputs={"m": [model]}, outputs={"c": [copy]})
    record_execution(store, "p", "1", "Watch", inputs={"m": [model]})
    reader = GraphReader(store)
    reader.add_findings([model], ["Score", "Table"])
    graph = reader.graph()
    assert (set(graph.executions), set(graph.artifacts)) == ({both}, {model, score, table})
    none = GraphReader(store)
    none.add_findings([other], ["Score", "Table"])
    assert none.graph().events == ()


def test_the_makers_of_what_is_judged_are_no_findings(store: MetadataStore) -> None:
    [score] = some(store, "Score")
    record_execution(store, "p", "1", "Judge", outputs={"s": [score]})
    reader = GraphReader(store)
    reader.add_findings([score], ["Score"])
    assert reader.graph().events == ()


def test_what_a_parameter_reads_is_followed_where_only_a_condition_does_not_read_it(store: MetadataStore) -> None:
    data, rate, gate, model = some(store, "Data", "Rate", "Gate", "Model")
    source, knob = some(store, "Source", "Source")
    record_execution(store, "p", "1", "Gen", inputs={"in": [source]}, outputs={"out": [data]})
    record_execution(store, "p", "1", "Tune", inputs={"in": [knob]}, outputs={"out": [rate]})
    read = {"in": [data], "_Tune.rate": [rate], "_Gate.ok": [gate]}
    train = record_execution(store, "p", "1", "Train", inputs=read, outputs={"out": [model]})
    store.annotate(train, {names.KEY: "{}", names.CONDITION_INPUTS: '["_Gate.ok"]'})
    assert upstream(store, model) == {source, data, knob, rate, gate, model}
    assert upstream(store, model, inputs_only=True) == {source, data, rate, gate, model}
    assert downstream(store, rate) == {rate, model}
    assert downstream(store, gate) == {gate}


def test_without_conditions_all_that_headrace_recorded_as_implicit_is_a_parameters(store: MetadataStore) -> None:
    rate, model = some(store, "Rate", "Model")
    train = record_execution(store, "p", "1", "Train", inputs={"_Tune.rate": [rate]}, outputs={"out": [model]})
    assert downstream(store, rate) == {rate}
    store.annotate(train, {names.KEY: "{}"})
    assert downstream(store, rate) == {rate, model}


def test_a_model_that_was_its_own_baseline_was_read_as_both(store: MetadataStore) -> None:
    model, other, verdict = some(store, "Model", "Model", "Verdict")
    itself = record_execution(store, "p", "1", "Judge", inputs={"baseline_model": [model]}, outputs={"v": [verdict]})
    fair = record_execution(store, "p", "1", "Judge", inputs={"model": [other], "baseline_model": [model]})
    reader = GraphReader(store)
    reader.add_executions([itself, fair])
    graph = reader.graph()
    read = {one: {key: [a.id for a in many] for key, many in graph.inputs(one).items()} for one in (itself, fair)}
    assert read == {
        itself: {"baseline_model": [model], "model": [model]},
        fair: {"baseline_model": [model], "model": [other]},
    }


def test_a_resolver_of_another_run_chose_nothing_of_this_one(store: MetadataStore) -> None:
    [model] = some(store, "Model")
    maker = record_execution(store, "p", "0", "Train", outputs={"model": [model]})
    chooser = record_choice(store, "p", "1", "live", {"model": [model]})
    push = record_execution(store, "p", "2", "Push", inputs={"model": [model]})
    own = record_execution(store, "p", "1", "Push", inputs={"model": [model]})
    reader = GraphReader(store)
    reader.add_executions([maker, chooser, push, own])
    graph = reader.graph()
    assert graph.choosers(graph.executions[push]) == {}
    assert {key: one.id for key, one in graph.choosers(graph.executions[own]).items()} == {("model", model): chooser}


def test_of_two_resolvers_that_found_it_the_last_one_chose(store: MetadataStore) -> None:
    [model] = some(store, "Model")
    record_choice(store, "p", "1", "first", {"model": [model]})
    record_choice(store, "p", "1", "second", {"model": [model]})
    push = record_execution(store, "p", "1", "Push", inputs={"model": [model]})
    reader = GraphReader(store)
    reader.add_executions(range(1, push + 1))
    graph = reader.graph()
    assert [one.node for one in graph.choosers(graph.executions[push]).values()] == ["second"]


def test_a_baseline_that_the_run_also_has_from_the_cache_was_chosen(store: MetadataStore) -> None:
    model, verdict = some(store, "Model", "Verdict")
    record_execution(store, "p", "1", "Train", outputs={"model": [model]})
    taken = record_execution(store, "p", "2", "Train", State.CACHED, outputs={"model": [model]})
    chooser = record_choice(store, "p", "2", "live", {"model": [model]})
    read = {"baseline_model": [model]}
    judge = record_execution(store, "p", "2", "Judge", inputs=read, outputs={"verdict": [verdict]})
    reader = GraphReader(store)
    reader.add_executions([taken, chooser, judge])
    graph = reader.graph()
    chosen = graph.choosers(graph.executions[judge])
    assert {key: one.id for key, one in chosen.items()} == {("baseline_model", model): chooser}


def test_what_executions_of_no_run_found_was_chosen_for_no_other(store: MetadataStore) -> None:
    [model] = some(store, "Model")
    chooser = record_execution_of_no_run(store, "p", "live", State.COMPLETE, RESOLVER)
    record_events(store, chooser, FOUND, {"model": [model]})
    push = record_execution_of_no_run(store, "p", "Push", State.COMPLETE)
    record_events(store, push, INPUT, {"model": [model]})
    reader = GraphReader(store)
    reader.add_executions([chooser, push])
    graph = reader.graph()
    assert [(one.execution, one.artifact) for one in graph.found] == [(chooser, model)]
    assert graph.choosers(graph.executions[push]) == {}
