"""The folders of an artifact's splits: TFX writes `Split-train`, `Split-eval`."""

from pathlib import Path

PREFIX = "Split-"


def split_folders(folder: Path) -> dict[str, Path]:
    """Split name to its folder, below an artifact's `folder`.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no split.
    """
    folders = {path.name.removeprefix(PREFIX): path for path in sorted(folder.glob(f"{PREFIX}*"))}
    if not folders:
        raise FileNotFoundError(f"no {PREFIX}* folder in {folder}")
    return folders
