"""What Ctrl-C and SIGTERM do for a while."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def handled_by(stop: Handler) -> Iterator[None]:
    """Has `stop` called on either, but for one that this process was started to ignore, as by a script with `&`.

    In another thread than the main one, where Python takes no handlers, nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    saved = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)
