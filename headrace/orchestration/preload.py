"""The warm server of runs, and what it imports: libraries, never a user's modules."""

from headrace.acceleration import stand_ins
from headrace.settings import Settings
from headrace.warm_server.client import WarmServer

PRELOAD = (
    "headrace.orchestration.late_imports",
    "headrace.orchestration.definition",
    "headrace.orchestration.executors",
    "headrace.orchestration.planning",
    "tfx.components",
    "tfx.components.schema_gen.import_schema_gen.component",
    *stand_ins.MODULES,
)


def warm_server(settings: Settings) -> WarmServer:
    """The server that forked this process, if it did; or else the user's, or one that ends with it, as is set."""
    if server := WarmServer.of_this_process():
        return server
    return WarmServer.shared(PRELOAD) if settings.server else WarmServer.private(PRELOAD)
