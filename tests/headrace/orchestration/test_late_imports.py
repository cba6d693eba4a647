"""What TFX's import asks for without need waits until it is used, and is then what it always was."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from headrace.orchestration import late_imports
from headrace.warm_server.address import variables

# Asked in a process that has imported what the warm server imports, and run a Beam pipeline, one after the other.
AFTER_THE_IMPORT = {
    "executed": "sorted(n for n in late_imports.LATE if type(sys.modules.get(n)) is ModuleType)",
    "imported": "[n for n in ('kubernetes', 'ipywidgets', 'matplotlib', 'jedi', 'pandas') if n in sys.modules]",
}
ONCE_USED = {
    "a wrapper": "issubclass(keras.wrappers.SKLearnClassifier, sklearn.base.ClassifierMixin)",
    "a part": "importlib.import_module('sklearn.linear_model').LogisticRegression().fit([[0], [1]], [0, 1])"
    ".n_iter_[0] > 0",
    "one module": "sys.modules['sklearn.base'] is sklearn.base and sklearn.base.__spec__.loader.name == 'sklearn.base'",
    "a metric": "importlib.import_module('rouge_score.rouge_scorer').RougeScorer(['rouge1'], use_stemmer=True)"
    ".score('walks', 'walking')['rouge1'].fmeasure == 1",
    "statistics": "importlib.import_module('scipy.stats').norm.cdf(0) == 0.5",
    "TFMA's view": "sorted(n for n in dir(tensorflow_model_analysis.view) if n.startswith('render'))",
    "a notebook's": "importlib.import_module('IPython.core.interactiveshell').InteractiveShell.__name__",
    "not in a notebook": "importlib.import_module('IPython').get_ipython() is None",
    "a message": "importlib.import_module('apache_beam.io.gcp.pubsub').PubsubMessage(b'x', {})._to_proto_str().hex()",
    "a table": "importlib.import_module('apache_beam.io.gcp.bigquery_tools').parse_table_reference('d.t').tableId",
    "an account": "importlib.import_module('google.auth.transport.requests').service_account.Credentials.__name__",
    "a file of weights": "importlib.import_module('tf_keras.src.saving.legacy.hdf5_format').h5py.File.__name__",
    "legacy layers": "tensorflow_model_analysis.utils.keras_lib.tf_keras_v1.layers.Dense(3).units",
    "a container's folder": "importlib.import_module('docker.types').Mount('a', 'b')['Target']",
    "a command": "importlib.import_module('tfx.orchestration.launcher.container_common').jinja2.Template('{{a}}')"
    ".render(a=1)",
    "arrays": "importlib.import_module('scipy._lib._array_api').array_namespace(__import__('numpy').ones(1))"
    ".__name__.split('.', 2)[2]",
    "a cloud's jobs": "importlib.import_module('tfx.extensions.google_cloud_ai_platform.runner').training_clients"
    ".CAIPJobClient.__name__",
    "a cloud's models": "importlib.import_module('tfx.extensions.google_cloud_ai_platform.runner').prediction_clients"
    ".VertexPredictionClient.__name__",
    "a runner": "tfx.components.infra_validator.executor.kubernetes_runner.KubernetesRunner.__name__",
}
CODE = """
import importlib, json, sys
from types import ModuleType
from headrace.orchestration import late_imports
from headrace.orchestration.preload import PRELOAD
for name in PRELOAD:
    importlib.import_module(name)
import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
    pipeline | beam.Create([1, 2]) | beam.Map(str) | beam.combiners.Count.Globally()
import keras, sklearn, tensorflow_model_analysis, tfx.components.infra_validator.executor
print(json.dumps({asked: eval(code) for asked, code in json.loads(sys.argv[1]).items()}, default=bool))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, object]:
    asked = json.dumps({**AFTER_THE_IMPORT, **ONCE_USED})
    command = [sys.executable, "-c", CODE, asked]
    ran = subprocess.run(command, env=variables(), capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_tfx_is_imported_and_beam_works_without_what_a_local_run_does_not_use(answers: dict[str, object]) -> None:
    # Annotations ask for them.
    assert answers["executed"] == ["googleapiclient.discovery", "tensorflow_model_analysis.view.view_types"]
    assert answers["imported"] == ["pandas"]


def test_once_used_it_is_what_it_always_was(answers: dict[str, object]) -> None:
    assert {asked: answers[asked] for asked in ONCE_USED} == {
        "a wrapper": True,
        "a part": True,
        "one module": True,
        "a metric": True,
        "statistics": True,
        "TFMA's view": ["render_plot", "render_slicing_attributions", "render_slicing_metrics", "render_time_series"],
        "a notebook's": "InteractiveShell",
        "not in a notebook": True,
        "a message": "0a0178",
        "a table": "t",
        "an account": "Credentials",
        "a file of weights": "File",
        "legacy layers": 3,
        "a container's folder": "a",
        "a command": "1",
        "arrays": "array_api_compat.numpy",
        "a cloud's jobs": "CAIPJobClient",
        "a cloud's models": "VertexPredictionClient",
        "a runner": "KubernetesRunner",
    }


@pytest.fixture
def late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Imports a package of one part, whose own code is given, as a late one."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(late_imports, "LATE", frozenset({"late_package"}))

    def imported(code: str) -> ModuleType:
        folder = tmp_path / "late_package"
        folder.mkdir()
        (folder / "__init__.py").write_text(code)
        (folder / "part.py").write_text("from late_package import VALUE\n")
        for name in ("late_package", "late_package.part"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        import late_package  # type: ignore[import-not-found]

        module: ModuleType = late_package
        return module

    return imported


def test_a_part_comes_after_its_package_and_once(late: Callable[[str], ModuleType]) -> None:
    package = late("VALUE = 1\nfrom late_package import part\nfirst = part\n")
    import late_package.part  # type: ignore[import-not-found]

    assert late_package.part is package.first is sys.modules["late_package.part"]


def test_threads_that_use_it_at_once_wait_until_it_is_whole(late: Callable[[str], ModuleType]) -> None:
    package = late("import threading\nbegun = threading.Event()\nbegun.wait(0.2)\nVALUE = 1\n")
    values: list[int] = []
    threads = [threading.Thread(target=lambda: values.append(package.VALUE)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values == [1] * 4


def test_one_that_fails_fails_for_all_that_use_it(late: Callable[[str], ModuleType]) -> None:
    package = late("raise ImportError('it wants another version')\n")
    for _ in range(2):
        with pytest.raises(ImportError, match="it wants another version"):
            _ = package.VALUE
