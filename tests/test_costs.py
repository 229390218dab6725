"""What the planner promises: counts, not times."""

from pathlib import Path

import pytest

from mia.cost_plan import evals_alone, evals_together, pair_costs
from mia.query import Query
from mia.stages.cost import costs_of_pair, most_images, read_experiment

CONFIG = Path(__file__).parents[1] / "config"


def evals(name, count) -> int:
    return count(read_experiment(str(CONFIG / f"{name}.yaml")).attacks.values())


def test_the_shared_grid_costs_at_most_065_of_each_attack_alone_as_published():
    assert evals("all-attacks", evals_together) <= 0.65 * evals("papers", evals_alone)


def test_lean_costs_at_most_a_quarter():
    assert evals("lean", evals_together) <= 0.25 * evals("papers", evals_alone)


def test_at_the_papers_own_settings_little_is_shared():
    ratio = evals("papers", evals_together) / evals("papers", evals_alone)
    assert 0.8 < ratio < 1


def test_missing_queries_are_counted_with_what_they_share():
    wanted = [Query("denoise", 100, 0, "both"), Query("denoise", 100), Query("clean", 0)]
    wanted += [Query("proximal", 200)]
    costs = {c.signal: c for c in pair_costs(wanted, dict.fromkeys(wanted, 10), 10)}
    assert (costs["denoise"].wanted, costs["denoise"].held, costs["denoise"].evals) == (20, 0, 20)
    assert (costs["clean"].evals, costs["proximal"].evals) == (10, 10)
    held = {c.signal: c for c in pair_costs(wanted, {wanted[3]: 4}, 10)}
    assert (held["denoise"].held, held["denoise"].evals) == (20, 0)
    assert (held["proximal"].held, held["proximal"].evals) == (6, 8)


def test_a_config_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"nowhere\.yaml"):
        read_experiment(str(tmp_path / "nowhere.yaml"))


def test_before_the_manifest_a_pair_has_what_split_and_limits_allow():
    experiment = read_experiment(str(CONFIG / "laion-mi.yaml"))
    images, costs = costs_of_pair(experiment, Path("nowhere"), "sd14", "laion_mi")
    assert images == 10_000 and sum(cost.evals for cost in costs) == 10_000 * 2_202
    spec = {"limit": 9, "split": {"a": 4}, "parts": {"b": {"limit": 2}, "c": {}}}
    assert [most_images(spec, part) for part in ("a", "b", "c", "rest")] == [4, 2, 9, 9]
    assert most_images({"parts": {"b": {}}}, "b") is None
