from pathlib import Path

import pytest
from tfx.components import Transform
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Channel
from tfx.types.standard_artifacts import Examples, Schema

from headrace.errors import DefinitionError, InputDataError
from headrace.orchestration.compiler import check_definition
from tests.small_components import Number


def pipeline(*components: BaseNode) -> Pipeline:
    return Pipeline("pipeline", "/root", components=list(components))


def transform(module_file: Path) -> BaseNode:
    channels = {"examples": Channel(type=Examples), "schema": Channel(type=Schema)}
    return Transform(**channels, module_file=str(module_file))


def test_a_node_put_behind_one_that_is_not_in_the_pipeline_is_named() -> None:
    first, second = Number(value=1).with_id("First"), Number(value=2).with_id("Second")
    second.add_upstream_node(first)
    check_definition(pipeline(first, second))
    with pytest.raises(DefinitionError) as raised:
        check_definition(pipeline(second))
    assert raised.value.what == "Second is put behind First, and First is not in the pipeline"


def test_a_module_file_that_is_not_there_is_named_in_one_line_in_sub_pipelines_too(tmp_path: Path) -> None:
    (tmp_path / "module.py").touch()
    check_definition(pipeline(transform(tmp_path / "module.py")))
    for path, why in ((tmp_path / "other.py", "there is no such file"), (tmp_path, "it is a folder")):
        with pytest.raises(InputDataError) as raised:
            check_definition(pipeline(Pipeline("inner", "", components=[transform(path)])))
        assert raised.value.what == "the module_file of Transform is not there"
        assert (raised.value.where, raised.value.why) == (str(path), why)
