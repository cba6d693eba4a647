"""What Ctrl-C, SIGTERM and a terminal that is closed do for a while."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], None]


@contextmanager
def handled_by(stop: Handler) -> Iterator[None]:
    """Has `stop` called on each, but for those that this process was started to ignore, as by nohup, or a script's `&`.

    In another thread than the main one, where Python takes no handlers, nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [one for one in _STOPPING if signal.getsignal(one) is not signal.SIG_IGN]
    saved = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)
