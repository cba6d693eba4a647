"""Every command of the README is run by a test, which has it from `from_readme`."""

from tests.conftest import readme_commands

# How a command begins, and what runs it.
RUN_BY = {
    "make demo": "is `headrace run taxi`, see test_the_demo_is_the_taxi_run",
    "make test": "runs this very test",
    "source .venv/bin/activate": "is what the fixture `command` does to the path",
    "headrace run taxi --set": "test_taxi_variants.py",
    "headrace run taxi": "conftest.py, the run that all share",
    "headrace run flights --set": "test_flights.py",
    "headrace run flights --span": "test_flights.py",
    "headrace run path/to/your_pipeline.py": "test_stock_pipelines.py",
    "headrace run taxi --resume": "test_taxi_parts.py",
    "headrace run taxi --only": "test_taxi_parts.py",
    "headrace plan taxi": "test_taxi_parts.py",
    "headrace runs list": "test_taxi_parts.py",
    "headrace lineage trace": "test_what_taxi_came_from.py",
    "headrace lineage open": "test_lineage_page.py",
    "headrace lineage impact": "test_what_taxi_came_from.py",
    "headrace lineage diff": "test_what_taxi_came_from.py",
    "headrace lineage live": "test_what_taxi_came_from.py",
    "headrace lineage features": "test_what_taxi_came_from.py",
    "headrace lineage card": "test_model_card.py",
    "headrace lineage schema": "test_what_taxi_came_from.py",
    "headrace lineage export": "test_taxi_as_openlineage.py",
    "tfx pipeline create": "test_taxi_variants.py",
    "tfx run create": "test_taxi_variants.py",
}


def test_no_command_of_the_readme_is_left_out() -> None:
    for command in readme_commands():
        assert any(command.startswith(start) for start in RUN_BY), command
    for start in RUN_BY:
        assert any(command.startswith(start) for command in readme_commands()), start
