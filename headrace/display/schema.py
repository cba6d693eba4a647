"""A schema as a table."""

from collections.abc import Sequence

import pandas as pd

from headrace.contents.schema import FeatureSchema


def schema_frame(features: Sequence[FeatureSchema]) -> pd.DataFrame:
    """One row a feature: its type, whether it is required, values per example, domain, environments it is not in."""
    rows = [
        {
            "feature": feature.name,
            "type": feature.type,
            "required": "yes" if feature.required else "no",
            "values": feature.values,
            "domain": feature.domain,
            "not in": ", ".join(feature.not_in),
        }
        for feature in features
    ]
    columns = ["feature", "type", "required", "values", "domain", "not in"]
    return pd.DataFrame(rows, columns=columns).set_index("feature")
