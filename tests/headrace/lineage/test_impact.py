"""What was made from something."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from headrace.contents.times import local_time
from headrace.errors import UnknownNameError, UserError
from headrace.lineage.shown import Section
from headrace.metadata import Property, State
from headrace.metadata import properties as names
from tests.headrace.lineage.conftest import Recorder


def test_a_file_went_into_the_models_of_all_runs_that_read_it(recorder: Recorder) -> None:
    first = recorder.model("1", recorder.data("1", "/data/a.csv"))
    second = recorder.model("2", recorder.data("2", "/data/a.csv"))
    recorder.model("3", recorder.data("3", "/data/b.csv"))
    impact = recorder.lineage.impact("/data/a.csv")
    assert [one.artifact for one in impact.models] == [second, first]
    assert impact.caveat == ""
    assert [one.artifact for one in recorder.lineage.impact("/data").models] == [
        recorder.ids[f"{run} model"] for run in ("3", "2", "1")
    ]


def test_only_the_last_push_to_a_place_is_live(recorder: Recorder) -> None:
    examples = recorder.data("1")
    for run in ("1", "2"):
        recorder.push(run, recorder.model(run, examples))
    impact = recorder.lineage.impact(examples)
    assert [one.artifact for one in impact.live] == [recorder.ids["2 model"]]
    assert impact.live[0].live == ("/serving/2",)
    assert dict(impact.artifacts) == {"Model": 2, "PushedModel": 2}


def test_what_the_cache_answered_for_is_not_made_twice(recorder: Recorder) -> None:
    examples = recorder.data("1")
    model = recorder.model("1", examples)
    recorder.node("2", "Train", {"examples": examples}, {"model": model}, State.CACHED)
    impact = recorder.lineage.impact(examples)
    assert [(one.artifact, one.run) for one in impact.models] == [(model, "1")]
    assert {execution.run for execution in impact.graph.executions.values() if execution.node == "Train"} == {"1"}


def test_a_model_that_was_compared_with_did_not_go_into_the_other(recorder: Recorder) -> None:
    old = recorder.model("1", recorder.data("1"))
    recorder.judge("2", recorder.model("2", recorder.data("2")), blessed=True, baseline=old)
    assert recorder.lineage.impact(old).artifacts == ()


def test_of_files_whose_names_were_not_recorded_it_says_so(recorder: Recorder) -> None:
    recorder.model("1", recorder.data("1", "/data/a*.csv", properties={names.INPUT_FILES: ""}))
    impact = recorder.lineage.impact("/data/abc.csv")
    assert len(impact.models) == 1
    assert impact.caveat.startswith("by its name only")
    with pytest.raises(UnknownNameError):
        recorder.lineage.impact("/data/b.csv")


def test_a_run_is_no_answerable_subject(recorder: Recorder) -> None:
    recorder.data("20260101-1")
    with pytest.raises(UserError, match="is a run"):
        recorder.lineage.impact("latest")


def test_an_artifact_is_the_subject_with_its_type_and_place(recorder: Recorder) -> None:
    examples = recorder.data("1")
    impact = recorder.lineage.impact(examples)
    assert impact.subject == f"Examples {examples}, {recorder.folder}/1/examples"
    assert impact.starts == (examples,)


def test_what_was_made_is_told_with_the_fate_of_each_model(recorder: Recorder) -> None:
    examples = recorder.data("1")
    models = [recorder.model(run, examples) for run in ("1", "2", "3", "4")]
    recorder.push("1", models[0])
    recorder.push("2", models[1], pushed=False)
    recorder.push("3", models[2])
    impact = recorder.lineage.impact(examples)
    made = {one.artifact: one.made for one in impact.models}
    times = [made[model] for model in models]
    places = [f"{recorder.folder}/{run}/model" for run in ("1", "2", "3", "4")]
    assert impact.sections() == [
        Section(
            impact.subject,
            ("made from it: 4 Model, 3 PushedModel", f"live: Model {models[2]} in /serving/3"),
        ),
        Section(
            "Models",
            (),
            ("model", "run", "made", "pushed", "folder"),
            (
                (str(models[3]), "4", times[3], "never offered to a pusher", places[3]),
                (str(models[2]), "3", times[2], "live in /serving/3", places[2]),
                (str(models[1]), "2", times[1], "rejected", places[1]),
                (str(models[0]), "1", times[0], "pushed to /serving/1", places[0]),
            ),
        ),
    ]
    assert impact.rows()[1] == {
        "model": models[2],
        "run": "3",
        "made": times[2],
        "live": "/serving/3",
        "uri": places[2],
    }
    assert times[0] == local_time(recorder.store.artifacts_by_id([models[0]])[0].created)


def test_a_model_that_is_live_in_two_places_is_told_with_both(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    for run, place in (("1", "/a"), ("2", "/b"), ("3", "/gone")):
        recorder.push(run, model, place=place)
    recorder.push("4", recorder.model("4", recorder.data("4")), place="/gone")
    impact = recorder.lineage.impact(model)
    assert [one.live for one in impact.models] == [("/a/1", "/b/2")]
    assert impact.sections()[0].lines[1] == f"live: Model {model} in /a/1, /b/2"
    assert impact.sections()[1].rows[0][3] == "live in /a/1, /b/2"


def test_a_model_that_was_pushed_twice_and_replaced_is_told_with_both_folders(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.push("1", model)
    recorder.push("2", model, pushed=False)
    recorder.push("3", model)
    recorder.push("4", recorder.model("4", recorder.data("4")))
    assert recorder.lineage.impact(model).sections()[1].rows[0][3] == "pushed to /serving/1, /serving/3"


def test_the_subject_itself_was_not_made_from_it(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    impact = recorder.lineage.impact(model)
    assert impact.artifacts == ()
    assert impact.sections()[0].lines == ("made from it: nothing", "live: nothing")
    assert [one.artifact for one in impact.models] == [model]


def test_of_two_subjects_of_which_one_was_made_from_the_other_neither_was_made(recorder: Recorder) -> None:
    raw = recorder.data("1", "/data/a.csv")
    joined = recorder.artifact("1", "joined", "Examples", split_names='["train"]')
    files: dict[str, Property] = {names.INPUT_FILES: '{"train": [["/data/b.csv", 1, 1]]}'}
    recorder.node("1", "Join", {"examples": raw}, {"joined": joined}, facts=files)
    model = recorder.model("1", joined)
    impact = recorder.lineage.impact(Path("/data"))
    assert (impact.starts, impact.artifacts) == ((raw, joined), (("Model", 1),))
    assert [one.artifact for one in impact.models] == [model]


def test_what_nothing_was_made_from_has_no_table_of_models(recorder: Recorder) -> None:
    examples = recorder.data("1")
    impact = recorder.lineage.impact(examples)
    assert impact.sections() == [Section(impact.subject, ("made from it: nothing", "live: nothing"))]
    assert (impact.models, impact.live, impact.rows()) == ((), (), [])


@pytest.mark.parametrize(("count", "words"), [(20, ()), (21, ("and 1 made before these",))])
def test_of_many_models_the_newest_are_shown_and_the_others_are_counted(
    recorder: Recorder, count: int, words: tuple[str, ...]
) -> None:
    examples = recorder.data("0")
    for run in range(count):
        recorder.model(str(run), examples)
    impact = recorder.lineage.impact(examples)
    shown = impact.sections()[1]
    assert shown.lines == words
    assert [row[1] for row in shown.rows] == [str(run) for run in range(count - 1, count - 21, -1)]
    assert len(impact.models) == count


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("/data/a", ["1"]),
        ("/data/a/", ["1"]),
        ("/data/a/b.csv", ["1"]),
        ("/data/abc.csv", ["2"]),
        ("/data", ["2", "1"]),
        ("/", ["2", "1"]),
    ],
)
def test_a_folder_has_the_files_in_it_and_none_whose_name_begins_alike(
    recorder: Recorder, asked: str, expected: list[str]
) -> None:
    recorder.model("1", recorder.data("1", "/data/a/b.csv"))
    recorder.model("2", recorder.data("2", "/data/abc.csv"))
    impact = recorder.lineage.impact(Path(asked))
    assert [one.run for one in impact.models] == expected
    assert impact.subject == (asked.rstrip("/") or "/")


UNNAMED: Mapping[str, Property] = {names.INPUT_FILES: ""}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("/data/a-1.csv", ["1"]),
        ("/data", ["1"]),
        ("/data/a-1.csv.gz", None),
        ("/data/b/a-1.csv", None),
        ("/data/b.csv", None),
        ("/dat", None),
    ],
)
def test_a_file_whose_name_was_not_recorded_is_known_by_its_pattern_or_its_folder(
    recorder: Recorder, asked: str, expected: list[str] | None
) -> None:
    examples = recorder.data("1", "/data/a-*.csv", properties=UNNAMED)
    recorder.model("1", examples)
    if expected is None:
        with pytest.raises(UnknownNameError) as raised:
            recorder.lineage.impact(Path(asked))
        assert str(raised.value.what) == f"nothing is recorded of {asked!r}"
        assert raised.value.why == "no ExampleGen read it, and it is in no artifact's folder"
        return
    impact = recorder.lineage.impact(Path(asked))
    assert [one.run for one in impact.models] == expected
    assert impact.caveat == (
        f"by its name only: which files went into Examples {examples} was not recorded, their pattern has it"
    )
    assert impact.sections()[0].lines[-1] == impact.caveat


def test_where_the_files_were_recorded_a_pattern_does_not_count(recorder: Recorder) -> None:
    pattern = '{"splits": [{"name": "train", "pattern": "*.csv"}]}'
    recorder.data("1", "/data/a.csv", properties={"input_config": pattern})
    with pytest.raises(UnknownNameError):
        recorder.lineage.impact(Path("/data/b.csv"))


def test_what_is_certain_is_told_beside_what_is_likely(recorder: Recorder) -> None:
    certain = recorder.data("1", "/data/a.csv")
    likely = [recorder.data(run, "/data/*.csv", properties=UNNAMED) for run in ("2", "3")]
    impact = recorder.lineage.impact(Path("/data/a.csv"))
    assert impact.starts == (certain, *likely)
    assert impact.caveat == (
        f"by its name only: which files went into Examples {likely[0]}, {likely[1]} was not recorded, "
        "their pattern has it"
    )


def test_data_whose_folder_was_not_recorded_has_no_file(recorder: Recorder) -> None:
    recorder.data("1", "/data/*.csv", properties={**UNNAMED, "input_base": ""})
    with pytest.raises(UnknownNameError):
        recorder.lineage.impact(Path("/data/a.csv"))


def test_data_whose_patterns_were_not_recorded_are_known_by_their_folder_alone(recorder: Recorder) -> None:
    examples = recorder.data("1", "/data/a.csv", properties={**UNNAMED, "input_config": ""})
    assert recorder.lineage.impact(Path("/data")).starts == (examples,)
    with pytest.raises(UnknownNameError):
        recorder.lineage.impact(Path("/data/a.csv"))


def test_a_file_that_nothing_read_is_looked_for_in_the_folders_of_artifacts(recorder: Recorder) -> None:
    recorder.data("1")
    schema = recorder.schema("1", "Cash")
    impact = recorder.lineage.impact(Path(recorder.folder / "1" / "schema" / "schema.pbtxt"))
    assert (impact.starts, impact.subject) == ((schema,), f"Schema {schema}, {recorder.folder}/1/schema")


def test_models_that_were_only_compared_with_are_not_among_those_that_it_went_into(recorder: Recorder) -> None:
    old = recorder.model("1", recorder.data("1"))
    examples = recorder.data("2")
    new = recorder.model("2", examples)
    blessing = recorder.artifact("2", "blessing", "ModelBlessing", blessed=1)
    recorder.node("2", "Evaluate", {"model": new, "baseline_model": old, "examples": examples}, {"blessing": blessing})
    assert [one.artifact for one in recorder.lineage.impact(examples).models] == [new]


def test_as_json_it_has_its_facts_and_the_events(recorder: Recorder) -> None:
    examples = recorder.data("1")
    model = recorder.model("1", examples)
    told: Any = recorder.lineage.impact(examples).to_json()
    [trained] = recorder.lineage.graph("1").consumers(examples)
    event = {"execution": trained.id, "key": "examples", "index": 0}
    assert told["events"] == [
        {**event, "artifact": examples, "is_output": False},
        {**event, "artifact": model, "key": "model", "is_output": True},
    ]
    assert told["starts"] == [examples]
    assert [one["artifact"] for one in told["models"]] == [model]
    assert set(told) == {"subject", "starts", "models", "artifacts", "caveat", "events"}
