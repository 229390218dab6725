"""A damaged result stops the job that reads it; the command that it gives mends the run."""

import re
import subprocess

from test_same_numbers import contents

ERROR = re.compile(r"error: (results/\S+): damaged: .* To have it made anew: (rm .*), then run")


# A stored file, and what is deleted so that a job reads it again.
DAMAGED = {"latents/*/mine/001.safetensors": "signals/tiny/mine/denoise/001.parquet"}


def test_the_way_out_leads_to_the_same_tables(bench, finished_run):
    results, expected = bench.folder / "results", set()
    for pattern, deleted in DAMAGED.items():
        path = sorted(results.glob(pattern))[0]
        data = bytearray(path.read_bytes())
        data[1000] ^= 16
        path.write_bytes(data)
        (results / deleted).unlink()
        expected.add(str(path.relative_to(bench.folder)))
    run = bench.run("--keep-going")
    assert run.code != 0 and "Traceback" not in run.text
    found = dict(ERROR.findall(run.text))
    assert set(found) == expected, run.text
    for command in found.values():
        subprocess.run(command, shell=True, check=True, cwd=bench.folder)
    bench.make_run()
    assert contents(bench) == contents(finished_run.kept)
