"""Vocabularies that TensorFlow Transform made, read without TensorFlow."""

from pathlib import Path

ASSETS = Path("transform_fn") / "assets"  # below a TransformGraph artifact's folder
_COMPRESSED = ".gz"


def read_vocabularies(folder: Path) -> dict[str, tuple[bytes, ...]]:
    """Vocabulary to its values, in order, below a TransformGraph artifact's `folder`; those kept as text.

    Raises:
        FileNotFoundError: there is no transform graph in the folder.
    """
    if not (folder / ASSETS.parent).is_dir():
        raise FileNotFoundError(f"no {ASSETS.parent} in {folder}")
    files = (path for path in sorted((folder / ASSETS).glob("*")) if path.is_file() and path.suffix != _COMPRESSED)
    return {path.name: tuple(path.read_bytes().splitlines()) for path in files}
