"""The process that img2dataset runs in: `python -m mia.images.download.process JSON`.

img2dataset spawns workers, and Python has each of them import the module of `__main__` anew, under
the name `__mp_main__`: so the limits hold where the images are fetched.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from mia.images.download.bounded_http import Limits, install


def end_with_parent() -> None:
    """Kill this process group when the process that started it is gone: then stdin ends."""
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)


def main(options: dict) -> None:
    """Run img2dataset with `options`, at most as long as the process that started this one."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    import img2dataset

    img2dataset.download(**options)


if __name__ in ("__main__", "__mp_main__"):
    # webdataset imports it if it can: seconds for nothing. None is how Python forbids an import.
    sys.modules["torch"] = None  # type: ignore[assignment]
    given = json.loads(sys.argv[1])
    install(Limits(**given["limits"]))
if __name__ == "__main__":
    main(given["options"])
