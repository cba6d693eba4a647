"""Anomalies as a table."""

from collections.abc import Sequence

import pandas as pd

from headrace.contents.anomalies import Anomaly

COLUMNS = ("split", "feature", "severity", "summary", "description")


def anomalies_frame(anomalies: Sequence[Anomaly]) -> pd.DataFrame:
    """One row an anomaly, errors first; where there is none, one row that says so."""
    if not anomalies:
        return pd.DataFrame({"summary": ["No anomalies: the examples are as the schema asks."]})
    ordered = sorted(anomalies, key=lambda anomaly: (anomaly.severity != "ERROR", anomaly))
    return pd.DataFrame([[getattr(anomaly, name) for name in COLUMNS] for anomaly in ordered], columns=list(COLUMNS))
