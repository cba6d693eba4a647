from pathlib import Path

import pytest

from headrace.orchestration.activity import activity_of


@pytest.mark.parametrize(
    ("text", "activity"),
    [
        ("", ""),
        ("read 3/4 of the files\n", ""),
        ("Epoch 1/5\n", "epoch 1 of 5"),
        ("Epoch 1/5\n149/149 - 3s - loss: 0.3\nEpoch 2/5\n", "epoch 2 of 5"),
        ("Epoch 2/5\n149/149 - 1s - 4ms/step - loss: 0.18\n", "epoch 2 of 5, step 149 of 149"),
        ("Epoch 2/5\n\x1b[1m 40/149\x1b[0m ━━━━\r\x1b[1m 41/149\x1b[0m ━━━━", "epoch 2 of 5, step 41 of 149"),
        ("INFO: 5,000 examples so far\nINFO: 15,002 examples so far\n", "15,002 examples so far"),
        ("x" * 10_000 + "\nEpoch 3/3\n", "epoch 3 of 3"),
    ],
)
def test_the_newest_epoch_and_step_or_count_of_a_log_are_told(tmp_path: Path, text: str, activity: str) -> None:
    log = tmp_path / "Trainer.log"
    log.write_text(text)
    assert activity_of(log) == activity


def test_a_node_that_has_not_logged_yet_has_no_activity(tmp_path: Path) -> None:
    assert activity_of(tmp_path / "none.log") == ""
