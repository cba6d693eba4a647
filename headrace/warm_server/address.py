"""Where a user's warm server listens: a socket in the kernel's abstract namespace, named after the environment.

Such a socket has no file: it is gone with its process, nothing stale is left behind, and of two that start
a server at once one gets the name. Anybody may connect, so both sides ask the kernel who the other is.
"""

import hashlib
import os
import resource
import socket
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from headrace.warm_server import messages

_PREFIX = "headrace"
# What libraries read while they are imported: a process that has other values needs another server.
_READ_AT_IMPORT = (
    "ABSL_", "CUDA_", "GRPC_", "KERAS_", "KMP_", "LANG", "LC_", "LD_", "MALLOC_", "MKL_", "NVIDIA_", "OMP_",
    "OPENBLAS_", "PYTHON", "TF2_", "TF_", "TFX_", "XLA_",
)  # fmt: skip
# What importing TFX leaves behind. Where only that set them, a server has to find them unset, as TFX did.
SET_BY_IMPORT = {
    "KMP_DUPLICATE_LIB_OK": "True", "KMP_INIT_AT_FORK": "FALSE", "TF2_BEHAVIOR": "1", "TF_USE_LEGACY_KERAS": "1",
}  # fmt: skip

imports_here = True  # not in a process that was forked with everything imported: it has the variables of who asked


def address(preload: Sequence[str]) -> str:
    """The address of this user's server for this environment, the code that is in it now, and what is preloaded."""
    return f"{environment()}-{_hash([*preload, *_code()])}"


def addresses(of: str) -> list[str]:
    """Where this user's servers of an installation, or for an environment of it, listen now."""
    start = f"@{of}-"
    names = (line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    return sorted({name[1:] for name in names if name.startswith(start)})


def stopped_listener(name: str) -> int | None:
    """The process that listens at an address, if somebody stopped it (SIGSTOP): it would answer no more."""
    lines = (line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    sockets = {f"socket:[{line[6]}]" for line in lines if line[-1] == f"@{name}"}
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        with suppress(OSError):  # it ended, or is another user's
            if is_stopped(int(process.name)) and any(
                os.readlink(file) in sockets for file in (process / "fd").iterdir()
            ):
                return int(process.name)
    return None


def is_stopped(pid: int) -> bool:
    """Whether somebody stopped a process (SIGSTOP), so that it does nothing until it is told to go on.

    Raises:
        OSError: there is no such process.
    """
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def installation() -> str:
    """What one namespace of sockets may hold several of, and the protocol: all variables of the environment aside."""
    facts = [
        Path(messages.__file__).read_text(),
        sys.prefix,
        sys.version,
        os.readlink("/proc/self/ns/mnt"),
        os.readlink("/proc/self/ns/pid"),
    ]
    return f"{_PREFIX}-{os.getuid()}-{_hash(facts)}"


def environment() -> str:
    """The installation, and what a process keeps from its start."""
    facts = [
        f"nice {os.nice(0)}, at most {[hard for _, hard in limits().values()]}",  # a process cannot raise what it has
    ]
    facts += sorted(f"{name}={value}" for name, value in variables().items() if name.startswith(_READ_AT_IMPORT))
    return f"{installation()}-{_hash(facts)}"


def limits() -> dict[int, tuple[int, int]]:
    """This process' resource limits, soft and hard, by the numbers of `resource.RLIMIT_*`."""
    numbers = sorted({value for name, value in vars(resource).items() if name.startswith("RLIMIT_")})
    return {number: resource.getrlimit(number) for number in numbers}


def variables() -> dict[str, str]:
    """The environment variables of this process, but for those that importing TFX has set since its start."""
    from_the_start = Path("/proc/self/environ").read_bytes().split(b"\0")
    return {
        name: value
        for name, value in os.environ.items()
        if not imports_here or SET_BY_IMPORT.get(name) != value or os.fsencode(f"{name}={value}") in from_the_start
    }


def private_address(kind: str = "private") -> str:
    """An address that nobody else knows; it begins with what kind of server listens there."""
    return f"{_PREFIX}-{kind}-{os.urandom(16).hex()}"


def kernel_name(name: str) -> bytes:
    """An address as `socket.bind` and `socket.connect` take it."""
    return b"\0" + name.encode()


def is_mine(connection: socket.socket) -> bool:
    """Whether the process at the other end is this user's."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1] == os.getuid()


def _code() -> Iterator[str]:
    """What changes when a package is installed or removed, or Headrace itself is edited."""
    for entry in sys.path:
        if entry.endswith("-packages"):
            yield from sorted(found.name for found in os.scandir(entry) if found.name.endswith((".dist-info", ".pth")))
    for file in sorted(Path(__file__).parents[1].rglob("*.py")):
        yield f"{file} {file.stat().st_mtime_ns}"


def _hash(facts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
