"""Which schema brought what."""

import json

import pytest

from headrace.contents.times import local_time
from headrace.errors import UnknownNameError
from headrace.lineage.shown import Section
from headrace.metadata import properties as names
from tests.headrace.lineage.conftest import Recorder


def test_each_schema_that_changed_something_is_told_with_its_file_and_commit(recorder: Recorder) -> None:
    for run, values in (("1", ("Cash",)), ("2", ("Cash",)), ("3", ("Cash", "Barter"))):
        recorder.schema(run, *values, schema_file="/project/schema.pbtxt")
        recorder.store.annotate_run(run, {names.GIT_COMMIT: f"commit{run}"})
    first, second = recorder.lineage.schema_history("small").versions
    assert (first.run, first.first, first.changes) == ("1", True, ())
    assert (second.run, second.git_commit) == ("3", "commit3")
    assert second.source == "imported from /project/schema.pbtxt by Schema"
    assert list(map(str, second.changes or ())) == ["payment: domain gained 'Barter'"]


def test_a_schema_that_was_inferred_is_told_with_the_span_it_is_from(recorder: Recorder) -> None:
    for run, values in (("1", ("Cash",)), ("2", ("Cash", "Barter"))):
        examples = recorder.data(run, properties={"span": int(run)})
        statistics = recorder.artifact(run, "statistics", "ExampleStatistics")
        recorder.node(run, "Stats", {"examples": examples}, {"statistics": statistics})
        folder = recorder.folder / run / "inferred"
        folder.mkdir(parents=True)
        values_text = " ".join(f'value: "{value}"' for value in values)
        text = f'feature {{ name: "payment" type: BYTES string_domain {{ {values_text} }} }}'
        (folder / "schema.pbtxt").write_text(text)
        schema = recorder.artifact(run, "inferred", "Schema", str(folder))
        recorder.node(run, "Infer", {"statistics": statistics}, {"schema": schema})
    history = recorder.lineage.schema_history("small")
    assert "span 2" in history.versions[1].source
    assert [row["detail"] for row in history.rows()] == ["gained 'Barter'"]


def test_a_schema_that_is_gone_changes_nobody_knows_what(recorder: Recorder) -> None:
    recorder.schema("1", "Cash")
    recorder.schema("2", "Cash", "Barter")
    (recorder.folder / "2" / "schema" / "schema.pbtxt").unlink()
    history = recorder.lineage.schema_history("small")
    assert history.versions[1].changes is None
    assert "unknown" in json.dumps([section.lines for section in history.sections()])


def test_each_schema_is_a_section_with_what_it_brought(recorder: Recorder) -> None:
    ids = [
        recorder.schema(run, *values) for run, values in (("1", ("Cash",)), ("2", ("Cash", "Card")), ("3", ("Card",)))
    ]
    recorder.store.annotate_run("2", {names.GIT_COMMIT: "c2"})
    (recorder.folder / "3" / "schema" / "schema.pbtxt").unlink()
    history = recorder.lineage.schema_history("small")
    times = [local_time(one.made) for one in history.versions]
    source = "brought in by Schema, in run"
    assert history.sections() == [
        Section(
            f"{times[0]}  Schema {ids[0]} of Schema", (f"{source} 1, commit unknown", "the first schema of this node")
        ),
        Section(f"{times[1]}  Schema {ids[1]} of Schema", (f"{source} 2, commit c2", "payment: domain gained 'Card'")),
        Section(
            f"{times[2]}  Schema {ids[2]} of Schema",
            (f"{source} 3, commit unknown", "what it changed is unknown: it or the one before cannot be read any more"),
        ),
    ]
    assert history.rows() == [
        {
            "made": history.versions[1].made,
            "run": "2",
            "schema": ids[1],
            "feature": "payment",
            "aspect": "domain",
            "detail": "gained 'Card'",
            "source": "brought in by Schema",
        }
    ]


def test_schemas_of_each_node_are_compared_with_those_of_that_node_alone(recorder: Recorder) -> None:
    for run, node, values in (("1", "A", ("x",)), ("2", "B", ("y",)), ("3", "A", ("x",)), ("4", "B", ("y", "z"))):
        folder = recorder.folder / f"{node}{run}"
        folder.mkdir()
        texts = " ".join(f'value: "{value}"' for value in values)
        (folder / "schema.pbtxt").write_text(f'feature {{ name: "p" type: BYTES string_domain {{ {texts} }} }}')
        schema = recorder.artifact(run, "schema", "Schema", str(folder))
        recorder.node(run, node, {}, {"schema": schema})
    versions = recorder.lineage.schema_history("small").versions
    assert [(one.node, one.run, one.first, list(map(str, one.changes or ()))) for one in versions] == [
        ("A", "1", True, []),
        ("B", "2", True, []),
        ("B", "4", False, ["p: domain gained 'z'"]),
    ]


def test_schemas_that_are_derived_of_another_pipeline_or_made_by_nothing_are_left_out(recorder: Recorder) -> None:
    own = recorder.schema("1", "Cash")
    derived = recorder.artifact("1", "derived", "Schema")
    recorder.node("1", "Derive", {"schema": own}, {"derived": derived})
    recorder.artifact("2", "alone", "Schema")
    others = recorder.artifact("3", "others", "Schema")
    recorder.node("3", "Schema", {}, {"schema": others}, pipeline="other")
    assert [one.artifact for one in recorder.lineage.schema_history("small").versions] == [own]
    assert [one.artifact for one in recorder.lineage.schema_history("other").versions] == [others]


def test_a_pipeline_without_schemas_says_so_and_one_that_is_none_is_refused(recorder: Recorder) -> None:
    recorder.data("1")
    history = recorder.lineage.schema_history("small")
    assert history.sections() == [Section("small", ("no schema was recorded",))]
    with pytest.raises(UnknownNameError, match="did you mean 'small'"):
        recorder.lineage.schema_history("smal")
