"""What a pipeline itself says of the values of its RuntimeParameters, asked before anything runs."""

from collections.abc import Callable, Mapping
from typing import Any

from headrace.errors import ParameterError, UserError, typed

ParameterCheck = Callable[[Any], object]  # of a value; raises a UserError, or returns whatever it likes


def check_parameters(values: Mapping[str, int | float | str], checks: Mapping[str, ParameterCheck]) -> None:
    """Has each value checked that there is a check for.

    Raises:
        ParameterError: names the parameter, and says what its check says.
    """
    for name, check in checks.items():
        if name not in values:
            continue
        try:
            check(values[name])
        except UserError as error:
            raise ParameterError(
                f"the parameter {name!r} cannot be {values[name]!r}",
                why=": ".join(part for part in (error.what, error.why) if part),
                next_step=error.next_step or f"give it another value with {typed('--set', f'{name}=VALUE')}",
            ) from error
