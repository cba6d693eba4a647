"""What InfraCheck found, in words and once it is read again."""

from pathlib import Path

import pytest

from headrace.contents.serving_check import ServingCheck, read_serving_check

BLESSED = ServingCheck(True, "", 1234, 40, 2.5, 9.75, 1800.4, 1500, 0.00012)


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (
            BLESSED,
            "Blessed as served: 1,234 requests, 2.5 ms for one example, 1,800 MiB of memory; "
            "1,500 as in training, to 0.00012",
        ),
        (
            ServingCheck(True, requests=2),
            "Blessed as served: 2 requests, 0 ms for one example, 0 MiB of memory; "
            "not compared with training, for no model_run was given",
        ),
        (ServingCheck(False, "it hangs", 5), "Not blessed as served: it hangs"),
    ],
)
def test_a_check_is_told_in_a_line(check: ServingCheck, told: str) -> None:
    assert check.text == told


@pytest.mark.parametrize(
    ("check", "marks"),
    [(BLESSED, {"INFRA_BLESSED"}), (ServingCheck(False, "it hangs"), {"INFRA_NOT_BLESSED"})],
)
def test_a_check_is_written_as_an_infra_validator_leaves_it(
    check: ServingCheck, marks: set[str], tmp_path: Path
) -> None:
    check.write(tmp_path / "new")
    assert read_serving_check(tmp_path / "new") == check
    assert {one.name for one in (tmp_path / "new").iterdir()} == {"serving_check.json", *marks}
