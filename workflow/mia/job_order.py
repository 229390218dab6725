"""An order of jobs that no file makes: the costly wait for the cheap that may refuse the run.

As an `input` of a costly job, a cheap one would run it again whenever a target is added. As an
`ancient` input it would hide the costly job's own changes from Snakemake, which skips the check of
all that lies behind a job that runs. So the order is put into the plan after Snakemake has decided
what runs. This goes by names that Snakemake does not document (tests/pipeline/test_order.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def let_wait(dag: Any, awaited: Callable[[Any], Iterable[str]]) -> None:
    """Let jobs of a plan wait for others; those that do not run are not waited for.

    Args:
        dag: Snakemake's plan, before its first job starts.
        awaited: Gives the files that a job waits for. None of them may depend on that job.
    """
    jobs = list(dag.needrun_jobs())
    makers = {str(path): job for job in jobs for path in job.output}
    for job in jobs:
        found = {makers[path] for path in awaited(job) if path in makers}
        for maker in found - dag._dependencies[job].keys():
            dag._dependencies[job][maker] = set()
            dag.depending[maker][job] = set()
            dag._n_until_ready[job] += 1
            dag._ready_jobs.discard(dag._group.get(job, job))
