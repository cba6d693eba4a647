"""The columns of a taxi trip, and what the model makes of each."""

LABEL = "big_tip"  # 1 where the tip is over 20 % of the fare
TIPS, FARE = "tips", "fare"  # US dollars
BIG_TIP_PERCENT = 20

# Skewed amounts: log(1 + x), then scaled to mean 0 and variance 1.
AMOUNTS = ("fare", "trip_miles", "trip_seconds")
# Where the trip went, cut into buckets of equal counts.
COORDINATES = ("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude")
COORDINATE_BUCKETS = 10
# Text, mapped to a vocabulary; what is rare or unknown shares one bucket.
TEXTS = ("payment_type", "company")
# Small whole numbers: their largest value.
NUMBERS = {
    "trip_start_hour": 23,
    "trip_start_day": 7,
    "trip_start_month": 12,
    "pickup_community_area": 77,
    "dropoff_community_area": 77,
}


def transformed_name(feature: str) -> str:
    """The name of a feature once transformed: raw and transformed never clash."""
    return f"{feature}_xf"
