"""Month by month: from flights and weather to a pushed model, and what it says of the month to come.

Span m is a month. Its run trains on the months before m, all so far or as many as `WINDOW` says, and
evaluates on m, which the candidate has never seen: its AUC is that of a model on the month that follows
its data. The model that is live has not seen m either, so the two are compared fairly. The flights of
m + 1 are then predicted by the model that is live by now. Of an older span that is run again, nothing later
is read; but its candidate would replace the model that is live today, and so is compared with that, which may have
learned from the month itself: the end of the run and `headrace lineage spans` say so where it has.
"""

from collections.abc import Mapping
from pathlib import Path

from tensorflow_metadata.proto.v0 import path_pb2, schema_pb2
from tensorflow_model_analysis.proto import config_pb2 as tfma
from tfx.components import (
    BulkInferrer,
    DistributionValidator,
    Evaluator,
    ExampleValidator,
    Pusher,
    StatisticsGen,
    Trainer,
    Transform,
    Tuner,
)
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.control_flow.for_each import ForEach
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import (
    bulk_inferrer_pb2,
    distribution_validator_pb2,
    example_gen_pb2,
    pusher_pb2,
    trainer_pb2,
    transform_pb2,
)
from tfx.types import BaseChannel, Channel
from tfx.types.channel_utils import union
from tfx.types.standard_artifacts import Model, PushedModel

from components.anomaly_gate.component import AnomalyGate
from components.arrow_example_gen.component import ArrowExampleGen
from components.drift_monitor.component import DriftMonitor
from components.drift_monitor.rules import Policy
from components.infra_check.component import InfraCheck
from components.span_backfill.component import SpanBackfill, ingested_spans
from components.span_backfill.driver import NONE
from components.span_backfill.window import SpanWindowStrategy
from pipelines.flights.features import DATE, LABEL, SERVED, transformed_name
from pipelines.flights.live_model import LiveModelStrategy
from pipelines.flights.training_statistics import TrainingStatistics

SCHEMA = Path(__file__).with_name("schema.pbtxt")
FILES = "span-{SPAN:2}/v{VERSION}/*.parquet"
SPLIT = "flights"  # all of a month: what it is used for depends on the run
NEWEST_SPAN = 12  # the data end with 2013

WINDOW: Mapping[str, int] = {}  # the months to learn from: all so far; {"length": 3} for the last three

SMALLEST_AUC = 0.64  # what the schedule reaches without the weather is .637
LARGEST_AUC_LOSS = 0.003  # against the model that is live; the standard deviation between seeds is .0025
# Seasons move the share of a value; where it moves further than this, the data come from elsewhere.
SKEW = {"carrier": 0.05, "origin": 0.05, "dest": 0.05}
SLICES = ("carrier", "origin", "month")


