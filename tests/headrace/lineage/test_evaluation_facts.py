"""The verdict on a model, in a line."""

from datetime import UTC, datetime

from headrace.contents.validation import BASELINE, Check
from headrace.lineage.evaluations import EvaluationFacts


def test_a_verdict_tells_values_from_changes_and_from_what_was_not_measured() -> None:
    failures = (
        Check((), "auc", 0.91, "at least 0.92", held=False),
        Check((), "auc", -0.01, f"change of at least -0.003 {BASELINE}", held=False, is_change=True),
        Check((("payment", "Coin"),), "auc", None, "at least 0.9", held=False),
    )
    judged = EvaluationFacts(1, "1", datetime.now(UTC), 2, 3, blessed=False, metrics={}, failures=failures)
    assert judged.verdict == (
        "not blessed: overall: auc 0.91, asked: at least 0.92; "
        f"overall: auc changed by -0.01, asked: at least -0.003 {BASELINE}; "
        "payment = Coin: auc was not measured, asked: at least 0.9"
    )
