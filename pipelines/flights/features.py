"""The columns of a flight, and what the model makes of each."""

LABEL = "late"  # 1 where the flight arrives over 15 minutes late
ARRIVAL_DELAY = "arr_delay"  # minutes, negative for an early one
LATE_MINUTES = 15

# Known only once a flight has left or landed: none of them is ever a feature.
FORBIDDEN = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")

TEXTS = ("carrier", "origin", "dest")
DATE = ("year", "month", "day")  # of them the day of the week is made; the month would be new each time
TIMES = ("sched_dep_time", "sched_arr_time")  # 1830 is half past six in the evening
# Weather at the origin in the hour of the scheduled departure: degrees Fahrenheit, per cent, millibars, miles.
LEVELS = ("temp", "dewp", "humid", "pressure", "visib")  # where one is missing, it counts as average
# Skewed amounts, of which none is recorded where there is none: miles, inches of rain, miles per hour.
AMOUNTS = ("distance", "precip", "wind_gust")
FARTHEST = 2.0  # standard deviations from the mean that levels and amounts may be
WIND_DIRECTION, WIND_SPEED = "wind_dir", "wind_speed"  # degrees, miles per hour

SERVED = (*TEXTS, *DATE, *TIMES, *LEVELS, *AMOUNTS, WIND_DIRECTION, WIND_SPEED)  # known before a flight leaves

# What preprocessing makes of them: whole numbers below a bound, and real numbers.
WEEKDAY = "weekday"
ORDER = "order"  # ascends from day to day: it puts flights in the order of time, and is no feature of the model
HOURS = {name: f"{name}_hour" for name in TIMES}
WHOLE = {WEEKDAY: 7} | dict.fromkeys(HOURS.values(), 24)
REAL = (*TIMES, *LEVELS, *AMOUNTS, "wind_north", "wind_east", "pressure_missing")


def transformed_name(feature: str) -> str:
    """The name of a feature once transformed: raw and transformed never clash."""
    return f"{feature}_xf"
