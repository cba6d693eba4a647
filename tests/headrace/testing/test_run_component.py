import os
import signal
import threading
import time
from pathlib import Path

import pytest
from tfx.types import Channel
from tfx.types.standard_artifacts import Examples, Integer

from headrace.errors import ParameterError, RunFailedError, UnknownNameError, UserError
from headrace.metadata import State
from headrace.testing import artifact, run_component
from tests.headrace.signals import ctrl_c_interrupts
from tests.headrace.testing.given_components import Echo, Spans
from tests.small_components import AddOne, KillItself, MaybeAddOne, Meet, Raise


def test_a_component_runs_on_values_and_its_outputs_can_be_read() -> None:
    result = run_component(AddOne, number=3)
    assert (result.component, result.state, result.error) == ("AddOne", State.COMPLETE, None)
    assert list(result.outputs) == ["sum"]
    output = result.outputs["sum"]
    assert (output.type_name, output.value, output.path.read_text()) == ("Integer", 4, "4")


def test_each_run_has_a_store_of_its_own_and_outputs_outlive_the_next_run() -> None:
    first, second = run_component(AddOne, number=1), run_component(AddOne, number=1)
    assert first.outputs["sum"].uri != second.outputs["sum"].uri
    assert (first.outputs["sum"].value, second.outputs["sum"].value) == (2, 2)
    assert second.state is State.COMPLETE  # not CACHED


def test_the_home_of_the_project_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path))
    assert not str(run_component(AddOne, number=1).outputs["sum"].uri).startswith(str(tmp_path))


@pytest.mark.parametrize("where", ["environment", "project"])
def test_the_store_of_the_project_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str) -> None:
    url = "mysql://ann:secret@127.0.0.1:1/metadata"  # where nobody answers
    if where == "environment":
        monkeypatch.setenv("HEADRACE_METADATA", url)
    else:
        (tmp_path / "pyproject.toml").write_text(f'[tool.headrace]\nmetadata = "{url}"\n')
        monkeypatch.chdir(tmp_path)
    assert run_component(AddOne, number=1).outputs["sum"].value == 2


def test_values_parameters_and_the_log_arrive() -> None:
    result = run_component(Echo, text="a text", number=2.5, data={"list": [1, None]}, word="there")
    assert result.raise_for_state().outputs["said"].value == ["a text", 2.5, {"list": [1, None]}, "there"]
    assert "echoing there" in result.log
    assert result.properties["word"] == "there"


@pytest.mark.parametrize("given", [{}, {"number": None}])
def test_an_optional_input_can_be_left_out(given: dict[str, None]) -> None:
    assert run_component(MaybeAddOne, **given).outputs["sum"].value == 1


def test_an_input_takes_several_artifacts_with_properties_under_the_name_of_the_constructor() -> None:
    spans = [artifact(Examples, properties={"span": span, "origin": f"o{span}"}) for span in (1, 2)]
    result = run_component(Spans, trips=spans, note="mine")
    assert result.outputs["spans"].value == '{"1": "o1", "2": "o2"}'
    assert result.properties["note"] == "mine"


def test_whatever_makes_a_component_can_be_run() -> None:
    result = run_component(lambda one: AddOne(number=one).with_id("mine"), one=artifact(Integer, 4))
    assert (result.component, result.outputs["sum"].value) == ("mine", 5)


def test_a_failure_is_a_result_that_says_where_and_why() -> None:
    result = run_component(Raise, message="not today")
    assert result.state is State.FAILED
    assert result.error is not None
    assert (result.error.kind, result.error.message) == ("ValueError", "not today")
    assert "small_components.py" in result.error.where
    assert "raise ValueError(message)" in result.log
    assert result.outputs == {}
    assert "anything" not in result.outputs


def test_a_failure_is_raised_when_it_is_asked_for() -> None:
    result = run_component(KillItself)
    with pytest.raises(RunFailedError, match="KillItself failed: died: its process was ended by SIGKILL"):
        result.raise_for_state()
    with pytest.raises(RunFailedError, match="KillItself failed"):
        result.outputs["anything"]


def test_an_output_that_is_none_suggests_the_nearest_one_and_what_has_no_value_says_so() -> None:
    result = run_component(AddOne, number=3)
    with pytest.raises(UnknownNameError) as raised:
        result.outputs["summ"]
    assert raised.value.why == "did you mean 'sum'?"
    with pytest.raises(UserError, match="cannot read an artifact of type Integer"):
        result.outputs["sum"].read()


def test_an_argument_that_is_none_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError) as raised:
        run_component(AddOne, numbr=3)
    assert raised.value.what == "there is no input or parameter of AddOne 'numbr'"
    assert raised.value.why == "did you mean 'number'?"
    assert raised.value.next_step == "give inputs of AddOne: number (Integer); parameters: none"


def test_arguments_that_are_missing_are_all_named() -> None:
    with pytest.raises(ParameterError) as raised:
        run_component(Echo, text="x", number=1.0)
    assert raised.value.what == "Echo needs data and word"
    assert "data (JsonValue)" in raised.value.next_step
    with pytest.raises(ParameterError) as raised:
        run_component(Spans)
    assert raised.value.what == "Spans needs trips"


def test_an_artifact_of_another_type_than_the_inputs_is_refused() -> None:
    with pytest.raises(ParameterError) as raised:
        run_component(AddOne, number=artifact(Examples))
    assert raised.value.what == "the input 'number' cannot be of type Examples"
    assert "number (Integer)" in raised.value.why


def test_what_the_constructor_raises_comes_through() -> None:
    with pytest.raises(TypeError, match="message"):
        run_component(Raise, message=3)


def test_what_makes_no_component_is_refused() -> None:
    with pytest.raises(ParameterError) as raised:
        run_component(AddOne(number=Channel(type=Integer)), number=3)
    assert raised.value.next_step == "give the component's class, and its arguments beside it"
    with pytest.raises(ParameterError, match="makes no component"):
        run_component(lambda: {})  # type: ignore[arg-type,return-value]


def test_ctrl_c_stops_the_test_runner_and_not_this_test_alone(tmp_path: Path) -> None:
    def interrupt() -> None:
        while not (tmp_path / "me").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with ctrl_c_interrupts(), pytest.raises(KeyboardInterrupt):
        run_component(Meet, place=str(tmp_path), me="me", other="nobody")
