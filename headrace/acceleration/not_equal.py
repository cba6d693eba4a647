"""The one way an accelerated executor says that it is not the one to do this work."""

from headrace.errors import HeadraceError


class NotEqualError(HeadraceError):
    """The same answer as the stock executor's cannot be promised: let the stock one do it.

    Raised before anything was written, so the stock executor finds the outputs untouched.
    """
