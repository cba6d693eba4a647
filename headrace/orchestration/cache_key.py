"""The cache key: TFX's own, made to hold the code; and the same in parts that can be explained.

TFX's key hashes the executor's specification as it is given to the launcher. There the
code goes in, as one more flag, and is taken out again before the executor sees it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeVar

from google.protobuf.message import Message
from tfx.proto.orchestration.executable_spec_pb2 import BeamExecutableSpec
from tfx.proto.orchestration.pipeline_pb2 import PipelineNode
from tfx.types import Artifact

from headrace.metadata.changes import KeyParts
from headrace.orchestration.code_fingerprint import python_spec, wheel_of

Spec = TypeVar("Spec", bound=Message)
ArtifactMap = Mapping[str, Sequence[Artifact]]
_FLAG = "--headrace-code="


def with_code(executor_spec: Spec, digest: str) -> Spec:
    """A copy of the specification with the code's digest in it; without Python code, just a copy."""
    marked = without_code(executor_spec)
    python = python_spec(marked)
    if python is not None and digest:
        python.extra_flags.append(_FLAG + digest)
    return marked


def without_code(executor_spec: Spec) -> Spec:
    """A copy of the specification as it was before `with_code`."""
    plain = deepcopy(executor_spec)
    python = python_spec(plain)
    if python is not None:
        python.extra_flags[:] = [flag for flag in python.extra_flags if not flag.startswith(_FLAG)]
    return plain


def key_parts(
    node: PipelineNode,
    executor_spec: Message | None,
    code: Mapping[str, str],
    inputs: ArtifactMap,
    outputs: ArtifactMap,
    parameters: Mapping[str, Any],
) -> KeyParts:
    """What TFX's cache context hashes, in parts.

    Args:
        node: the node.
        executor_spec: what executes it, with or without its code.
        code: what `code_of` found.
        inputs: the artifacts that go in.
        outputs: the skeletons of what comes out; what a driver put on them counts, their place does not.
        parameters: the node's parameters, a driver's among them.
    """
    return KeyParts(
        inputs={key: tuple(str(one.id) for one in artifacts) for key, artifacts in inputs.items()},
        # The wheel of a module file is among the code, file by file.
        parameters={name: str(value) for name, value in parameters.items() if not wheel_of(str(value))},
        code=dict(code),
        executor=_executor_text(executor_spec),
        definition=_definition(node, outputs),
    )


def _executor_text(executor_spec: Message | None) -> str:
    if executor_spec is None:
        return ""
    plain = without_code(executor_spec)
    python = python_spec(plain)
    if python is None:
        return str(plain)
    words = [python.class_path, *python.extra_flags]
    if isinstance(plain, BeamExecutableSpec):
        words += plain.beam_pipeline_args
        words += [one.value.string_value or str(one) for one in plain.beam_pipeline_args_placeholders]
    return " ".join(words)


def _definition(node: PipelineNode, outputs: ArtifactMap) -> str:
    digest = hashlib.sha256(node.node_info.SerializeToString(deterministic=True))
    for key in sorted(outputs):
        digest.update(key.encode())
        for artifact in outputs[key]:
            digest.update(artifact.artifact_type.SerializeToString(deterministic=True))
    return digest.hexdigest()[:16]
