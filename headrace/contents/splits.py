"""The folders of an artifact's splits.

TFX writes `Split-train`; of two splits that it compares, `SplitPair-train_eval`; Transform one file for all.
"""

from pathlib import Path

PREFIX, PAIR_PREFIX = "Split-", "SplitPair-"
ALL_SPLITS = "all splits"  # stands for a split's name where an artifact has one file for all


def split_folders(folder: Path) -> dict[str, Path]:
    """Split name to its folder, below an artifact's `folder`.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no split.
    """
    folders = {
        path.name.removeprefix(prefix): path
        for prefix in (PREFIX, PAIR_PREFIX)
        for path in sorted(folder.glob(f"{prefix}*"))
    }
    if not folders:
        raise FileNotFoundError(f"no {PREFIX}* folder in {folder}")
    return folders


def files_by_split(folder: Path, name: str) -> dict[str, Path]:
    """Split name to its file of that name; a file that is of all splits lies in the artifact's `folder` itself.

    Raises:
        FileNotFoundError: there is no such folder, or it holds neither the file nor a split.
    """
    if (folder / name).is_file():
        return {ALL_SPLITS: folder / name}
    return {split: path / name for split, path in split_folders(folder).items()}
