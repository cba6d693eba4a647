"""The warm server of runs, and what it imports: libraries, never a user's modules."""

from headrace.acceleration import stand_ins
from headrace.warm_server.client import WarmServer

PRELOAD = (
    "headrace.orchestration.late_imports",
    "headrace.orchestration.definition",
    "headrace.orchestration.executors",
    "headrace.orchestration.planning",
    "tfx.components",
    "tfx.components.schema_gen.import_schema_gen.component",
    "tfx.v1",
    *stand_ins.MODULES,
)


def warm_server(shared: bool) -> WarmServer:
    """The server that forked this process, if one did; or else the user's shared one, or one that ends with this."""
    if server := WarmServer.of_this_process():
        return server
    return WarmServer.shared(PRELOAD) if shared else WarmServer.private(PRELOAD)
