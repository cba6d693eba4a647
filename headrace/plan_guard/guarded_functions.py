"""Functions that remove, move or change files, guarded: they leave alone what is the user's.

Each has the name and the module of what it stands in for, by which it is pickled.
"""

import functools
import importlib
import inspect
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from headrace.plan_guard.destructive_commands import is_destructive
from headrace.plan_guard.left_alone import LeftAlone, has_mode
from headrace.plan_guard.places import place_of

_TENSORFLOW = "tensorflow.python.lib.io._pywrap_file_io"  # what all its functions for files call
_GUARDED = "from headrace.plan_guard.guarding import leave_alone_until_exit as f; f({modules}); "
_NEW_PYTHONS = "from multiprocessing."  # how programs begin that multiprocessing starts

Stock = Callable[..., Any]


class GuardedFunctions:
    """Takes the places of functions, until `end`."""

    def __init__(self, guard: LeftAlone) -> None:
        """Takes them now; those of TensorFlow, if it has been imported."""
        self._guard = guard
        self._by_stock: dict[int, Stock] = {}  # the same function has two names, `os.remove` and `posix.remove`
        self._replaced: list[tuple[Any, str, Stock]] = []
        table: dict[str, dict[str, Any]] = {
            "os": {
                "_exit": self._exit,
                "chmod": self._chmod,
                "chown": self._chown,
                "link": self._link,
                "mkdir": self._mkdir,
                "posix_spawn": self._spawn,
                "posix_spawnp": self._spawn,
                "remove": self._remove,
                "rename": self._rename,
                "replace": self._rename,
                "rmdir": self._rmdir,
                "symlink": self._link,
                "system": self._system,
                "unlink": self._remove,
            },
            "shutil": {"rmtree": self._rmtree},
            "atexit": {"register": self._at_exit},
            "multiprocessing.util": {"spawnv_passfds": self._new_python},
        }
        table["posix"] = table["os"]
        for module, functions in table.items():
            for name, guarded in functions.items():
                self._replace(importlib.import_module(module), name, guarded)
        self._replace(subprocess.Popen, "__init__", self._popen)
        self._replace_tensorflows()

    def end(self) -> None:
        """Puts back what was there."""
        while self._replaced:
            owner, name, stock = self._replaced.pop()
            setattr(owner, name, stock)

    def _replace(self, owner: Any, name: str, guarded: Any) -> None:
        stock = getattr(owner, name)

        @functools.wraps(stock)
        def replacement(*arguments: Any, **options: Any) -> Any:
            if self._guard.is_ours or not self._replaced:  # somebody holds it still, once it has ended
                return stock(*arguments, **options)
            return guarded(stock, *arguments, **options)

        self._replaced.append((owner, name, stock))
        setattr(owner, name, self._by_stock.setdefault(id(stock), replacement))

    def _replace_tensorflows(self) -> None:
        if "tensorflow" in sys.modules:
            module = importlib.import_module(_TENSORFLOW)
            for name, guarded in {
                "CopyFile": self._copy,
                "CreateDir": self._mkdir,
                "DeleteFile": self._remove,
                "DeleteRecursively": self._delete_recursively,
                "RecursivelyCreateDir": self._mkdir,
                "RenameFile": self._rename_file,
                "WritableFile": self._writable_file,
            }.items():
                self._replace(module, name, guarded)

    def _remove(self, stock: Stock, path: Any, *, dir_fd: int | None = None) -> Any:
        place = place_of(path, dir_fd)
        if not self._guard.is_users(place) or (os.path.isdir(place) and not os.path.islink(place)):
            return stock(path, **_given(dir_fd=dir_fd))
        return self._guard.spare(f"removes {place}", place)

    def _rmdir(self, stock: Stock, path: Any, *, dir_fd: int | None = None) -> Any:
        place = place_of(path, dir_fd)
        is_folder = self._guard.is_users(place) and os.path.isdir(place) and not os.path.islink(place)
        if not is_folder or not all(self._guard.is_gone(os.path.join(place, one)) for one in os.listdir(place)):
            return stock(path, **_given(dir_fd=dir_fd))
        return self._guard.spare(f"removes {place}", place)

    def _rmtree(self, stock: Stock, path: Any, *arguments: Any, **options: Any) -> Any:
        place = place_of(path, options.get("dir_fd"))
        if not self._guard.is_users(place) or not os.path.isdir(place) or os.path.islink(place):
            return stock(path, *arguments, **options)
        return self._guard.spare(f"removes {place}", place)

    def _delete_recursively(self, stock: Stock, path: Any) -> Any:
        if place_of(path) in self._guard.made and os.path.isdir(path):
            return shutil.rmtree(os.fsdecode(path))  # which follows no links, as TensorFlow does
        return self._rmtree(stock, path)

    def _rename(
        self, stock: Stock, src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> Any:
        old, new = place_of(src, src_dir_fd), place_of(dst, dst_dir_fd)
        is_possible = os.path.lexists(old) and os.path.isdir(os.path.dirname(new)) and old != new
        if is_possible and (self._guard.is_users(old) or (self._guard.is_users(new) and os.path.islink(new))):
            return self._guard.spare(f"moves {old} to {new}", old)
        self._guard.writes(new)
        return stock(src, dst, **_given(src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd))

    def _rename_file(self, stock: Stock, src: Any, dst: Any, overwrite: bool = False) -> Any:
        if os.path.lexists(dst) and not overwrite:
            return stock(src, dst, overwrite)
        return self._rename(lambda old, new: stock(old, new, overwrite), src, dst)

    def _copy(self, stock: Stock, src: Any, dst: Any, overwrite: bool = False) -> Any:
        if overwrite or not os.path.lexists(dst):
            self._guard.writes(os.path.realpath(os.fsdecode(dst)))
        return stock(src, dst, overwrite)

    def _writable_file(self, stock: Stock, path: Any, mode: Any) -> Any:
        if b"a" not in bytes(mode):
            self._guard.writes(os.path.realpath(os.fsdecode(path)))
        return stock(path, mode)

    def _mkdir(self, stock: Stock, path: Any, mode: int | None = None, *, dir_fd: int | None = None) -> Any:
        place = place_of(path, dir_fd)
        if os.path.isdir(place) and self._guard.is_made_again(place):
            return None
        self._guard.made.add(place)
        return stock(path, *([] if mode is None else [mode]), **_given(dir_fd=dir_fd))

    def _link(self, stock: Stock, src: Any, dst: Any, *arguments: Any, **options: Any) -> Any:
        place = place_of(dst, options.get("dst_dir_fd", options.get("dir_fd")))
        if self._guard.is_made_again(place):
            return None
        return stock(src, dst, *arguments, **options)

    def _chmod(self, stock: Stock, path: Any, mode: int, **options: Any) -> Any:
        place = place_of(path, options.get("dir_fd"))
        is_kept = self._guard.will_be_put_back(place) or not self._guard.is_users(place)
        if is_kept or has_mode(place, mode):
            return stock(path, mode, **options)
        return self._guard.spare(f"changes the mode of {place}")

    def _chown(self, stock: Stock, path: Any, uid: int, gid: int, **options: Any) -> Any:
        place = place_of(path, options.get("dir_fd"))
        if not self._guard.is_users(place):
            return stock(path, uid, gid, **options)
        return self._guard.spare(f"changes the owner of {place}")

    def _system(self, stock: Stock, command: Any) -> Any:
        return stock(self._command(os.fsdecode(command)) or "true")

    def _spawn(self, stock: Stock, path: Any, argv: Any, *arguments: Any, **options: Any) -> Any:
        words = self._command([os.fsdecode(one) for one in argv])
        return stock(*((path, argv) if words else ("/bin/true", ["true"])), *arguments, **options)

    def _popen(self, stock: Stock, *arguments: Any, **options: Any) -> Any:
        bound = inspect.signature(stock).bind(*arguments, **options)
        args = bound.arguments["args"]
        if isinstance(args, (str, bytes, os.PathLike)):
            line = os.fsdecode(args)
            command: str | list[str] = line if bound.arguments.get("shell") else [line]
        else:
            command = [os.fsdecode(one) for one in args]
            if bound.arguments.get("shell"):
                command = command[0]
        if not self._command(command):
            bound.arguments.update(args=["true"], shell=False, executable=None)
        return stock(*bound.args, **bound.kwargs)

    def _command(self, command: str | list[str]) -> str | list[str]:
        """The command, if it may be started; else nothing."""
        said = command if isinstance(command, str) else shlex.join(command)
        if is_destructive(command):
            self._guard.spare(f"starts `{said}`")
            return ""
        self._guard.starts(said)
        return command

    def _new_python(self, stock: Stock, path: Any, args: Any, passfds: Any) -> Any:
        """Has a process of multiprocessing's, which executes the program's file anew, leave the files alone as well."""
        begin = _GUARDED.format(modules=[name for name in ("tensorflow",) if name in sys.modules])
        words = [begin + one if str(one).startswith(_NEW_PYTHONS) else one for one in args]
        return stock(path, words, passfds)

    def _at_exit(self, stock: Stock, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return function  # what the program is to do at its end, a plan does not

    def _exit(self, stock: Stock, status: int) -> None:
        self._guard.put_back()
        stock(status)


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}
