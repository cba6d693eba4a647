"""What a card says of how a model was made and where it is."""

from datetime import UTC
from pathlib import Path

import pytest

from headrace.contents.model_card import Block, Commands, Facts, ModelCard, Steps, Table, Words
from headrace.lineage.trace import IMPORTER
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_execution


def blocks(card: ModelCard, title: str) -> tuple[Block, ...]:
    [found] = [one.blocks for one in card.sections if one.title == title]
    return found


def test_each_push_is_told_the_newest_first(recorder: Recorder, tmp_path: Path) -> None:
    model = recorder.model("1", recorder.data("1"))
    (tmp_path / "there" / "3").mkdir(parents=True)
    recorder.push("1", model, pushed=False)
    recorder.push("2", model, place="/gone")
    recorder.push("3", model, place=str(tmp_path / "there"))
    times = [f"{one.time.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for one in recorder.lineage.trace(model).pushes]
    card = recorder.lineage.card(model)
    assert blocks(card, "Where it is") == (
        Table(
            ("when", "folder", "run", "now"),
            (
                (times[2], f"{tmp_path}/there/3", "3", "there"),
                (times[1], "/gone/2", "2", "gone"),
                (times[0], "it was not pushed", "1", ""),
            ),
        ),
    )
    status = card.figures[0]
    assert (status.label, status.value, status.note, status.tone) == ("Status", "Pushed", times[2], "good")


@pytest.mark.parametrize(
    ("pushed", "value", "note", "tone"),
    [
        (True, "Pushed", "; the folder is gone", "plain"),
        (False, "Not pushed", "the Pusher left it where it was", "plain"),
    ],
)
def test_the_status_says_where_the_model_is_not(
    recorder: Recorder, pushed: bool, value: str, note: str, tone: str
) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.push("1", model, pushed)
    status = recorder.lineage.card(model).figures[0]
    assert (status.value, status.note.endswith(note), status.tone) == (value, True, tone)


def test_the_training_is_told_with_who_how_long_and_from_what(recorder: Recorder) -> None:
    code = {"model.py": "0123456789abcdef", "package tfx": "1.21.0.of.a.long.name", "a.py": "ff"}
    given = {"custom_config": '{"epochs": 3, "exclude": []}', "exact": "x" * 200, "long": "y" * 201}
    used = {names.WALL_SECONDS: 7.5, names.CPU_SECONDS: 9.25, names.PEAK_MEMORY_BYTES: 2_000_000}
    model = recorder.model("1", recorder.data("1"), {**given, **used, names.KEY: KeyParts(code=code).to_json()})
    about = {names.USER: "ada", names.HOST: "engine", names.COMMAND: "headrace run small", names.GIT_COMMIT: "0" * 40}
    recorder.store.annotate_run("1", {**about, names.VERSIONS: '{"python": "3.11", "tfx": "1.21"}'})
    assert blocks(recorder.lineage.card(model), "Training") == (
        Facts(
            (
                ("by", "ada on engine"),
                ("run", "1"),
                ("command", "headrace run small"),
                ("code", "commit 000000000000"),
                ("took", "7.5 s"),
                ("processor time", "9.2 s"),
                ("memory", "2.0 MB at most"),
                ("versions", "python 3.11, tfx 1.21"),
            )
        ),
        Table(
            ("hyperparameter", "value"),
            (("epochs", "3"), ("exclude", "none"), ("exact", "x" * 200), ("long", f"{'y' * 200}…")),
        ),
        Table(
            ("file or package", "sha256 or version"),
            (("a.py", "ff"), ("model.py", "0123456789ab"), ("package tfx", "1.21.0.of.a.long.name")),
        ),
    )


def test_of_a_training_what_was_not_recorded_is_unknown(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    facts, said = blocks(recorder.lineage.card(model), "Training")
    assert isinstance(facts, Facts)
    told = dict(facts.rows)
    assert [told[name] for name in ("by", "command", "processor time", "memory", "versions")] == [
        "unknown on unknown",
        *["unknown"] * 4,
    ]
    assert said == Words("Which files its code was in is unknown.", quiet=True)


def test_a_model_that_an_importer_brought_in_was_made_nobody_knows_how(recorder: Recorder) -> None:
    model = recorder.artifact("1", "model", "Model")
    record_execution(recorder.store, "small", "1", "bring", outputs={"model": [model]}, type_name=IMPORTER)
    assert blocks(recorder.lineage.card(model), "Training") == (Words("Unknown: it was brought in from outside."),)


def test_the_lineage_names_what_to_ask_next_and_what_it_is_from(recorder: Recorder) -> None:
    examples, schema = recorder.data("1"), recorder.schema("1", "Cash")
    folder = recorder.vocabularies("1", payment=["Cash"])
    graph = recorder.ids["1 Transform"]
    model = recorder.artifact("1", "model", "Model")
    recorder.node("1", "Train", {"e": examples, "s": schema, "g": graph}, {"model": model})
    steps, facts, commands = blocks(recorder.lineage.card(model), "Lineage")
    assert facts == Facts(
        (
            ("Model", f"{model}, {recorder.folder}/1/model"),
            ("TransformGraph", f"{graph}, {folder}"),
            ("Schema", f"{schema}, {recorder.folder}/1/schema"),
            ("Examples", str(examples)),
        )
    )
    assert commands == Commands(
        (
            (f"headrace lineage trace {model}", "all that it came from"),
            (f"headrace lineage features {model}", "its inputs, from raw columns on"),
            (f"headrace lineage impact {model}", "what was made from it"),
            (f"headrace lineage impact {examples}", f"what was made from Examples {examples}"),
            ("headrace runs show 1", "the run that made it"),
        )
    )
    assert isinstance(steps, Steps)
    train = next(one for one in steps.boxes if one.title == "Train")
    assert (train.is_subject, train.detail.split(",")[0]) == (True, f"execution {train.id}")
    others = [one.id for one in steps.boxes if one.id != train.id]
    assert set(steps.arrows) == {(one, train.id) for one in others}
    assert len(others) == 3


def test_a_step_is_told_with_the_seconds_it_took(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"), {names.WALL_SECONDS: 2.25})
    steps = blocks(recorder.lineage.card(model), "Lineage")[0]
    assert isinstance(steps, Steps)
    assert steps.boxes[-1].detail == f"execution {steps.boxes[-1].id}, 2.2 s"
