"""What the tests have done in processes of a warm server."""

import atexit
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import typing
from pathlib import Path


def tell_where_it_is() -> None:
    sys.stdin.readline()
    print(os.getcwd(), os.environ["ASKED"], sys.path[0], oct(os.umask(0)), len(os.sched_getaffinity(0)))
    print("to stderr", file=sys.stderr)


def tell_what_it_ignores(file: int) -> None:
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
    write(file, " ".join(number.name for number in numbers if signal.getsignal(number) is signal.SIG_IGN))


def write(file: int, text: str) -> None:
    os.write(file, text.encode())


def tell_its_parent(file: int) -> None:
    write(file, f"{os.getppid()}\n")


def end(how: str) -> None:
    if how == "exit":
        sys.exit(3)
    if how == "words":
        sys.exit("enough")
    if how == "raise":
        raise ValueError("no trips")
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)


def fork_and_leave_first(file: int, code: int) -> None:
    """The child goes on when its parent has ended, and says whether somebody interrupted it."""
    if os.fork():
        write(file, "parent ")
        return
    try:
        write(file, "waits ")
        time.sleep(1 if code < 128 else 60)
        write(file, "child")
    except KeyboardInterrupt:
        write(file, "interrupted")
    sys.exit(code)


def start_and_leave(file: int) -> None:
    subprocess.Popen(["false"])
    subprocess.Popen(["sleep", "60"])
    write(file, "left")


def import_mine(file: int) -> None:
    import mine  # type: ignore[import-not-found]

    write(file, mine.VALUE)


def leave_in_good_order(file: int) -> None:
    atexit.register(write, file, "handler")
    threading.Timer(0.1, write, (file, "thread ")).start()


def draw(file: int) -> None:
    import numpy as np

    write(file, f"{random.random()} {np.random.random()} ")


def look_for_traces_of_the_import(file: int) -> None:
    write(file, f"{'compile' in vars(typing)} {gc.isenabled()} {typing.get_args(typing.Optional['int'])[0]}")


def wait_for_a_signal(sign: str) -> None:
    def leave(number: int, frame: object) -> None:
        Path(sign).write_text(signal.Signals(number).name)
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    Path(sign).write_text("waits")
    time.sleep(60)


def start_another_and_wait(sign: str) -> None:
    pid = os.fork()
    if pid:
        Path(sign).write_text(str(pid))
    time.sleep(60)


def ask_for_another(file: int) -> None:
    from headrace.warm_server.client import WarmServer

    server = WarmServer.of_this_process()
    assert server is not None
    process = server.start("another", tell_its_parent, files=(0, 1, 2, file))
    process.wait()
    tell_its_parent(file)
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    write(file, str(WarmServer.of_this_process()))
