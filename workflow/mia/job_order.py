"""Order jobs without files: costly jobs wait for cheap ones that may refuse the run.

If a cheap job made an `input` of a costly one, the costly job would run again whenever a target is
added. If the input were `ancient`, it would hide the costly job's own changes: Snakemake does not
check what lies behind a job that runs. So this module adds the order to the plan after Snakemake
has decided what runs. It uses names that Snakemake does not document
(tests/pipeline/test_order.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def let_wait(dag: Any, awaited: Callable[[Any], Iterable[str]]) -> None:
    """Make jobs of a plan wait for others; nothing waits for a job that does not run.

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
