"""Which stock executors have one here that does the same faster."""

from collections.abc import Mapping

# The stock executor to its stand-in, by class path; both take what TFX gives executors that work through Beam.
_STAND_INS: Mapping[str, str] = {
    "tfx.components.evaluator.executor.Executor": "headrace.acceleration.evaluator.Executor",
    "tfx.components.example_gen.csv_example_gen.executor.Executor": "headrace.acceleration.csv_example_gen.Executor",
    "tfx.components.example_gen.custom_executors.parquet_executor.Executor": (
        "headrace.acceleration.parquet_example_gen.Executor"
    ),
    "tfx.components.example_gen.import_example_gen.executor.Executor": (
        "headrace.acceleration.import_example_gen.Executor"
    ),
    "tfx.components.statistics_gen.executor.Executor": "headrace.acceleration.statistics_gen.Executor",
    "tfx.components.transform.executor.Executor": "headrace.acceleration.transform.Executor",
}
MODULES = tuple(path.rpartition(".")[0] for path in _STAND_INS.values())  # for a warm server to import


def stand_in_for(class_path: str) -> str:
    """The class path of the executor that does the work of another; empty if there is none."""
    return _STAND_INS.get(class_path, "")
