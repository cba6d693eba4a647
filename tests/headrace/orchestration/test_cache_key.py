import pytest
from tfx.proto.orchestration.executable_spec_pb2 import (
    BeamExecutableSpec,
    ContainerExecutableSpec,
    PythonClassExecutableSpec,
)
from tfx.proto.orchestration.pipeline_pb2 import PipelineNode
from tfx.types.standard_artifacts import Examples, Model

from headrace.orchestration.cache_key import Spec, key_parts, with_code, without_code

PYTHON = PythonClassExecutableSpec(class_path="steps.Make_Executor", extra_flags=["--own"])
BEAM = BeamExecutableSpec(python_executor_spec=PYTHON, beam_pipeline_args=["--runner=FnApiRunner"])
CONTAINER = ContainerExecutableSpec(image="python")


@pytest.mark.parametrize("spec", [PYTHON, BEAM], ids=["python", "beam"])
def test_code_goes_into_a_copy_and_comes_out_again(spec: Spec) -> None:
    before = spec.SerializeToString()
    marked = with_code(spec, "digest")
    assert marked.SerializeToString() != before
    assert with_code(marked, "other") == with_code(spec, "other")
    assert without_code(marked) == spec
    assert spec.SerializeToString() == before


def test_without_python_code_the_specification_stays_as_it_is() -> None:
    assert with_code(CONTAINER, "digest") == CONTAINER
    assert with_code(PYTHON, "") == PYTHON


def test_parts_hold_what_the_key_is_made_of() -> None:
    examples = Examples()
    examples.id = 4
    node = PipelineNode()
    node.node_info.id = "Trainer"
    parts = key_parts(node, with_code(BEAM, "digest"), {"a.py": "sha"}, {"examples": [examples]}, {}, {"n": 1})
    assert parts.inputs == {"examples": ("4",)}
    assert parts.parameters == {"n": "1"}
    assert parts.code == {"a.py": "sha"}
    assert parts.executor == "steps.Make_Executor --own --runner=FnApiRunner"


def test_another_kind_of_output_is_another_definition_and_another_place_is_not() -> None:
    def definition(output: Model | Examples, uri: str) -> str:
        output.uri = uri
        return key_parts(PipelineNode(), PYTHON, {}, {}, {"out": [output]}, {}).definition

    assert definition(Model(), "/1") == definition(Model(), "/2")
    assert definition(Model(), "/1") != definition(Examples(), "/1")
