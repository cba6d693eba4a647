"""The runs of the taxi pipeline that notebooks 02 and 03 look at: each is made once, in a home of their own."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

from headrace.lineage import Lineage
from headrace.project import project_root
from headrace.settings import Settings

TRIPS = project_root() / "data" / "taxi"
CORRUPTED = "trips-2014.csv"
HOME = Settings.load().home / "tutorial"  # what is run here replaces no model of the project's
_STORE = HOME / "metadata.sqlite"


def taxi(*assignments: str, push_again: bool = False) -> str:
    """The id of the run of `headrace run taxi --set NAME=VALUE ...`, which is run if it was not yet.

    With `push_again` it is run whether or not it was, and its Pusher executed, even if all else comes from the cache.
    """
    command = ["headrace", "run", "taxi", *(f"--set={one}" for one in assignments)]
    line = shlex.join(command)
    made = [one for one in Lineage(_STORE).runs() if one.command == line] if _STORE.exists() else []
    first = next((one for one in reversed(made) if one.state == "succeeded"), None)
    if first and not push_again:
        print(f"{line}\nwas run before, {first.id}")
        return first.id
    environment = {name: value for name, value in os.environ.items() if name != "HEADRACE_METADATA"}
    program, options = Path(sys.executable).with_name(command[0]), ["--no-cache-for=Pusher"] if push_again else []
    ran = subprocess.run(
        [program, *command[1:], *options],
        env={**environment, "HEADRACE_HOME": str(HOME)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    print(f"{shlex.join([*command, *options])}\n{ran.stdout[ran.stdout.rindex('taxi run ') :]}")
    return Lineage(_STORE).run().id


def fares_in_cents() -> Path:
    """A copy of the trips in which the fares of 2014 are in cents, all others in dollars."""
    folder = HOME / "trips-in-cents"
    if not folder.exists():
        shutil.copytree(TRIPS, folder)
        trips = pd.read_csv(folder / CORRUPTED, dtype=str, keep_default_na=False)
        trips["fare"] = (trips["fare"].astype(float) * 100).round(2)
        trips.to_csv(folder / CORRUPTED, index=False)
    return folder