def create_pipeline(name: str, pipeline_root: Path, data_root: Path, serving_root: Path) -> Pipeline:
    """The pipeline, which reads `data_root`/span-MM/vN and pushes to a new folder below `serving_root`."""
    root = RuntimeParameter("data_root", str, str(data_root))
    span = RuntimeParameter("span", int, NEWEST_SPAN)
    files = example_gen_pb2.Input(splits=[example_gen_pb2.Input.Split(name=SPLIT, pattern=FILES)])
    newest = ArrowExampleGen(root, files, output_config=example_gen_pb2.Output(), span=span)
    ingested = ingested_spans("ArrowExampleGen", "SpanBackfill")
    backfill = SpanBackfill(root, files, span, ingested)
    window = Resolver(
        strategy_class=SpanWindowStrategy,
        config=dict(WINDOW),
        spans=backfill.outputs["spans"],
        window=ingested,
        previous=ingested,
    ).with_id("window")
    statistics_gen = StatisticsGen(newest.outputs["examples"])
    previous_statistics = StatisticsGen(window.outputs["previous"]).with_id("previous_statistics")
    drift_monitor = DriftMonitor(
        statistics_gen.outputs["statistics"],
        previous_statistics.outputs["statistics"],
        exclude=DATE,  # the calendar alone moves them
        policy=Policy.WARN,
    )
    schema_gen = ImportSchemaGen(str(SCHEMA))
    validator = ExampleValidator(statistics_gen.outputs["statistics"], schema_gen.outputs["schema"])
    with ForEach(window.outputs["window"]) as month:
        window_statistics = StatisticsGen(month).with_id("window_statistics")
    with ForEach(window_statistics.outputs["statistics"]) as statistics:
        window_validator = ExampleValidator(statistics, schema_gen.outputs["schema"]).with_id("window_validator")
    anomalies = union([validator.outputs["anomalies"], window_validator.outputs["anomalies"]])
    gate = AnomalyGate(anomalies, schema_file=str(SCHEMA))
    transform = Transform(
        window.outputs["window"],
        schema_gen.outputs["schema"],
        preprocessing_fn="pipelines.flights.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(analyze=[SPLIT], transform=[SPLIT]),
    )
    transform.add_upstream_node(gate)
    training_statistics = TrainingStatistics(transform_statistics=transform.outputs["pre_transform_stats"], split=SPLIT)
    skew = DistributionValidator(
        statistics_gen.outputs["statistics"], training_statistics.outputs["statistics"], comparison(SKEW)
    ).with_id("Skew")
    tuner = Tuner(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        tuner_fn="pipelines.flights.tuning.tuner_fn",
        train_args=trainer_pb2.TrainArgs(splits=[SPLIT]),
        eval_args=trainer_pb2.EvalArgs(splits=[SPLIT]),
    )
    trainer = Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        hyperparameters=tuner.outputs["best_hyperparameters"],
        run_fn="pipelines.flights.model.run_fn",
        train_args=trainer_pb2.TrainArgs(splits=[SPLIT]),
        eval_args=trainer_pb2.EvalArgs(splits=[SPLIT]),
    )
    live = live_model("live_model", candidate=trainer.outputs["model"])
    evaluator = Evaluator(
        examples=newest.outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=live.outputs["model"],
        eval_config=eval_config(),
        example_splits=[SPLIT],
    )
    infra_check = InfraCheck(
        trainer.outputs["model"],
        window.outputs["window"],
        model_run=trainer.outputs["model_run"],
        transform_graph=transform.outputs["transform_graph"],
        split=SPLIT,
    )
    pusher = Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=infra_check.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(serving_root))
        ),
    )
    now_live = live_model("model_now_live")
    now_live.add_upstream_node(pusher)
    following = backfill.outputs["following"].future()[0].value
    with Cond(following != NONE):
        next_month = ArrowExampleGen(
            root, files, output_config=example_gen_pb2.Output(), columns=SERVED, span=following
        ).with_id("next_month")
        with ForEach(now_live.outputs["model"]) as model:  # there is none as long as none was pushed
            inferrer = BulkInferrer(
                next_month.outputs["examples"],
                model,
                model_spec=bulk_inferrer_pb2.ModelSpec(model_signature_name=["serving_default"]),
            )
    nodes = [
        newest,
        backfill,
        window,
        statistics_gen,
        previous_statistics,
        drift_monitor,
        schema_gen,
        validator,
        window_statistics,
        window_validator,
        gate,
        transform,
        training_statistics,
        skew,
        tuner,
        trainer,
        live,
        evaluator,
        infra_check,
        pusher,
        now_live,
        next_month,
        inferrer,
    ]
    return Pipeline(name, str(pipeline_root), components=nodes, enable_cache=True)


def live_model(node_id: str, **candidate: BaseChannel) -> Resolver:
    """The model that is live in the moment in which the node works, for a candidate to be compared with."""
    channels = {"model": Channel(type=Model), "pushed_model": Channel(type=PushedModel), **candidate}
    return Resolver(strategy_class=LiveModelStrategy, **channels).with_id(node_id)


def comparison(largest_moves: Mapping[str, float]) -> distribution_validator_pb2.DistributionValidatorConfig:
    """How far the distribution of each feature may be from that of others, by L-infinity."""
    features = [
        distribution_validator_pb2.FeatureComparator(
            path=path_pb2.Path(step=[name]),
            distribution_comparator=schema_pb2.FeatureComparator(
                infinity_norm=schema_pb2.InfinityNorm(threshold=largest)
            ),
        )
        for name, largest in largest_moves.items()
    ]
    dataset = distribution_validator_pb2.DistributionValidatorConfig.DatasetConfig(feature=features)
    return distribution_validator_pb2.DistributionValidatorConfig(default_slice_config=dataset)


def eval_config() -> tfma.EvalConfig:
    """Metrics overall and by slice; the model is blessed by its AUC, and by its change of AUC."""
    auc = tfma.MetricThreshold(
        value_threshold=tfma.GenericValueThreshold(lower_bound={"value": SMALLEST_AUC}),
        change_threshold=tfma.GenericChangeThreshold(
            direction=tfma.MetricDirection.HIGHER_IS_BETTER, absolute={"value": -LARGEST_AUC_LOSS}
        ),
    )
    names = ("ExampleCount", "MeanLabel", "BinaryCrossentropy")
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
