"""What TFX's import asks for and a local run hardly ever uses is executed when something is first taken from it.

Importing this module sees to it, for all that is imported after it. It is a third of TFX's import: scikit-learn and
SciPy for Keras' wrappers and KerasTuner, Matplotlib for Keras' galleries, IPython for Keras' editor of files, NLTK for
one of TFMA's metrics, widgets of notebooks, clients of Kubernetes, Docker and what Google's cloud sells.

Python's own LazyLoader does not serve: with it the second import of a module executes it, and the import of its part.
"""

import importlib
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from itertools import accumulate
from types import ModuleType

# Each is taken as a whole (`import x`, `from package import x`) where it is imported, not something out of it.
LATE = frozenset(
    {
        "IPython",
        "docker",
        "docker.types",
        "google.auth.impersonated_credentials",
        "google.cloud.bigquery",
        "google.cloud.bigquery_storage_v1",
        "google.cloud.dataflow",
        "google.cloud.pubsub",
        "google.oauth2.service_account",
        "googleapiclient.discovery",
        "h5py",
        "httplib2.auth",
        "jinja2",
        "keras.src.visualization",
        "keras.visualization",
        "keras.wrappers",
        "nltk",
        "nltk.stem",
        "nltk.stem.porter",
        "regex",
        "scipy._external.array_api_compat.numpy",  # since SciPy 1.18
        "scipy._lib.array_api_compat.numpy",  # until SciPy 1.17
        "scipy.linalg",
        "scipy.ndimage",
        "scipy.optimize",
        "scipy.stats",
        "sklearn",
        "sklearn.exceptions",
        "sklearn.gaussian_process",
        "sklearn.model_selection",
        "sklearn.pipeline",
        "tensorflow_model_analysis.view",
        "tensorflow_model_analysis.view.util",
        "tensorflow_model_analysis.view.view_types",
        "tf_keras.api._v1.keras",
        "tf_keras.api._v2.keras",
        "tfx.components.infra_validator.model_server_runners.kubernetes_runner",
        "tfx.components.infra_validator.model_server_runners.local_docker_runner",
        "tfx.extensions.google_cloud_ai_platform.prediction_clients",
        "tfx.extensions.google_cloud_ai_platform.training_clients",
        "tfx.orchestration.kubeflow.v2.vertex_client_utils",
        "tfx.utils.kube_utils",
    }
)
# Parts that do without the package they are in; TFDV takes IPython.display, TFMA's annotations take view_types.
_FREE_PARTS = frozenset(
    {
        "IPython.core",
        "IPython.core.display",
        "IPython.core.display_functions",
        "IPython.display",
        "IPython.lib",
        "IPython.lib.display",
        "IPython.testing",
        "IPython.testing.skipdoctest",
        "IPython.utils",
        "tensorflow_model_analysis.view.util",
        "tensorflow_model_analysis.view.view_types",
    }
)
# These look into all modules that there are, to leave out what they hold. Beam's cache does that in each worker.
_TAKING_STOCK = frozenset({"objsize.traverse"})
_states: dict[str, "_State"] = {}  # of late modules, by their names


@dataclass
class _State:
    loader: Loader  # the real one
    lock: AbstractContextManager[object] = field(default_factory=threading.RLock)
    begun: bool = False


class _LateModule(ModuleType):
    """A module that is executed when something is first asked of it that an import statement does not ask."""

    def __getattribute__(self, name: str) -> object:
        get = ModuleType.__getattribute__
        # What import statements ask of a module, and the parts of it that have been imported, are there.
        if name != "__class__" and name not in get(self, "__dict__"):
            asked = f"{get(self, '__name__')}.{name}"
            if asked in LATE:
                return importlib.import_module(asked)
            if asked == "IPython.get_ipython":  # KerasTuner calls it when it is imported
                return _no_notebook
            if name == "__dict__" and sys._getframe(1).f_globals.get("__name__") in _TAKING_STOCK:
                return get(self, name)
            _execute(self)
        return get(self, name)

    def __dir__(self) -> Iterable[str]:
        _execute(self)
        return ModuleType.__dir__(self)


def _no_notebook() -> None:
    """The shell of the notebook that asks: before IPython is executed there is none."""


def _execute(module: ModuleType) -> None:
    """Executes a late module, unless that was begun; another thread waits until it is done."""
    spec = module.__spec__
    assert spec is not None
    _execute_above(spec.name)
    state = _states[spec.name]
    with state.lock:
        if state.begun:
            return
        state.begun = True
        late, spec.loader = spec.loader, state.loader
        module.__loader__ = state.loader
        try:
            state.loader.exec_module(module)
        except BaseException:  # whoever asks next is to learn it as well
            state.begun = False
            spec.loader = module.__loader__ = late
            raise
        module.__class__ = ModuleType


def _execute_above(name: str) -> None:
    """Executes the packages that a module is in, if they are late: they come first, and may import it themselves."""
    if name not in _FREE_PARTS:
        for above in accumulate(name.split(".")[:-1], "{}.{}".format):
            package = sys.modules.get(above)
            if type(package) is _LateModule:
                _execute(package)


class _LateLoader(Loader):
    """Loads a module without executing it."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return _states[spec.name].loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _LateModule


class _ThereAlready(Loader):
    """Loads a module that was loaded while it was looked for."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__
        # For Python takes the specification that the module has then, and would load it a second time.
        module.__spec__ = ModuleSpec(module.__name__, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec


class _LateFinder(MetaPathFinder):
    """Finds what is to be late as Python does, and gives it a loader that waits."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in LATE:
            spec = PathFinder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                _states[fullname] = _State(spec.loader)
                spec.loader = _LateLoader()
            return spec
        if target is None:
            _execute_above(fullname)
            if fullname in sys.modules:
                return _ThereAlready(sys.modules[fullname]).module.__spec__
        return None


sys.meta_path.insert(0, _LateFinder())
