"""Ends this process when its parent ends, however that ends; importing it is enough.

The warm server imports it, and each node's process calls it: so no process outlives its run.
"""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def die_with_the_parent() -> None:
    """Asks the kernel for SIGKILL when the parent dies; a fork does not inherit this."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


die_with_the_parent()
