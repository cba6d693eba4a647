"""What stock components pass over in silence, or say in words of a library, is told."""

import math
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.components import BulkInferrer, InfraValidator, Pusher, Trainer
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.proto import bulk_inferrer_pb2, infra_validator_pb2, pusher_pb2, trainer_pb2
from tfx.types.standard_artifacts import Examples, Model

from headrace.metadata import State
from tests.headrace.orchestration.runs.conftest import RunPipeline
from tests.small_components import Measure, Sleep

NOWHERE = infra_validator_pb2.LocalDockerConfig(client_base_url="tcp://127.0.0.1:1")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers with `score`, in a Model's folder."""
    folder = tmp_path_factory.mktemp("model")
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": tf.ones_like(tf.strings.length(examples), tf.float32)}

    tf.saved_model.save(module, str(folder / "Format-Serving"), signatures={"serving_default": serve})
    return folder


@pytest.fixture
def model(saved: Path) -> BaseNode:
    return Importer(source_uri=str(saved), artifact_type=Model).with_id("model")


@pytest.fixture
def examples(tmp_path: Path) -> BaseNode:
    """Two examples in the split `test`."""
    split = tmp_path / "examples" / "Split-test"
    split.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(split / "data.gz"), "GZIP") as writer:
        for _ in range(2):
            writer.write(tf.train.Example().SerializeToString())
    given = {"split_names": '["test"]'}
    return Importer(source_uri=str(split.parent), artifact_type=Examples, properties=given).with_id("examples")


def test_why_a_model_was_not_validated_and_not_pushed_is_told(
    run_pipeline: RunPipeline, model: BaseNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validator = InfraValidator(
        model=model.outputs["result"],
        serving_spec=infra_validator_pb2.ServingSpec(
            tensorflow_serving=infra_validator_pb2.TensorFlowServing(tags=["latest"]), local_docker=NOWHERE
        ),
        validation_spec=infra_validator_pb2.ValidationSpec(num_tries=1),
    )
    directory = pusher_pb2.PushDestination.Filesystem(base_directory=str(tmp_path / "serving"))
    pusher = Pusher(
        model=model.outputs["result"],
        infra_blessing=validator.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(filesystem=directory),
    )
    first = run_pipeline("validated", [model, validator, pusher])
    assert first.error is None
    out = capsys.readouterr().out
    assert "Not blessed as served: Docker cannot be reached: " in out
    assert "nothing was pushed: the model is not blessed as served\n" in out
    [blessing] = first.store.outputs(first.of("InfraValidator")[0].id)["blessing"]
    assert str(blessing.properties["reason"]).startswith("Docker cannot be reached: ")
    again = run_pipeline("validated", [model, validator, pusher])
    assert [one.state for one in again.of("InfraValidator")] == [State.COMPLETE]  # not cached: Docker may be there now


def test_a_split_or_an_output_that_is_not_there_is_named(
    run_pipeline: RunPipeline, model: BaseNode, examples: BaseNode
) -> None:
    def inferrer(name: str, split: str, output: str) -> BaseNode:
        column = bulk_inferrer_pb2.PredictOutputCol(output_key=output, output_column="column")
        spec = bulk_inferrer_pb2.OutputColumnsSpec(
            predict_output=bulk_inferrer_pb2.PredictOutput(output_columns=[column])
        )
        return BulkInferrer(
            examples=examples.outputs["result"],
            model=model.outputs["result"],
            data_spec=bulk_inferrer_pb2.DataSpec(example_splits=[split]),
            output_example_spec=bulk_inferrer_pb2.OutputExampleSpec(output_columns_spec=[spec]),
        ).with_id(name)

    nodes = [inferrer("Right", "test", "score"), inferrer("Split", "tset", "score"), inferrer("Key", "test", "scroe")]
    ran = run_pipeline("inferred", [model, examples, *nodes])
    assert ran.of("Right")[0].state is State.COMPLETE
    for node, message, why in (
        ("Split", "there is no split 'tset'", "did you mean 'test'?"),
        ("Key", "there is no output of the signature 'serving_default' 'scroe'", "did you mean 'score'?"),
    ):
        [execution] = ran.of(node)
        assert execution.properties["headrace_error_message"] == message
        assert execution.properties["headrace_error_why"] == why


def test_an_error_in_a_module_file_names_the_file_that_was_given(
    run_pipeline: RunPipeline, examples: BaseNode, tmp_path: Path
) -> None:
    module = tmp_path / "code" / "trainer.py"
    module.parent.mkdir()
    module.write_text("import helper\n\n\ndef run_fn(arguments):\n    helper.fail()\n")
    (module.parent / "helper.py").write_text('def fail():\n    raise ValueError("no trips")\n')
    trainer = Trainer(
        module_file=str(module),
        examples=examples.outputs["result"],
        train_args=trainer_pb2.TrainArgs(splits=["test"], num_steps=1),
        eval_args=trainer_pb2.EvalArgs(splits=["test"], num_steps=1),
    )
    [execution] = run_pipeline("trained", [examples, trainer]).of("Trainer")
    assert execution.properties["headrace_error_message"] == "no trips"
    assert execution.properties["headrace_error_where"] == f"{module.parent / 'helper.py'}:2 in fail"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_cannot_be_recorded_names_its_property_and_artifact(
    run_pipeline: RunPipeline, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run_pipeline("measured", [Measure(loss=str(value)), Sleep(seconds=value)])
    assert f"the parameter 'seconds' of Sleep is {value}\n" in capsys.readouterr().out
    [execution] = ran.of("Measure")
    what = f"the property 'loss', {value}, of the output 'number' cannot be recorded"
    assert execution.properties["headrace_error_message"] == what
    assert "Measure/number" in str(execution.properties["headrace_error_where"])
