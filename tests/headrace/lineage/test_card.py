"""What a card says of records: what is not known is said to be unknown, what follows from them is said."""

import json
from pathlib import Path

import pandas as pd
import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.contents.model_card import Author, Bullets, Facts, ModelCard, Section, Steps, Table, Words
from headrace.errors import UnknownNameError
from headrace.metadata import properties as names
from headrace.testing.frames import statistics_of
from tests.headrace.lineage.conftest import Recorder

SPANS = (("2", 8, 2), ("1", 7, 1))  # run, rows, span


def section(card: ModelCard, title: str) -> Section:
    [found] = [one for one in card.sections if one.title == title]
    return found


def words(card: ModelCard, title: str) -> str:
    return " ".join(one.text for one in section(card, title).blocks if isinstance(one, Words))


def limits(card: ModelCard) -> dict[str, str]:
    [points] = [one.points for one in section(card, "Limits").blocks if isinstance(one, Bullets)]
    return dict(points)


def facts(card: ModelCard, title: str) -> dict[str, str]:
    return {name: value for one in section(card, title).blocks if isinstance(one, Facts) for name, value in one.rows}


def figure(card: ModelCard, label: str) -> str:
    [found] = [one.value for one in card.figures if one.label == label]
    return found


def test_a_model_of_which_little_is_recorded_has_a_card_that_says_so(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1", rows=7))
    card = recorder.lineage.card(model)
    assert card.title == f"small: Model {model}"
    assert [one.value for one in card.figures] == ["Not pushed", "Not evaluated", "7"]
    assert words(card, "What it is for") == "The author has not said. Owner: unknown"
    assert words(card, "Where it is") == "No push of it was recorded."
    assert words(card, "How good it is") == "Unknown: no evaluation of it was recorded."
    assert words(card, "Features") == "Unknown: there is no transform graph that can be read."
    assert facts(card, "Data")["period"].startswith("unknown")
    assert (facts(card, "Training")["by"], facts(card, "Training")["code"]) == ("unknown on unknown", "commit unknown")
    assert limits(card)["Not evaluated"] == "how good it is on any data is unknown"
    assert limits(card)["Code"] == "from which commit it was made is unknown"


def test_a_model_that_was_brought_in_has_a_card(recorder: Recorder) -> None:
    model = recorder.artifact("1", "model", "Model")
    card = recorder.lineage.card(model)
    assert words(card, "Training") == "Unknown: what made the model is not recorded."
    assert words(card, "Data").startswith("Which data it is from is unknown")
    assert figure(card, "Learned from") == "unknown"
    assert section(card, "Lineage").blocks[0] == Steps((), ())


def test_the_authors_words_stand_before_what_follows_from_the_records(recorder: Recorder) -> None:
    author = Author("Tips", "us", "For drivers.", "Not for nights.")
    card = recorder.lineage.card(recorder.model("1", recorder.data("1")), author)
    assert card.title == "Tips"
    assert words(card, "What it is for") == "For drivers. Owner: us"
    assert isinstance(first := section(card, "Limits").blocks[0], Words)
    assert first.text == "Not for nights."


def test_a_rejected_model_is_not_pushed_and_not_blessed(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.judge("1", model, blessed=False)
    recorder.push("1", model, pushed=False)
    card = recorder.lineage.card(model)
    assert (figure(card, "Status"), figure(card, "Verdict")) == ("Not pushed", "Not blessed")
    assert "Not blessed, for reasons that cannot be read any more" in words(card, "How good it is")
    [pushes] = [one for one in section(card, "Where it is").blocks if isinstance(one, Table)]
    assert pushes.rows[0][1] == "it was not pushed"


def test_the_card_of_a_push_of_a_file_and_of_a_run_is_that_of_the_model(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    pushed = recorder.push("1", model)
    card = recorder.lineage.card(model)
    assert recorder.lineage.card(pushed) == card
    assert recorder.lineage.card("latest") == card
    assert recorder.lineage.card("/serving/1") == card
    assert figure(card, "Status") == "Pushed"


def test_what_no_model_came_into_has_no_card(recorder: Recorder) -> None:
    with pytest.raises(UnknownNameError, match="there is no model in Examples"):
        recorder.lineage.card(recorder.data("1"))


def test_an_evaluation_of_another_model_is_refused(recorder: Recorder) -> None:
    model, other = recorder.model("1", recorder.data("1")), recorder.model("2", recorder.data("2"))
    evaluation = recorder.artifact("2", "evaluation", "ModelEvaluation")
    recorder.node("2", "Evaluate", {"model": other}, {"evaluation": evaluation})
    assert recorder.lineage.card(other, evaluation=evaluation).figures[1].value == "unknown"
    with pytest.raises(UnknownNameError, match=f"ModelEvaluation {evaluation} is no evaluation of Model {model}"):
        recorder.lineage.card(model, evaluation=evaluation)


def test_the_files_that_changed_since_and_the_changes_without_a_commit_are_limits(
    recorder: Recorder, tmp_path: Path
) -> None:
    file = tmp_path / "trips.csv"
    file.write_text("now")
    model = recorder.model("1", recorder.data("1", str(file)))
    recorder.store.annotate_run("1", {names.GIT_COMMIT: "0123456789abcdef", names.GIT_DIRTY: 1})
    told = limits(recorder.lineage.card(model))
    assert told["Data"] == f"the files are no longer what they were: {file} is changed since"
    assert told["Code"] == "it was made with changes that are not in commit 0123456789ab"


def test_drift_that_was_reported_of_the_data_is_a_limit(recorder: Recorder) -> None:
    examples = recorder.data("1")
    statistics = recorder.artifact("1", "statistics", "ExampleStatistics")
    recorder.node("1", "Statistics", {"examples": examples}, {"statistics": statistics})
    report = recorder.artifact("1", "drift", "DriftReport", drifted=2, verdict="fare and company drifted")
    recorder.node("1", "Drift", {"statistics": statistics}, {"drift": report})
    calm = recorder.artifact("1", "calm", "DriftReport", drifted=0, verdict="none")
    recorder.node("1", "Calm", {"statistics": statistics}, {"drift": calm})
    card = recorder.lineage.card(recorder.model("1", examples))
    assert limits(card)["Drift"] == f"of its data: fare and company drifted (DriftReport {report})"


def test_drift_of_later_data_is_told_apart(recorder: Recorder) -> None:
    examples = recorder.data("1")
    statistics = {}
    for run, data in (("1", examples), ("2", recorder.data("2"))):
        statistics[run] = recorder.artifact(run, "statistics", "ExampleStatistics")
        recorder.node(run, "Statistics", {"examples": data}, {"statistics": statistics[run]})
    report = recorder.artifact("2", "drift", "DriftReport", drifted=1, verdict="drifted", note="origin drifted")
    read = {"statistics": statistics["2"], "reference": statistics["1"]}
    recorder.node("2", "Drift", read, {"drift": report})
    card = recorder.lineage.card(recorder.model("1", examples))
    assert limits(card)["Drift"] == f"of later data, against its own: origin drifted (DriftReport {report})"


def test_the_steps_go_from_the_data_to_the_newest_push_and_leave_out_other_evaluations(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    for run in ("1", "2"):
        recorder.judge(run, model, blessed=True)
        recorder.push(run, model)
    steps = section(recorder.lineage.card(model), "Lineage").blocks[0]
    assert isinstance(steps, Steps)
    titles = {one.id: one.title for one in steps.boxes}
    assert list(titles.values()) == ["Gen", "Train", "Evaluate", "Push"]
    assert {(titles[start], titles[end]) for start, end in steps.arrows} == {
        ("Gen", "Train"),
        ("Train", "Evaluate"),
        ("Train", "Push"),
    }
    assert [one.title for one in steps.boxes if one.is_subject] == ["Train"]
    runs = {step.execution: step.run for step in recorder.lineage.trace(model).steps}
    assert [runs[one.id] for one in steps.boxes] == ["1", "1", "2", "2"]


def test_several_inputs_are_a_row_each_and_their_rows_are_added_up(recorder: Recorder) -> None:
    examples = [recorder.data(run, f"/data/{run}.csv", rows, {"span": span}) for run, rows, span in SPANS]
    model = recorder.artifact("3", "model", "Model")
    execution = recorder.node("3", "Train", {"examples": examples[0]}, {"model": model})
    also = mlmd.Event(execution_id=execution, artifact_id=examples[1], type=mlmd.Event.INPUT)
    also.path.steps.extend([mlmd.Event.Path.Step(key="examples"), mlmd.Event.Path.Step(index=1)])
    recorder.store.handle.put_events([also])
    card = recorder.lineage.card(model)
    [inputs, files] = [one for one in section(card, "Data").blocks if isinstance(one, Table)]
    assert [row[1:3] for row in inputs.rows] == [("1", "train 7"), ("2", "train 8")]
    assert [row[1] for row in files.rows] == ["/data/1.csv", "/data/2.csv"]
    assert facts(card, "Data")["rows, train"] == "15"
    assert figure(card, "Learned from") == "15"


def test_years_and_months_tell_the_period_where_no_times_do(recorder: Recorder) -> None:
    examples = recorder.data("1")
    folder = tmp_statistics(
        recorder.folder, pd.DataFrame({"year": [2013, 2013], "month": [2, 3], "sched_time": [5, 9]})
    )
    statistics = recorder.artifact("1", "statistics", "ExampleStatistics", str(folder))
    recorder.node("1", "Statistics", {"examples": examples}, {"statistics": statistics})
    card = recorder.lineage.card(recorder.model("1", examples))
    assert facts(card, "Data")["period"] == "year 2013, month 2 to 3"
    assert limits(card)["Period"].startswith("year 2013, month 2 to 3; nothing is known")


def tmp_statistics(folder: Path, frame: pd.DataFrame) -> Path:
    """Statistics of a frame as TFDV computes them, in a folder as StatisticsGen leaves it."""
    split = folder / "statistics" / "Split-train"
    split.mkdir(parents=True)
    (split / "FeatureStats.pb").write_bytes(statistics_of(frame).SerializeToString())
    return split.parent


def test_hyperparameters_are_those_of_the_trainer(recorder: Recorder) -> None:
    config = json.dumps({"epochs": 3, "exclude": []})
    model = recorder.model("1", recorder.data("1"), {"custom_config": config, names.WALL_SECONDS: 7.5})
    card = recorder.lineage.card(model)
    [table] = [one for one in section(card, "Training").blocks if isinstance(one, Table)]
    assert table.rows == (("epochs", "3"), ("exclude", "none"))
    assert facts(card, "Training")["took"] == "7.5 s"
