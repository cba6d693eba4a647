import pytest

from headrace.errors import UserError
from headrace.scaffold.names import LONGEST, check_name, class_name


@pytest.mark.parametrize("name", ["a", "row_count", "v2", "top_10", "a" * LONGEST])
def test_what_python_and_people_can_read_is_a_name(name: str) -> None:
    check_name("component", name)


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("RowCount", "row_count"),
        ("row-count", "row_count"),
        ("Row Count!", "row_count"),
        ("2nd_gate", "nd_gate"),
        ("row__count_", "row_count"),
        ("class", "my_class"),
        ("a" * (LONGEST + 1), "a" * LONGEST),
        ("../elsewhere", "elsewhere"),
    ],
)
def test_what_is_no_name_is_refused_with_one_like_it(name: str, suggested: str) -> None:
    with pytest.raises(UserError) as raised:
        check_name("component", name)
    assert raised.value.next_step == f"headrace new component {suggested}"
    check_name("component", suggested)


@pytest.mark.parametrize("name", ["", "7", "_", "ü"])
def test_where_nothing_is_like_it_nothing_is_suggested(name: str) -> None:
    with pytest.raises(UserError) as raised:
        check_name("pipeline", name)
    assert raised.value.next_step == ""


def test_a_class_is_named_after_its_folder() -> None:
    assert class_name("row_count_v2") == "RowCountV2"
