"""The card of a model of which little is known any more, or ever was; and arguments that are refused."""

from pathlib import Path

import pytest
from tfx.types import BaseChannel, Channel
from tfx.types.standard_artifacts import ExampleStatistics, Model, ModelEvaluation

from components.model_card.component import ModelCard
from headrace.errors import ParameterError
from headrace.metadata.records import DELETED
from headrace.testing import run_component
from tests.components.model_card.conftest import Opened, moved
from tests.conftest import Command, RecordedRun
from tests.headrace.recording import record_artifact, record_execution
from tests.pages import Page


def test_a_model_from_outside_that_nobody_evaluated_has_a_card(taxi_run: RecordedRun, opened: Opened) -> None:
    model = Path(taxi_run.output("Trainer", "model").uri)
    result = run_component(ModelCard, model=model, owner="the data team").raise_for_state()
    card = result.outputs["card"]
    page = Page((card.path / "card.html").read_text())
    assert "Owner: the data team" in page.text
    assert "Not evaluated" in page.text
    assert "Unknown: it was brought in from outside." in page.text
    assert opened(card.path / "card.html", 400) == (400, [])


def test_an_evaluation_of_another_model_fails_with_what_to_do(taxi_run: RecordedRun) -> None:
    model, evaluation = taxi_run.output("Trainer", "model"), taxi_run.output("Evaluator", "evaluation")
    result = run_component(ModelCard, model=Path(model.uri), evaluation=Path(evaluation.uri))
    assert result.error is not None
    assert result.error.kind == "UnknownNameError"
    assert "is no evaluation of Model" in result.error.message
    assert result.error.why == "none was recorded"


def test_what_was_cleaned_up_is_said_to_be_gone_and_the_records_still_tell_the_rest(
    taxi_run: RecordedRun, home: Path, tmp_path: Path, command: Command, opened: Opened
) -> None:
    run = moved(home, tmp_path / "home")
    model = run.output("Trainer", "model")
    # A later run that pushed another model: what the first came from may go.
    later = [record_artifact(run.store, kind, str(tmp_path / "home" / "later" / kind)) for kind in ("Model",)]
    record_execution(run.store, "taxi", "later", "Trainer", outputs={"model": later})
    place = Path(str(run.output("Pusher", "pushed_model").properties["pushed_destination"])).parent
    pushed = record_artifact(
        run.store, "PushedModel", str(tmp_path / "home" / "later"), pushed=1, pushed_destination=f"{place}/9"
    )
    record_execution(run.store, "taxi", "later", "Pusher", inputs={"model": later}, outputs={"pushed_model": [pushed]})
    removed = command("headrace gc --yes --keep-runs 1", HEADRACE_HOME=str(tmp_path / "home"))
    assert removed.returncode == 0, removed.stderr
    for node, key in (("Trainer", "model"), ("StatisticsGen", "statistics"), ("Evaluator", "evaluation")):
        gone = run.output(node, key)
        assert gone.state == DELETED
        assert not Path(gone.uri).exists()

    into = tmp_path / "card"
    written = command(f"headrace lineage card {model.id} --into {into}", HEADRACE_HOME=str(tmp_path / "home"))
    assert written.returncode == 0, written.stderr
    page = Page((into / "card.html").read_text())
    assert "rows, train9,533" in page.text
    assert "Trainer" in page.words
    assert "There are no statistics of the data: none were made, or they were removed." in page.text
    assert "Its metrics are unknown: no eval_config.json in" in page.text
    assert "Unknown: there is no transform graph that can be read." in page.text
    assert opened(into / "card.html", 400) == (400, [])


@pytest.mark.parametrize(
    ("given", "what", "why"),
    [
        ({"smallest_slice": 0}, "a number of examples, 1 or more", "smallest_slice=0"),
        ({"smallest_slice": True}, "a number of examples, 1 or more", "smallest_slice=True"),
        ({"smallest_slice": 0.5}, "a number of examples, 1 or more", "smallest_slice=0.5"),
        ({"owner": 7}, "owner as text", "owner=7"),
        ({"limits": ["a", "b"]}, "limits as text", "limits=['a', 'b']"),
        (
            {"evaluation": Channel(type=ExampleStatistics)},
            "a channel of ModelEvaluation",
            "it was given ExampleStatistics",
        ),
        ({"model": Channel(type=ModelEvaluation)}, "a channel of Model as model", "it was given ModelEvaluation"),
        ({"pushed_model": "serving"}, "a channel of PushedModel as pushed_model", "it was given 'serving'"),
    ],
)
def test_bad_arguments_are_refused_when_the_pipeline_is_built(given: dict[str, object], what: str, why: str) -> None:
    arguments: dict[str, object] = {"model": Channel(type=Model), **given}
    with pytest.raises(ParameterError) as raised:
        ModelCard(**arguments)  # type: ignore[arg-type]
    assert what in raised.value.what
    assert raised.value.why == why


def test_a_card_needs_no_more_than_a_model() -> None:
    model: BaseChannel = Channel(type=Model)
    assert list(ModelCard(model).outputs) == ["card"]
