"""The plots of an evaluation that TFMA computed and wrote, as points."""

from pathlib import Path

import pytest
from sklearn.metrics import roc_curve
from tensorflow_model_analysis.proto import config_pb2

from headrace.contents.plots import Plots, read_plots
from tests.headrace.contents.test_evaluation_contents import evaluate, examples, model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plots")
    names = ("ExampleCount", "CalibrationPlot", "ConfusionMatrixPlot")
    metrics = [config_pb2.MetricConfig(class_name=name) for name in names]
    evaluate(folder, metrics, [model("baseline"), model("candidate")])
    return folder


@pytest.fixture(scope="module")
def plots(folder: Path) -> Plots:
    return read_plots(folder)


def test_the_roc_curve_is_that_of_the_candidates_predictions(plots: Plots) -> None:
    frame = examples()
    false_positives, true_positives, _ = roc_curve(frame["label"], frame["candidate"], drop_intermediate=False)
    exact = set(zip(false_positives.round(6), true_positives.round(6), strict=True))
    assert len(plots.roc) > 50
    assert all((round(across, 6), round(up, 6)) in exact for across, up in plots.roc)
    assert list(plots.roc) == sorted(plots.roc)


def test_the_calibration_counts_every_example_once(plots: Plots) -> None:
    frame = examples()
    assert sum(one.examples for one in plots.calibration) == len(frame)
    assert sum(one.examples * one.observed for one in plots.calibration) == pytest.approx(frame["label"].sum())
    predicted = sum(one.examples * one.predicted for one in plots.calibration)
    assert predicted == pytest.approx(frame["candidate"].sum(), rel=1e-4)


def test_a_damaged_file_is_named(folder: Path, tmp_path: Path) -> None:
    [file] = folder.glob("plots*")
    (tmp_path / "eval_config.json").write_bytes((folder / "eval_config.json").read_bytes())
    (tmp_path / file.name).write_bytes(file.read_bytes()[:-3])
    with pytest.raises(ValueError, match=str(tmp_path / file.name)):
        read_plots(tmp_path)


def test_an_evaluation_without_plots_has_none(tmp_path: Path) -> None:
    (tmp_path / "eval_config.json").write_text("{}")
    assert read_plots(tmp_path) == Plots((), ())
