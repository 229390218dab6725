"""A damaged result stops the job that reads it; the command that it gives mends the run."""

import re
import subprocess

from result_contents import contents

ERROR = re.compile(r"error: .*?(results/\S+): damaged: .* To have it made anew: (rm .*), then run")

# A stored file of each form, and what a job makes from it (test_damaged_files.py has every file).
# The last first: what is deleted for one is not read for the next.
DAMAGED = {
    "tables/pairwise.csv": "report.html",
    "figures/fair-roc.svg": "report.html",
    "audit/fair.json": "tables/summary.csv",
    "queries/tiny/mine/denoise/*both*.parquet": "scores/fair/clid_null.parquet",
    "latents/*/mine/001.safetensors": "signals/tiny/mine/denoise/001.parquet",
    "images/mine/manifest.parquet": "targets/fair/membership.parquet",
}


def test_the_way_out_leads_to_the_same_tables(bench, finished_run):
    results, kept = bench.folder / "results", finished_run.kept.folder / "results"
    for patterns in DAMAGED.items():
        names = [sorted(kept.glob(pattern))[0].relative_to(kept) for pattern in patterns]
        path, made = (results / name for name in names)
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 16
        path.write_bytes(data)
        made.unlink(missing_ok=True)
        run = bench.run(str(made.relative_to(bench.folder)))
        assert run.code != 0 and "Traceback" not in run.text, run.text
        ((named, command),) = set(ERROR.findall(run.text))
        assert named == str(path.relative_to(bench.folder)), run.text
        subprocess.run(command, shell=True, check=True, cwd=bench.folder)
        assert not path.exists()
    bench.make_run()
    assert contents(bench) == contents(finished_run.kept)
