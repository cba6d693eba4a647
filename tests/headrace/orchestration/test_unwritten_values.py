from pathlib import Path

import pytest
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.types.standard_artifacts import Integer, String

from headrace.orchestration.unwritten_values import unwritten


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("Count/total/7/value", "Count wrote nothing into total"),
        ("elsewhere", "nothing was written into the input number"),
    ],
)
def test_a_value_that_was_never_set_is_told_by_the_node_that_was_to_set_it(
    tmp_path: Path, place: str, sentence: str
) -> None:
    number = Integer()
    number.uri = str(tmp_path / place)
    Path(number.uri).parent.mkdir(parents=True, exist_ok=True)
    Path(number.uri).touch()
    info = ExecutionInfo(input_dict={"number": [number]})
    assert unwritten(info) == [sentence]
    number.value = 3
    assert unwritten(info) == []


def test_an_empty_text_and_none_were_set(tmp_path: Path) -> None:
    texts = []
    for number, value in enumerate(("", None)):
        text = String()
        text.uri = str(tmp_path / str(number))
        text.value = value
        texts.append(text)
    assert unwritten(ExecutionInfo(input_dict={"texts": texts})) == []
