"""Collects what there is to tell, where the metadata store is at hand."""

from tfx.dsl.components.base import base_driver as component_driver
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import base_driver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput

from components.notify.news import news_of
from headrace.metadata import MetadataStore

NEWS = "news"  # the parameter it adds; with the run's id in it, so that no run takes another's from the cache


class Driver(component_driver.BaseDriver, base_driver.BaseDriver):
    """Reads the run's records; TFX wants a driver to be of both classes."""

    def __init__(self, metadata: Metadata) -> None:
        """Takes the run's metadata, not entered."""
        base_driver.BaseDriver.__init__(self, metadata)

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Puts what there is to tell into the parameters."""
        run_id = execution_info.top_level_pipeline_run_id or execution_info.pipeline_run_id
        with self._mlmd_connection as connection:
            news = news_of(MetadataStore(connection.store), run_id)
        output = DriverOutput()
        output.exec_properties[NEWS].string_value = news.to_json()
        return output
