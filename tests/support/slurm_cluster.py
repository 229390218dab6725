"""A real SLURM on this machine alone: munged, slurmctld and slurmd in a temporary folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

MARK = "# Written by the tests of fair-mia, for as long as they run.\n"
# The executor takes every SLURM variable out of a job's environment, so the configuration has to
# lie where SLURM looks by itself.
HOME = Path("/etc/slurm")
NEEDED = ("munged", "mungekey", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
CONFIGURATION = """ClusterName=fairmia
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={state}/munge/socket
StateSaveLocation={state}/controller
SlurmdSpoolDir={state}/node
SlurmctldPidFile={state}/slurmctld.pid
SlurmdPidFile={state}/slurmd.pid
SlurmctldLogFile={state}/slurmctld.log
SlurmdLogFile={state}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdParameters=config_overrides
MinJobAge=300
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=64000 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
NO_CGROUPS = "CgroupAutomount=no\nConstrainCores=no\nConstrainRAMSpace=no\n"


def why_not() -> str | None:
    """Why no SLURM can be started here, if none can."""
    if os.geteuid():
        return "starting SLURM needs root"
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        return f"SLURM is not installed (no {', '.join(missing)}): apt-get install slurm-wlm munge"
    there = HOME / "slurm.conf"
    if there.exists() and not there.read_text().startswith(MARK):
        return "this machine belongs to a SLURM cluster already"
    return None


@contextmanager
def slurm(state: Path, cores: int = 2) -> Iterator[None]:
    """Run SLURM with one node, this machine; nothing is left when the block ends.

    Args:
        state: An empty folder.
        cores: What the node offers, whatever the machine has.
    """
    host = socket.gethostname().split(".")[0]
    for name in ("munge", "controller", "node"):
        (state / name).mkdir(parents=True)
    controller, node = free_ports(2)
    HOME.mkdir(exist_ok=True)
    text = CONFIGURATION.format(
        host=host, state=state, controller=controller, node=node, cores=cores
    )
    written = {"slurm.conf": text, "cgroup.conf": NO_CGROUPS}
    for name, content in written.items():
        (HOME / name).write_text(MARK + content)
    with ExitStack() as stack:
        for name in written:
            stack.callback((HOME / name).unlink)
        munge = state / "munge"
        subprocess.run(["mungekey", "--create", "--keyfile", munge / "key"], check=True)
        files = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log"}
        files["seed-file"] = "seed"
        options = [f"--{option}={munge / name}" for option, name in files.items()]
        munge.chmod(0o755)
        stack.enter_context(daemon(["munged", "--foreground", "--force", *options], state))
        stack.enter_context(daemon(["slurmctld", "-D", "-c"], state))
        stack.enter_context(daemon(["slurmd", "-D"], state))
        wait_until_idle(state)
        stack.callback(subprocess.run, ["scancel", "--user", "root"], check=False)
        yield


@contextmanager
def daemon(command: list[str], state: Path) -> Iterator[None]:
    """Run a daemon in the foreground, its output in a log, until the block ends."""
    with open(state / f"{command[0]}.out", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def wait_until_idle(state: Path) -> None:
    """Wait until the node takes jobs; an error shows what the daemons said."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
        if found.stdout.strip() == "idle":
            return
        time.sleep(0.2)
    logs = [path.read_text() for path in sorted(state.glob("*.out")) + sorted(state.glob("*.log"))]
    raise RuntimeError("SLURM did not start:\n" + "\n".join(logs))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all at once so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
