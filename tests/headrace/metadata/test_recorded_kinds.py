import json

import pytest

from headrace.metadata import properties as names
from headrace.metadata.recorded_kinds import is_damaged
from headrace.metadata.records import Property

KEY = {"inputs": {}, "parameters": {}, "code": {}, "executor": "", "definition": ""}
RIGHT: list[tuple[str, Property]] = [
    (names.WALL_SECONDS, 1.5),
    (names.PEAK_MEMORY_BYTES, 2**40),
    (names.KEY, json.dumps(KEY)),
    (names.OUTPUTS, '{"model/0": "5d41402abc4b2a76"}'),
    (names.INPUT_FILES, '{"single_split": [["/data/a.csv", 7, 1764540000000000000]]}'),
    (names.ROWS, '{"train": 3}'),
    (names.VERSIONS, '{"tfx": "1.21.0"}'),
    (names.PARAMETERS, '{"span": 3}'),
    (names.BASIS, "{}"),
]


@pytest.mark.parametrize(("name", "value"), [*RIGHT, (names.BASIS, ""), ("span", "[1]"), (names.USER, "{")])
def test_what_headrace_writes_is_not_damaged_nor_is_what_others_write(name: str, value: Property) -> None:
    assert not is_damaged(name, value)


@pytest.mark.parametrize("name", [name for name, _ in RIGHT])
@pytest.mark.parametrize("value", ["{", "[1]", "[[1, 2]]", "3x"])
def test_a_value_that_headrace_does_not_write_is_damaged(name: str, value: str) -> None:
    assert is_damaged(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (names.INPUT_FILES, '{"a": [["b", 1]]}'),
        (names.ROWS, '{"a": "b"}'),
        (names.KEY, '{"inputs": {}}'),
        (names.ROWS, 3),
        (names.WALL_SECONDS, True),
        (names.CPU_SECONDS, "1.5"),
        (names.VERSIONS, '{"tfx": 1}'),
        (names.INPUT_FILES, '{"a": [["b", 1, "2"]]}'),
        (names.INPUT_FILES, '{"a": "b"}'),
        (names.INPUT_FILES, '{"a": [["b", 1, 2], ["c", 1]]}'),
        (names.KEY, '{"inputs": {}, "parameters": {}, "code": []}'),
        (names.PARAMETERS, "3"),
    ],
)
def test_json_of_another_shape_is_damaged(name: str, value: Property) -> None:
    assert is_damaged(name, value)
