"""The one way an accelerated executor says that it is not the one to do this work."""

from headrace.errors import HeadraceError

READ_BY_ARROW = "read it by the component ArrowExampleGen of components/arrow_example_gen"


class NotEqualError(HeadraceError):
    """The same answer as the stock executor's cannot be promised: let the stock one do it.

    Raised before anything was written, so the stock executor finds the outputs untouched. What is known to be beyond
    that one as well names in `next_step` what can do it: that is shown if the stock executor fails.
    """
