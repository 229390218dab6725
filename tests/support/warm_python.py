"""A Python that has imported the libraries, and forks for Snakemake and each job: seconds saved.

What runs is the command of the rule, in a process of its own, with its folder, its environment and
its files. `mia` is not there already: it is imported anew every time.

Run as a program it is the server; `command` is how to call it in the place of `python`.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LIBRARIES = (
    *("diffusers", "huggingface_hub", "jinja2", "jsonschema", "matplotlib.figure", "numpy"),
    *("pandas", "PIL.Image", "pyarrow.parquet", "scipy.optimize", "scipy.stats", "safetensors"),
    *("sklearn.ensemble", "sklearn.linear_model", "sklearn.feature_extraction.text", "torch"),
    *("snakemake.cli", "snakemake.executors.local", "tokenizers", "transformers"),
)
CLASSES = {
    "diffusers": ("AutoencoderKL", "StableDiffusionPipeline", "UNet2DConditionModel"),
    "transformers": ("CLIPTextModel", "CLIPTokenizer"),
}
# The client imports nothing but what Python is built of, so that it starts at once.
CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    asked = json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [b"%12d" % len(asked)], [0, 1, 2])
    server.sendall(asked)
    code = server.recv(8)
sys.exit(int(code) if code else 1)
"""
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "DIFFUSERS_VERBOSITY": "warning", "TRANSFORMERS_VERBOSITY": "warning",
}  # fmt: skip


def command(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What to call in the place of `python`; the first call starts the server.

    Libraries look at some variables when they are imported: there is a server for each of these.
    """
    return started(tuple(sorted((k, v) for k, v in environment.items() if k.startswith("HF_"))))


@cache
def started(read_on_import: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Start a server with such variables and the others as they are now."""
    kept = tempfile.TemporaryDirectory(prefix="warm-python-")
    folder = Path(kept.name)
    (folder / "client.py").write_text(CLIENT)
    environment = {**os.environ, **dict(read_on_import), **ENVIRONMENT}
    environment.pop("PYTHONPATH", None)
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, __file__, str(folder / "socket")],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    atexit.register(kept.cleanup)
    atexit.register(server.kill)
    assert server.stdout.readline() == b"ready\n", (folder / "log").read_text()
    return sys.executable, "-I", "-S", str(folder / "client.py"), str(folder / "socket")


def as_python(words: tuple[str, ...]) -> dict[str, str]:
    """A variable for the environment of bash, by which it calls `words` for `python`."""
    called = " ".join(f"'{word}'" for word in words)
    return {"BASH_FUNC_python%%": f'() {{ {called} "$@"\n}}'}


def serve(place: str) -> list[str]:
    """Answer as long as the process lives that started this one; return what a call asks for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(place)
        server.listen(64)
        server.settimeout(5)
        print("ready", flush=True)
        while os.getppid() == parent:
            try:
                call, _ = server.accept()
            except TimeoutError:
                continue
            if not os.fork():
                server.close()
                return answer(call)
            call.close()
    sys.exit()


def answer(call: socket.socket) -> list[str]:
    """Fork the process that is asked for and wait for it; in that process, return its arguments."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(call, 12, 3)
    data = b""
    while len(data) < int(size):
        data += call.recv(1 << 16)
    arguments, folder, environment = json.loads(data)
    if job := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
        call.sendall(str(code if code >= 0 else 128 - code).encode())
        os._exit(0)
    call.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = folder
    sys.path[1:1] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    return arguments


def run(module: str, status: list[int]) -> None:
    """Run a module as a program; `status` holds the exit status that it will have."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status[0] = 0
    except SystemExit as end:
        status[0] = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


def leave(status: list[int]) -> None:
    """End at once: to take all libraries down again takes longer than most jobs."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status[0])


if __name__ == "__main__":
    import gc
    import importlib

    status = [1]
    atexit.register(leave, status)  # the first to be told is the last to be called
    for name in LIBRARIES:
        importlib.import_module(name)
    for name, classes in CLASSES.items():
        for one in classes:
            getattr(importlib.import_module(name), one)
    gc.freeze()
    option, module, *rest = serve(sys.argv[1])
    assert option == "-m", option
    sys.argv = [module, *rest]
    run(module, status)
