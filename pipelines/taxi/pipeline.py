"""From CSV files of taxi trips to a pushed model."""

import json
from dataclasses import asdict
from pathlib import Path

from tensorflow_model_analysis.proto import config_pb2 as tfma
from tfx.components import (
    CsvExampleGen,
    Evaluator,
    ExampleValidator,
    Pusher,
    StatisticsGen,
    Trainer,
    Transform,
)
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2, pusher_pb2
from tfx.types import Channel
from tfx.types.standard_artifacts import Model, ModelBlessing

from components.anomaly_gate.component import AnomalyGate
from pipelines.taxi.baseline import BaselineStrategy
from pipelines.taxi.features import LABEL, transformed_name
from pipelines.taxi.hyperparameters import Hyperparameters

SCHEMA = Path(__file__).with_name("schema.pbtxt")

# Split by time: a model is used on trips later than those it learned from.
SPLITS = {"train": "trips-201[34].csv", "eval": "trips-201[56].csv"}

SMALLEST_AUC = 0.92  # payment_type alone reaches .910
LARGEST_AUC_LOSS = 0.003  # against the last blessed model; another seed moves it by .002
SLICES = ("payment_type", "company", "trip_start_hour")


def create_pipeline(name: str, pipeline_root: Path, data_root: Path, serving_root: Path) -> Pipeline:
    """The pipeline, which reads `data_root`/trips-YEAR.csv and pushes to a new folder below `serving_root`."""
    splits = [example_gen_pb2.Input.Split(name=split, pattern=pattern) for split, pattern in SPLITS.items()]
    example_gen = CsvExampleGen(
        RuntimeParameter("data_root", str, str(data_root)), input_config=example_gen_pb2.Input(splits=splits)
    )
    statistics_gen = StatisticsGen(example_gen.outputs["examples"])
    schema_gen = ImportSchemaGen(str(SCHEMA))
    validator = ExampleValidator(statistics_gen.outputs["statistics"], schema_gen.outputs["schema"])
    gate = AnomalyGate(validator.outputs["anomalies"], schema_file=str(SCHEMA))
    transform = Transform(
        example_gen.outputs["examples"],
        schema_gen.outputs["schema"],
        preprocessing_fn="pipelines.taxi.preprocessing.preprocessing_fn",
    )
    transform.add_upstream_node(gate)
    trainer = Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        run_fn="pipelines.taxi.model.run_fn",
        custom_config=RuntimeParameter("hyperparameters", str, json.dumps(asdict(Hyperparameters()))),
    )
    blessed = Resolver(
        strategy_class=BaselineStrategy,
        candidate=trainer.outputs["model"],
        model=Channel(type=Model),
        model_blessing=Channel(type=ModelBlessing),
    ).with_id("latest_blessed_model")
    evaluator = Evaluator(
        examples=example_gen.outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=blessed.outputs["model"],
        eval_config=eval_config(),
    )
    pusher = Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(serving_root))
        ),
    )
    nodes = [
        example_gen,
        statistics_gen,
        schema_gen,
        validator,
        gate,
        transform,
        trainer,
        blessed,
        evaluator,
        pusher,
    ]
    return Pipeline(name, str(pipeline_root), components=nodes, enable_cache=True)


def eval_config() -> tfma.EvalConfig:
    """Metrics overall and by slice; the model is blessed by its AUC, and by its change of AUC."""
    auc = tfma.MetricThreshold(
        value_threshold=tfma.GenericValueThreshold(lower_bound={"value": SMALLEST_AUC}),
        change_threshold=tfma.GenericChangeThreshold(
            direction=tfma.MetricDirection.HIGHER_IS_BETTER, absolute={"value": -LARGEST_AUC_LOSS}
        ),
    )
    names = ("ExampleCount", "MeanLabel", "BinaryAccuracy", "BinaryCrossentropy")
    metrics = [tfma.MetricConfig(class_name=name) for name in names]
    overall = tfma.PerSliceMetricThreshold(slicing_specs=[tfma.SlicingSpec()], threshold=auc)
    metrics.append(tfma.MetricConfig(class_name="AUC", per_slice_thresholds=[overall]))
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                signature_name="serving_default",
                preprocessing_function_names=["transform_features"],
                label_key=transformed_name(LABEL),
            )
        ],
        slicing_specs=[tfma.SlicingSpec(), *(tfma.SlicingSpec(feature_keys=[feature]) for feature in SLICES)],
        metrics_specs=[tfma.MetricsSpec(metrics=metrics)],
    )
