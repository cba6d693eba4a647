from dataclasses import replace

import pytest

from headrace.metadata.changes import Category, Change, KeyParts, changes

PARTS = KeyParts(
    inputs={"examples": ("3",), "model": ("7", "8")},
    parameters={"n": "1", "custom_config": '{"epochs": 5, "units": [64, 32]}'},
    code={"model.py": "aa", "package tfx": "1.21.0", "functions": "ff"},
    executor="trainer.Executor --direct_num_workers=1",
    definition="d1",
)
FINGERPRINT = (
    "split:train,num_files:{files},total_bytes:{size},xor_checksum:{time},sum_checksum:{time}\nsplit:eval,num_files:1"
)


def test_parts_survive_being_stored() -> None:
    assert KeyParts.from_json(PARTS.to_json()) == PARTS


def test_nothing_differs_from_itself() -> None:
    assert changes(PARTS, PARTS) == ()


@pytest.mark.parametrize(
    ("now", "change"),
    [
        (replace(PARTS, parameters={**PARTS.parameters, "n": "2"}), "parameter n: 1 -> 2"),
        (
            replace(PARTS, parameters={"n": "1", "custom_config": '{"epochs": 3, "units": [64, 32]}'}),
            "parameter custom_config: epochs 5 -> 3",
        ),
        (
            replace(PARTS, parameters={"n": "1", "custom_config": '{"epochs": 5, "units": [8], "rate": 0.1}'}),
            "parameter custom_config: rate none -> 0.1, units [64, 32] -> [8]",
        ),
        (replace(PARTS, code={**PARTS.code, "model.py": "bb"}), "code model.py: changed"),
        (replace(PARTS, code={**PARTS.code, "new.py": "bb"}), "code new.py: newly used"),
        (replace(PARTS, code={**PARTS.code, "functions": "bb"}), "code functions: changed"),
        (replace(PARTS, code={**PARTS.code, "model.py": "bb", "functions": "bb"}), "code model.py: changed"),
        (replace(PARTS, code={"package tfx": "1.21.0", "functions": "ff"}), "code model.py: no longer used"),
        (replace(PARTS, code={**PARTS.code, "package tfx": "1.22.0"}), "code package tfx: 1.21.0 -> 1.22.0"),
        (replace(PARTS, inputs={**PARTS.inputs, "examples": ("9",)}), "input examples: 3 -> 9"),
        (replace(PARTS, inputs={"examples": ("3",)}), "input model: 7, 8 -> none"),
        (
            replace(PARTS, executor="other.Executor"),
            "executor: trainer.Executor --direct_num_workers=1 -> other.Executor",
        ),
        (replace(PARTS, definition="d2"), "definition: the node's type or its declared outputs changed"),
    ],
)
def test_a_change_names_the_part_and_what_it_was_and_is(now: KeyParts, change: str) -> None:
    assert [str(one) for one in changes(PARTS, now)] == [change]


@pytest.mark.parametrize(
    ("files", "size", "time", "detail"),
    [
        (2, 10, 5, "split train 1 file of 10 bytes -> 2 files of 10 bytes"),
        (1, 12, 5, "split train 1 file of 10 bytes -> 1 file of 12 bytes"),
        (1, 10, 6, "split train was written again"),
    ],
)
def test_new_data_is_told_by_its_files_and_bytes(files: int, size: int, time: int, detail: str) -> None:
    before = KeyParts(parameters={"input_fingerprint": FINGERPRINT.format(files=1, size=10, time=5)})
    now = KeyParts(parameters={"input_fingerprint": FINGERPRINT.format(files=files, size=size, time=time)})
    assert changes(before, now) == (Change(Category.DATA, "input_fingerprint", detail),)


def test_a_new_span_is_data() -> None:
    [change] = changes(KeyParts(parameters={"span": "1"}), KeyParts(parameters={"span": "2"}))
    assert str(change) == "data span: 1 -> 2"


def test_long_values_are_shortened_in_the_middle() -> None:
    [change] = changes(KeyParts(parameters={"text": "a" * 500}), KeyParts(parameters={"text": "b" * 500}))
    assert len(str(change)) < 160


def test_several_parts_are_several_changes() -> None:
    now = replace(PARTS, parameters={}, code={}, inputs={})
    assert {one.category for one in changes(PARTS, now)} == {Category.PARAMETER, Category.CODE, Category.INPUT}
