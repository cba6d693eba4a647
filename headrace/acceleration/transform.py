"""Transform without Beam: the stock executor's graph, examples, statistics and cache."""

import shutil
from typing import Any

from tfx.components.transform import executor as stock
from tfx.components.util import udf_utils
from tfx.types import Artifact, standard_component_specs
from tfx.utils import io_utils

from headrace.acceleration.local_executor import LocalExecutor
from headrace.acceleration.transform_inputs import TransformInputs
from headrace.acceleration.transform_steps import run

_FUNCTIONS = (
    standard_component_specs.MODULE_FILE_KEY,
    standard_component_specs.MODULE_PATH_KEY,
    standard_component_specs.PREPROCESSING_FN_KEY,
    standard_component_specs.STATS_OPTIONS_UPDATER_FN_KEY,
    standard_component_specs.CUSTOM_CONFIG_KEY,
)


class Executor(LocalExecutor, stock.Executor):
    """Stands in for the stock executor; what it writes differs in the order of the examples alone."""

    def work(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Analyzes examples, saves the transform graph, and transforms examples.

        Args:
            input_dict: the stock executor's.
            output_dict: the stock executor's.
            exec_properties: the stock executor's.

        Raises:
            NotEqualError: the stock executor has to do this; nothing was written.
            Exception: what the user's functions raise.
        """
        given = TransformInputs.of(input_dict, output_dict, exec_properties)
        named = {name: exec_properties.get(name) for name in _FUNCTIONS}
        _, packages = udf_utils.decode_user_module_key(named[standard_component_specs.MODULE_PATH_KEY])
        with udf_utils.TempPipInstallContext([io_utils.ensure_local(package) for package in packages]):
            preprocessing_fn, updater = self._GetPreprocessingFn(named, {}), self._GetStatsOptionsUpdaterFn(named)
            temporary = given.graph / stock._TEMP_DIR_IN_TRANSFORM_OUTPUT
            temporary.mkdir(parents=True)
            try:
                run(given, preprocessing_fn, updater, temporary)
            finally:
                shutil.rmtree(temporary)
