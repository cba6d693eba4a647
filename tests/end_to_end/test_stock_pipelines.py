"""Files written for stock TFX's local runners, run as they are."""

import subprocess
import sys
from pathlib import Path

from headrace.metadata import Execution, MetadataStore, State
from headrace.warm_server.address import variables
from tests.conftest import Command, from_readme, without_notes

# What every file begins with. All it makes lies beside it.
HEAD = """
from pathlib import Path

from absl import app, flags
from tfx import v1 as tfx

HERE = Path(__file__).parent
STORE = tfx.orchestration.metadata.sqlite_metadata_connection_config(str(HERE / "metadata.db"))
"""

OWN_COMPONENTS = """
Number = tfx.types.standard_artifacts.Integer

@tfx.dsl.components.component
def Two(two: tfx.dsl.components.OutputArtifact[Number]):
    two.value = 2

@tfx.dsl.components.component
def Times(number: tfx.dsl.components.InputArtifact[Number], factor: tfx.dsl.components.Parameter[int],
          product: tfx.dsl.components.OutputArtifact[Number]):
    product.value = times(number.value, factor)

def times(left, right):
    return left * right

if __name__ == "__main__":
    two = Two()
    nodes = [two, Times(number=two.outputs["two"], factor=21)]
    pipeline = tfx.dsl.Pipeline("own_components", str(HERE / "root"), STORE, nodes, enable_cache=True)
    tfx.orchestration.LocalDagRunner().run(pipeline)
"""

ABSL_AND_A_MODULE_FILE = """
from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner

FLAGS = flags.FLAGS
flags.DEFINE_string("module", "training.py", "Where run_fn is.")

@tfx.dsl.components.component
def Read(model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
         text: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.String]):
    text.value = Path(model.uri, "Format-Serving", "model.txt").read_text()

def main(argv):
    del argv
    (HERE / "examples").mkdir(exist_ok=True)
    examples = tfx.dsl.Importer(
        source_uri=str(HERE / "examples"),
        artifact_type=tfx.types.standard_artifacts.Examples,
        properties={"split_names": '["train", "eval"]'},
    ).with_id("imported")
    trainer = tfx.components.Trainer(
        module_file=str(HERE / FLAGS.module),
        examples=examples.outputs["result"],
        train_args=tfx.proto.TrainArgs(num_steps=7),
        eval_args=tfx.proto.EvalArgs(num_steps=1),
        custom_config={"word": "steps"},
    )
    nodes = [examples, trainer, Read(model=trainer.outputs["model"])]
    BeamDagRunner().run(tfx.dsl.Pipeline("module_file", str(HERE / "root"), STORE, nodes))

if __name__ == "__main__":
    app.run(main)
"""

TRAINING = """
from pathlib import Path

from wording import worded

def run_fn(arguments):
    folder = Path(arguments.serving_model_dir)
    folder.mkdir(parents=True)
    (folder / "model.txt").write_text(worded(arguments.train_steps, arguments.custom_config["word"]))
"""

WORDING = """
def worded(number, word):
    return f"{number} {word}"
"""


def run(command: Command, folder: Path, text: str) -> "subprocess.CompletedProcess[str]":
    """Runs a file by the README's command, which names one that is not there."""
    line = from_readme("headrace run path/to/your_pipeline.py")
    path = folder / "your_pipeline.py"
    path.write_text(text)
    return command(line.replace("path/to/your_pipeline.py", str(path)), HEADRACE_HOME=str(folder / "home"))


def outputs(folder: Path, node: str, key: str) -> list[str]:
    """What a node wrote to a value artifact, as the file's own metadata store has it."""
    store = MetadataStore.open(folder / "metadata.db")
    [execution] = [one for one in executions(store) if one.node == node]
    return [Path(artifact.uri).read_text() for artifact in store.outputs(execution.id)[key]]


def executions(store: MetadataStore) -> list[Execution]:
    """Those of the only run, which all succeeded."""
    [run] = store.runs()
    found = store.executions(run)
    assert {one.state for one in found} == {State.COMPLETE}
    return found


def test_components_defined_in_the_file_itself_run(command: Command, tmp_path: Path) -> None:
    ran = run(command, tmp_path, HEAD + OWN_COMPONENTS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert without_notes(ran.stderr) == ""
    assert outputs(tmp_path, "Times", "product") == ["42"]


def test_an_absl_program_with_a_module_file_runs(command: Command, tmp_path: Path) -> None:
    (tmp_path / "training.py").write_text(TRAINING)
    (tmp_path / "wording.py").write_text(WORDING)
    ran = run(command, tmp_path, HEAD + ABSL_AND_A_MODULE_FILE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("module_file run ")  # nothing of the wheel that TFX builds
    assert without_notes(ran.stderr) == ""
    assert outputs(tmp_path, "Read", "text") == ["7 steps"]


def test_a_file_whose_pipeline_cannot_be_compiled_gets_one_clear_message(command: Command, tmp_path: Path) -> None:
    ran = run(command, tmp_path, HEAD + ABSL_AND_A_MODULE_FILE)  # its module file is not there
    assert ran.returncode == 2
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "error: the module_file of Trainer is not there" in ran.stderr
    assert "training.py" in ran.stderr


def test_tests_of_tfx_for_its_local_runner_pass(tmp_path: Path) -> None:
    program = Path(__file__).parents[1] / "cases" / "tests_of_tfx.py"
    environment = {**variables(), "HEADRACE_HOME": str(tmp_path / "home")}
    command = [sys.executable, str(program), str(tmp_path / "ran")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Ran 8 tests" in ran.stderr
