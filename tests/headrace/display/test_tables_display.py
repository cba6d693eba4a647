"""Schema and anomalies as tables, and the look of figures."""

import subprocess
import sys

import plotly.io as pio
import pytest

from headrace.contents.anomalies import Anomaly
from headrace.contents.schema import FeatureSchema
from headrace.display.anomalies import anomalies_frame
from headrace.display.schema import schema_frame
from headrace.display.style import offline


def test_anomalies_come_with_errors_first() -> None:
    warning = Anomaly("eval", "company", "WARNING", "New values", "Green")
    error = Anomaly("train", "payment", "ERROR", "Unexpected string values", "Barter")
    frame = anomalies_frame([warning, error])
    assert frame["feature"].tolist() == ["payment", "company"]
    assert frame.columns.tolist() == ["split", "feature", "severity", "summary", "description"]


def test_no_anomalies_is_said_in_words() -> None:
    assert anomalies_frame([])["summary"].tolist() == ["No anomalies: the examples are as the schema asks."]


def test_a_schema_is_a_row_for_each_feature() -> None:
    tips = FeatureSchema("tips", "FLOAT", required=True, values="1", domain="at least 0", not_in=("SERVING",))
    frame = schema_frame([tips])
    assert frame.reset_index().to_numpy().tolist()[0] == ["tips", "FLOAT", "yes", "1", "at least 0", "SERVING"]


def test_a_notebook_can_show_figures_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pio.renderers, "default", None)
    offline()
    assert pio.renderers.default == "plotly_mimetype+notebook"


def test_importing_the_display_imports_no_heavy_library() -> None:
    modules = "statistics, schema, anomalies, evaluation"
    heavy = "{'tensorflow', 'tfx', 'apache_beam', 'tensorflow_model_analysis', 'tensorflow_data_validation'}"
    code = f"from headrace.display import {modules}; import sys; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
