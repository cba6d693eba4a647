"""Each test runs a program of its own: what it forks must be that program, not the tests."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# The program asks a copy of itself to call `tell`, and prints what that says.
PROGRAM = """
import atexit, os, random, signal, sys, threading, time
from headrace.warm_server.copying import ProgramCopy

VALUE = 1

class Mine:
    pass

def tell(file, words):
    os.write(file, eval(words).encode())

def ask(copy, words, name="node"):
    reading, writing = os.pipe()
    process = copy.start(name, tell, words, files=(0, 1, 2, writing))
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    process.wait()
    return told
"""

Runs = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    def run(program: str, *arguments: str) -> str:
        path = tmp_path / "program.py"
        path.write_text(PROGRAM + program)
        ran = subprocess.run(
            [sys.executable, str(path), *arguments], text=True, capture_output=True, timeout=60, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


def test_a_process_has_what_the_program_had_when_it_was_copied(run: Runs) -> None:
    program = """
VALUE, made = 2, Mine()
sys.argv.append("typed")
copy = ProgramCopy.of_this_process([])
VALUE = 3
words = "f'{VALUE} {type(made) is Mine} {sys.argv[-1]} {os.getpid() == %d}'" % os.getpid()
print(ask(copy, words), ask(copy, words))
copy.close()
"""
    assert run(program).split() == ["2", "True", "typed", "False"] * 2


def test_what_the_program_does_at_its_end_and_on_a_signal_is_its_own(run: Runs) -> None:
    program = """
sys.stdout.write("once ")
atexit.register(print, "at the end")
signal.signal(signal.SIGTERM, lambda *_: print("stopped"))
copy = ProgramCopy.of_this_process([])
print(ask(copy, "str(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"))
copy.close()
"""
    assert run(program) == "once True\nat the end\n"


def test_random_numbers_follow_the_programs_seed_and_differ_from_process_to_process(run: Runs) -> None:
    program = """
import numpy
if sys.argv[1:]:
    random.seed(7), numpy.random.seed(7)
copy = ProgramCopy.of_this_process([])
words = "str((random.random(), numpy.random.random()))"
print([ask(copy, words, name) for name in ("left", "right", "left")])
"""
    seeded, unseeded = run(program, "seeded"), run(program)
    left, right, again = eval(seeded)
    assert left == again != right
    assert run(program, "seeded") == seeded
    assert run(program) != unseeded


def test_modules_are_imported_once_for_all(run: Runs) -> None:
    program = """
copy = ProgramCopy.of_this_process(["colorsys"])
print("colorsys" in sys.modules, ask(copy, "str('colorsys' in sys.modules)"))
"""
    assert run(program).split() == ["False", "True"]


@pytest.mark.parametrize("thread", ["threading.Thread(target=time.sleep, args=(9,), daemon=True).start()", NATIVE := """
import ctypes
function = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: time.sleep(9))
identity = ctypes.c_ulong()
ctypes.CDLL(None).pthread_create(ctypes.byref(identity), None, function, None)
time.sleep(0.1)
"""], ids=["of Python", "of native code"])  # fmt: skip
def test_a_program_with_another_thread_is_not_copied(run: Runs, thread: str) -> None:
    program = f"""
{thread}
print(ProgramCopy.of_this_process([]))
os._exit(sys.stdout.flush() or 0)
"""
    assert run(program) == "None\n"


def test_the_copy_ends_with_the_program_however_that_ends(run: Runs) -> None:
    program = """
copy = ProgramCopy.of_this_process([])
process = copy.start("node", time.sleep, 600)
print(copy._pid, process.pid, flush=True)
os._exit(0)
"""
    pids = [int(pid) for pid in run(program).split()]
    for _ in range(600):
        left = [pid for pid in pids if _lives(pid)]
        if not left:
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert left == []


def test_a_copy_that_was_killed_is_named(run: Runs) -> None:
    program = """
from headrace.errors import HeadraceError
copy = ProgramCopy.of_this_process([])
os.kill(copy._pid, signal.SIGKILL)
try:
    ask(copy, "'too late'")
except HeadraceError as error:
    print(error.what)
copy.close()
"""
    assert run(program) == "the process that nodes are forked from is gone\n"


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_copy_that_somebody_stopped_is_told_of_once_each_time(run: Runs) -> None:
    program = """
import queue
from headrace.warm_server import copying
copying.LOOK_SECONDS = 0.02
told = queue.Queue()
copy = ProgramCopy.of_this_process([])
pid = int(ask(copy, "str(os.getppid())"))
with copy.watched(told.put):
    for _ in range(2):
        os.kill(pid, signal.SIGSTOP)
        print(told.get().replace(str(pid), "PID"))
        os.kill(pid, signal.SIGCONT)
        print(ask(copy, "'goes on'"))
        time.sleep(0.2)
print(told.qsize())
copy.close()
"""
    note = "process PID, which nodes are forked from, is stopped, and the run waits for it; to go on: kill -CONT PID"
    assert run(program).splitlines() == [note, "goes on"] * 2 + ["0"]
