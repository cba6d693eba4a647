"""Ends this process when its parent ends, however that ends, and by no signal to a group; importing it is enough.

The warm server imports it, and each node's process calls it: so no process outlives its run.
"""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def die_with_the_parent() -> None:
    """Asks the kernel for SIGKILL when the parent dies; a fork does not inherit this.

    In a group of its own: a signal to the orchestrator's group is for the orchestrator alone
    to act on, and what this process starts itself can be ended with it.
    """
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


die_with_the_parent()
