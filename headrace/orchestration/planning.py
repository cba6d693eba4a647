"""Plans the pipeline that a file defines, with all that a run of it would check and bind."""

from pathlib import Path

from headrace.metadata import MetadataStore
from headrace.metadata.store import ConnectionConfig
from headrace.orchestration.compilation import bind_parameters, connection_config, set_cache
from headrace.orchestration.definition import defined
from headrace.orchestration.graph import graph_of
from headrace.orchestration.output import quietly
from headrace.orchestration.pipeline_checks import check_nodes, check_pipeline, check_types
from headrace.orchestration.plan import Plan, plan
from headrace.orchestration.preflight import check_inputs
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings

_RUN_ID = "planned"  # of a run that never is


def plan_definition(path: Path, settings: Settings, request: RunRequest) -> Plan:
    """Plans the pipeline that the file at `path` defines; makes no store and no home where there are none.

    Raises:
        DefinitionError: the file fails, or runs no pipeline.
        UserError: something cannot be as it is asked for; a run would be refused for the same reason.
    """
    with defined(path, settings) as definition:
        own, compiled = definition.runner.settings, definition.pipeline
        check_pipeline(compiled)
        bind_parameters(compiled, _RUN_ID, request.parameters)
        check_inputs(compiled)
        with quietly():
            nodes = graph_of(compiled, own)
            check_nodes(nodes)
        set_cache(nodes, request)
        store = _open(connection_config(nodes[0].deployment, own))
        if store:
            check_types(nodes, store)
        with quietly():
            return plan(compiled.pipeline_info.id, nodes, store)


def _open(config: ConnectionConfig) -> MetadataStore | None:
    """The store, or None: where a SQLite file is not there, none is made."""
    file = config.sqlite.filename_uri
    return None if file and not Path(file).exists() else MetadataStore.connect(config)
