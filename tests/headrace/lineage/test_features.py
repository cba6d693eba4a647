"""How features and the models that feel a column show themselves."""

import pytest

from headrace.contents.transform_graph import Analyzer
from headrace.errors import UnknownNameError
from headrace.lineage.columns import ColumnImpact, FeelingModel
from headrace.lineage.features import FeatureLineage, Features
from headrace.lineage.shown import Section
from tests.headrace.lineage.conftest import Recorder

FEATURES = (
    FeatureLineage("fare_xf", ("fare",), (Analyzer("scale_to_z_score"),), in_model=True),
    FeatureLineage("place_xf", ("company", "area"), (Analyzer("vocabulary", "places", 7), Analyzer("min")), False),
    FeatureLineage("raw_xf", ("fare",), (Analyzer("vocabulary", "raw"),), in_model=True),
)
COLUMNS = ("raw columns", "analyzers", "feature", "model input")
ROWS = (
    ("fare", "scale_to_z_score", "fare_xf", "yes"),
    ("company, area", "vocabulary (vocabulary places of 7 values), min", "place_xf", "no"),
    ("fare", "vocabulary (vocabulary raw)", "raw_xf", "yes"),
)


def test_features_are_a_table_from_raw_columns_to_the_model() -> None:
    assert Features(3, 4, FEATURES).sections() == [Section("Model 3, TransformGraph 4", (), COLUMNS, ROWS)]
    assert Features(None, 4, FEATURES).sections()[0].title == "TransformGraph 4"
    assert Features(3, 4, FEATURES).rows()[1] == {
        "columns": "company, area",
        "analyzers": "vocabulary (vocabulary places of 7 values), min",
        "feature": "place_xf",
        "in_model": False,
    }


@pytest.mark.parametrize(("model", "lines"), [(3, 1), (None, 0)])
def test_that_it_is_unknown_what_a_model_takes_is_said_of_models_alone(model: int | None, lines: int) -> None:
    unknown = FeatureLineage("x", ("a",), (), in_model=None)
    [section] = Features(model, 4, (FEATURES[0], unknown)).sections()
    said = "which features the model takes is unknown: it holds no transform graph, or cannot be read"
    assert section.lines == (said,) * lines
    assert section.rows[1] == ("a", "", "x", "unknown")


def test_the_features_of_a_column_are_those_made_of_it() -> None:
    features = Features(3, 4, FEATURES)
    assert features.columns == ("area", "company", "fare")
    assert [one.name for one in features.of_column("fare").features] == ["fare_xf", "raw_xf"]
    assert [one.name for one in features.of_column("area").features] == ["place_xf"]
    with pytest.raises(UnknownNameError, match="did you mean 'fare'"):
        features.of_column("far")


def test_models_that_feel_a_column_are_a_table() -> None:
    models = (
        FeelingModel(9, "2", ("fare_xf", "raw_xf"), True, ("/serving/2", "/canary/2")),
        FeelingModel(5, "", ("fare_xf",), None, ()),
        FeelingModel(4, "1", ("fare_xf",), False, ()),
    )
    impact = ColumnImpact("fare", models, 0)
    assert impact.sections() == [
        Section(
            "column fare",
            (),
            ("model", "run", "features", "feels it", "live in"),
            (
                ("9", "2", "fare_xf, raw_xf", "yes", "/serving/2, /canary/2"),
                ("5", "unknown", "fare_xf", "unknown", ""),
                ("4", "1", "fare_xf", "no", ""),
            ),
        )
    ]
    assert impact.rows()[0] == {
        "model": 9,
        "run": "2",
        "features": "fare_xf, raw_xf",
        "feels": True,
        "live": "/serving/2, /canary/2",
    }
    assert ColumnImpact("fare", models, 2).sections()[0].lines == (
        "2 transform graphs cannot be read any more: of their models it is unknown",
    )


def test_where_no_transform_graph_can_be_read_no_column_is_known(recorder: Recorder) -> None:
    recorder.vocabularies("1", payment=["Cash"])
    with pytest.raises(UnknownNameError, match="there is no raw column 'fare'"):
        recorder.lineage.column("fare")
    recorder.data("2")
    with pytest.raises(UnknownNameError, match="no transform graph went into run 2"):
        recorder.lineage.features("latest")
