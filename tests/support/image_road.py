"""The jobs that an image set goes through until its rows are known, in this process."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from mia import storage
from mia.images import archive
from mia.images.sources.shared.stage_keys import download_settings, plan_settings
from mia.stages import download, plan
from mia.stages import rows as rows_stage


def planned(spec: dict, shards: int = 1) -> pd.DataFrame:
    """Return the plan of an image set, by locator."""
    outputs = [f"plan{number}.parquet" for number in range(shards)]
    settings = json.dumps(plan_settings(spec))
    plan.main(["--name", "mine", "--settings", settings, "--output", *outputs])
    return pd.concat(map(storage.read, outputs)).set_index("url")


def refused(spec: dict) -> str:
    """Return what is said of an image set that cannot be planned."""
    with pytest.raises(SystemExit) as caught:
        planned(spec)
    return str(caught.value)


def road(spec: dict, shards: int = 1) -> pd.DataFrame:
    """Return the rows of an image set, by locator; `data` are the bytes of each image."""
    planned(spec, shards)
    return pd.concat([_rows(spec, number) for number in range(shards)]).set_index("url")


def _rows(spec: dict, number: int) -> pd.DataFrame:
    table, settings = f"plan{number}.parquet", json.dumps(download_settings(spec))
    made = ["--pictures", "p.tar", "--downloads", "d.parquet"]
    download.main(["--plan", table, "--settings", settings, *made])
    opened = ["--plan", table, *made, "--settings", '{"pixel_limit": 100000}']
    rows_stage.main([*opened, "--output", "rows.parquet"])
    data = dict(archive.contents("p.tar"))
    rows = storage.read("rows.parquet")
    return rows.assign(data=[data.get(key) for key in rows["key"]])
