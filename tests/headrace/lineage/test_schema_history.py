"""Which schema brought what."""

import json

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
