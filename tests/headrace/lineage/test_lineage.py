"""The class itself: lazy, light, and its lists."""

import subprocess
import sys
from pathlib import Path

import pytest

from headrace.errors import MetadataStoreError
from headrace.lineage import Lineage
from headrace.metadata import MetadataStore
from headrace.metadata import properties as names
from headrace.metadata.connecting import project_config
from headrace.settings import Settings
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_run


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    lineage = Lineage(tmp_path / "none.sqlite")
    with pytest.raises(MetadataStoreError, match="nothing is recorded yet"):
        lineage.runs()


def test_without_a_store_it_is_the_projects_wherever_that_is(
    settings_with_each_store: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with_each_store
    monkeypatch.setenv("HEADRACE_HOME", str(settings.home))
    if settings.metadata:
        monkeypatch.setenv("HEADRACE_METADATA", settings.metadata.get_secret_value())
    settings.make_home()
    record_run(MetadataStore.connect(project_config(settings)), "small", "1")
    assert [run.id for run in Lineage().runs()] == ["1"]


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = ("tensorflow", "tfx", "apache_beam", "pandas", "plotly", "numpy", "ml_metadata", "openlineage")
    code = f"import headrace.lineage, sys; print(*set(sys.modules) & set({heavy!r}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_asking_imports_neither_tensorflow_nor_tfx_nor_tfma(recorder_in_file: Recorder) -> None:
    recorder = recorder_in_file
    recorder.data("0")
    model = recorder.model("1", recorder.data("1"))
    recorder.judge("1", model, blessed=True)
    recorder.push("1", model)
    heavy = ("tensorflow", "tfx", "apache_beam", "tensorflow_model_analysis", "tensorflow_data_validation", "pandas")
    code = f"""
import sys
from headrace.lineage import Lineage
from headrace.metadata import properties as names
lineage = Lineage({str(recorder.folder / "metadata.sqlite")!r})
for answer in (lineage.trace(), lineage.impact({model}), *lineage.live("small"), lineage.diff("1"), lineage.runs()):
    assert answer._repr_html_()
assert lineage.openlineage()
print(*set(sys.modules) & set({heavy!r}))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"


def test_runs_executions_and_artifacts_are_listed(recorder: Recorder) -> None:
    for run in ("1", "2"):
        recorder.data(run)
    lineage = recorder.lineage
    assert [(run.id, run.state) for run in lineage.runs()] == [("2", "succeeded"), ("1", "succeeded")]
    assert [run.id for run in lineage.runs("small", limit=1)] == ["2"]
    assert [execution.run for execution in lineage.executions()] == ["1", "2"]
    assert [execution.run for execution in lineage.executions("2")] == ["2"]
    assert len(lineage.artifacts()) == 2
    assert list(lineage.runs().to_frame()["id"]) == ["2", "1"]


def test_lists_show_what_tells_runs_and_executions_apart_and_frames_have_all(recorder: Recorder) -> None:
    recorder.data("1")
    recorder.store.annotate_run("1", {names.VERSIONS: '{"tensorflow": "2.21"}', names.COMMAND: "headrace run small"})
    runs, executions = recorder.lineage.runs(), recorder.lineage.executions()
    for text in ("seconds", "succeeded", "headrace run small"):
        assert text in runs._repr_html_()
    assert "tensorflow" not in runs._repr_html_()
    assert runs.to_frame()["versions"][0] == {"tensorflow": "2.21"}
    assert "Gen" in executions._repr_html_()
    assert "input_config" not in executions._repr_html_()
    assert "input_config" in executions.to_frame()["properties"][0]


def test_a_run_shows_itself(recorder: Recorder) -> None:
    recorder.data("1")
    recorder.store.annotate_run("1", {names.COMMAND: "headrace run small"})
    run = recorder.lineage.run()
    assert "Run 1 of small" in run._repr_html_()
    assert "headrace run small" in run._repr_html_()
    assert list(run.to_frame()["id"]) == ["1"]


def test_names_and_times_stay_on_a_line_and_long_paths_break_between_folders(recorder: Recorder) -> None:
    recorder.artifact("1", "model", "Model", f"/{'folder/' * 20}model")
    row = recorder.lineage.artifacts()._repr_html_().partition("<tbody>")[2]
    assert 'nowrap">Model</td>' in row
    assert "/<wbr>folder/<wbr>folder/<wbr>" in row


def test_artifacts_are_chosen_by_type_and_properties(recorder: Recorder) -> None:
    for span in (1, 2):
        recorder.artifact(str(span), "examples", "Examples", span=span)
    recorder.artifact("1", "model", "Model", span=2)
    [found] = recorder.lineage.artifacts(type="Examples", where={"span": 2})
    assert found.id == recorder.ids["2 examples"]
    assert recorder.lineage.artifacts(type="Nothing") == ()
    assert recorder.lineage.artifacts(type="Nothing")._repr_html_() == "<p>none</p>"
