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


@pytest.mark.parametrize("name", ["span", "version"])
def test_a_new_span_or_version_is_data(name: str) -> None:
    [change] = changes(KeyParts(parameters={name: "1"}), KeyParts(parameters={name: "2"}))
    assert change == Change(Category.DATA, name, "1 -> 2")
    assert str(change) == f"data {name}: 1 -> 2"


@pytest.mark.parametrize(
    ("before", "now", "detail"),
    [
        ("split:train,num_files:1,total_bytes:9", None, "split:train,num_files:1,total_bytes:9 -> none"),
        (None, "split:train,num_files:1,total_bytes:9", "none -> split:train,num_files:1,total_bytes:9"),
        (
            "split:train,num_files:1,total_bytes:9",
            "split:eval,num_files:2,total_bytes:8",
            "split eval none -> 2 files of 8 bytes, split train 1 file of 9 bytes -> none",
        ),
        ("split:train,num_files:1", "split:train,total_bytes:9", "split train 1 file of ? bytes -> ? files of 9 bytes"),
        ("split:train", "split:train\n", "changed"),
    ],
)
def test_a_fingerprint_is_told_split_by_split(before: str | None, now: str | None, detail: str) -> None:
    keys = (KeyParts(parameters={} if one is None else {"input_fingerprint": one}) for one in (before, now))
    assert changes(*keys) == (Change(Category.DATA, "input_fingerprint", detail),)


def test_long_values_are_shortened_in_the_middle() -> None:
    exact, long = "a" * 60, "b" * 30 + "c" * 31
    [change] = changes(KeyParts(parameters={"text": exact}), KeyParts(parameters={"text": long}))
    assert change.detail == f"{exact} -> {'b' * 30}...{'c' * 30}"
    [back] = changes(KeyParts(executor=long), KeyParts(executor=exact))
    assert back == Change(Category.EXECUTOR, "", f"{'b' * 30}...{'c' * 30} -> {exact}")


@pytest.mark.parametrize(
    ("before", "now", "detail"),
    [
        (None, "2", "none -> 2"),
        ("1", None, "1 -> none"),
        ('{"a": 1}', "2", '{"a": 1} -> 2'),
        ("[1]", '{"a": 1}', '[1] -> {"a": 1}'),
        ('{"a": 1, "b": "x"}', '{"b": "y", "c": null}', "a 1 -> none, b x -> y"),
        ('{"a": 1}', '{"a":1}', '{"a": 1} -> {"a":1}'),
    ],
)
def test_a_parameter_is_told_as_it_was_and_is_and_an_object_by_its_fields(
    before: str | None, now: str | None, detail: str
) -> None:
    keys = (KeyParts(parameters={} if one is None else {"n": one}) for one in (before, now))
    assert changes(*keys) == (Change(Category.PARAMETER, "n", detail),)


def test_a_package_that_comes_or_goes_is_told_by_its_version() -> None:
    without, with_it = KeyParts(), KeyParts(code={"package tfx": "1"})
    assert [str(one) for one in changes(without, with_it)] == ["code package tfx: none -> 1"]
    assert [str(one) for one in changes(with_it, without)] == ["code package tfx: 1 -> none"]


def test_a_change_without_a_name_or_words_is_told_by_its_kind() -> None:
    told = [Change(Category.CACHE, ""), Change(Category.NEW, "", "first run"), Change(Category.UPSTREAM, "Gen")]
    assert list(map(str, told)) == ["cache", "new: first run", "upstream Gen"]


def test_changes_are_told_in_the_order_of_their_parts_and_names() -> None:
    before = KeyParts({"x": ("1",)}, {"b": "1", "span": "1", "a": "1"}, {"m.py": "1", "c.py": "1"}, "e", "d")
    now = KeyParts({"x": ("2", "3")}, {"b": "2", "span": "2", "a": "2"}, {"m.py": "2", "c.py": "2"}, "f", "g")
    assert list(map(str, changes(before, now))) == [
        "parameter a: 1 -> 2",
        "parameter b: 1 -> 2",
        "data span: 1 -> 2",
        "code c.py: changed",
        "code m.py: changed",
        "input x: 1 -> 2, 3",
        "executor: e -> f",
        "definition: the node's type or its declared outputs changed",
    ]


def test_several_parts_are_several_changes() -> None:
    now = replace(PARTS, parameters={}, code={}, inputs={})
    assert {one.category for one in changes(PARTS, now)} == {Category.PARAMETER, Category.CODE, Category.INPUT}
