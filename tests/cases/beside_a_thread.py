"""A program with a thread of its own when it calls run(): a fork would not be sound."""

import sys
import threading
import time
from pathlib import Path

from tfx import v1 as tfx

from headrace.orchestration import HeadraceDagRunner

ROOT = Path(sys.argv[1])
FACTOR = int(sys.argv[2])


class Words(tfx.dsl.Artifact):
    TYPE_NAME = "WordsOfTheProgram"

    def write(self, text):
        Path(self.uri).mkdir(parents=True, exist_ok=True)
        Path(self.uri, "words").write_text(text)


@tfx.dsl.components.component
def Make(words: tfx.dsl.components.OutputArtifact[Words]):
    words.write("a" * times(2))


def times(number):
    return number * FACTOR


if __name__ == "__main__":
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    store = tfx.orchestration.metadata.sqlite_metadata_connection_config(str(ROOT / "metadata.db"))
    HeadraceDagRunner().run(tfx.dsl.Pipeline("beside-a-thread", str(ROOT / "root"), store, [Make()]))
    print("ended")
