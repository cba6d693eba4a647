"""Messages of packages whose import takes seconds, read without importing the package.

A generated module holds its .proto file, serialized. It is taken from the module's text into
a pool of its own: importing the module would import its package, and that TensorFlow.
"""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

_pool = descriptor_pool.DescriptorPool()


@cache
def message_class(proto: str, name: str) -> type[Message]:
    """The class of a message.

    Args:
        proto: its file, "tensorflow/core/protobuf/saved_model.proto".
        name: its full name, "tensorflow.SavedModel".

    Raises:
        ModuleNotFoundError: the package is not installed, or has no such file any more.
    """
    _add(proto)
    found: type[Message] = message_factory.GetMessageClass(_pool.FindMessageTypeByName(name))
    return found


@cache
def _add(proto: str) -> None:
    file = descriptor_pb2.FileDescriptorProto.FromString(_serialized(proto))
    for dependency in file.dependency:
        _add(dependency)
    _pool.Add(file)


def _serialized(proto: str) -> bytes:
    path = _module_of(proto)
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and _called(node) == "AddSerializedFile":
            [argument] = node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, bytes):
                return argument.value
    raise ModuleNotFoundError(f"{path} holds no serialized {proto}")


def _module_of(proto: str) -> Path:
    package, _, rest = proto.partition("/")
    spec = find_spec("google.protobuf" if package == "google" else package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"there is no package {package}, which has {proto}")
    rest = rest.removeprefix("protobuf/") if package == "google" else rest
    path = Path(spec.submodule_search_locations[0]) / f"{rest.removesuffix('.proto')}_pb2.py"
    if not path.is_file():
        raise ModuleNotFoundError(f"there is no {path}, which has {proto}")
    return path


def _called(node: ast.Call) -> Any:
    return node.func.attr if isinstance(node.func, ast.Attribute) else None
