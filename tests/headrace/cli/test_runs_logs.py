from collections.abc import Callable
from pathlib import Path

from headrace.metadata import MetadataStore, State
from headrace.settings import Settings
from tests.headrace.recording import record_artifact, record_execution, record_node

Command = Callable[..., tuple[int, str, str]]


def write_log(settings: Settings, run_id: str, name: str, text: str) -> Path:
    path = settings.log_folder("taxi", run_id) / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_nodes_log_is_printed_as_it_is(settings: Settings, store: MetadataStore, headrace: Command) -> None:
    text = "values [bold] and [red]\nno end"
    elsewhere = settings.home / "Trainer.attempt-2.log"
    elsewhere.write_text("the second attempt")
    write_log(settings, "1", "Transform", text)
    record_node(store, "1", "Transform")
    record_node(store, "1", "Trainer", log=str(elsewhere))
    assert headrace("runs", "logs", "1", "Transform") == (0, text, "")
    assert headrace("runs", "logs", "1", "Trainer") == (0, "the second attempt", "")


def test_without_a_node_the_log_of_the_only_failed_one_is_printed(
    settings: Settings, store: MetadataStore, headrace: Command
) -> None:
    for node, state in (("Transform", State.COMPLETE), ("Trainer", State.FAILED)):
        record_node(store, "1", node, state)
        write_log(settings, "1", node, f"of {node}\n")
    code, out, err = headrace("runs", "logs", "1")
    assert (code, out) == (0, "of Trainer\n")
    assert err.startswith("Trainer failed; its log, ")


def test_without_a_node_the_logs_are_listed_where_none_or_several_failed(
    settings: Settings, store: MetadataStore, headrace: Command
) -> None:
    paths = {name: write_log(settings, "1", name, "") for name in ("Trainer", "Transform", "orchestrator")}
    record_node(store, "1", "Transform")
    record_node(store, "1", "Trainer", State.CACHED)
    expected = {f"{name}\t{path}" for name, path in paths.items()}
    assert set(headrace("runs", "logs", "1")[1].splitlines()) == expected
    for node in ("Transform", "Trainer"):
        record_node(store, "1", node, State.FAILED)
    assert set(headrace("runs", "logs", "1")[1].splitlines()) == expected


def test_a_node_that_is_called_as_the_orchestrator_has_a_log_of_its_own(
    settings: Settings, store: MetadataStore, headrace: Command
) -> None:
    record_node(store, "1", "orchestrator")
    write_log(settings, "1", "%6Frchestrator", "of the node")
    write_log(settings, "1", "orchestrator", "of the run")
    assert headrace("runs", "logs", "1", "orchestrator") == (0, "of the node", "")
    assert headrace("runs", "logs", "1", "orchestrator.log") == (0, "of the run", "")


def test_a_node_without_a_log_and_a_mistyped_one_are_refused(
    settings: Settings, store: MetadataStore, headrace: Command
) -> None:
    write_log(settings, "1", "Trainer", "")
    record_node(store, "1", "CsvExampleGen", State.CACHED)
    code, _, err = headrace("runs", "logs", "1", "CsvExampleGen")
    assert code == 2
    assert "CsvExampleGen has no log in run 1\n  why: it is cached" in err
    code, _, err = headrace("runs", "logs", "1", "Trianer")
    assert code == 2
    assert "did you mean 'Trainer'?" in err


def test_of_a_node_that_the_cache_answered_for_the_run_that_worked_is_named(
    settings: Settings, store: MetadataStore, headrace: Command
) -> None:
    model = record_artifact(store, "Model", "/model")
    record_execution(store, "taxi", "1", "Trainer", outputs={"model": [model]})
    record_execution(store, "taxi", "2", "Trainer", State.CACHED, outputs={"model": [model]})
    write_log(settings, "1", "Trainer", "epochs")
    code, _, err = headrace("runs", "logs", "2", "Trainer")
    assert code == 2
    assert "what it hands on was made in run 1\n  next: headrace runs logs 1 Trainer\n" in err
