"""Shared by the tests: which are slow, and a tiny Stable Diffusion saved to disk."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

# Before NumPy is imported: on cores that others use too, threads of tiny sums wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

CHROMIUM, LONGEST = "chromium", "test_slurm.py"
OWN_RUN = "test_matched_run.py"  # goes on while another process makes the run that tests share
TESTS = Path(__file__).parent
LEFT_OUT = {  # mark: what its tests take, the option that runs them, and the command
    "slow": ("takes minutes", "--slow", "make test-slow"),
    "browser": ("needs a browser", "--slow", "make test-slow"),
    "results": ("needs the results of `make run`", "--slow", "make test-slow"),
    "proof": ("takes long", "--proof", "make prove"),
}
# Others that train, measure, simulate or start processes: each file or test here takes seconds
# (`--durations=150`). `make check` leaves them to `make test`.
LONG = (
    *("test_audit.py", "test_audit_embedding.py", "test_benchmark_of_addresses.py"),
    *("test_benchmarks.py", "test_bounded_http.py", "test_chance.py", "test_damaged_files.py"),
    *("test_download.py", "test_figure_shelf.py", "test_hub_downloads.py"),
    "test_images_duplicates.py",
    *("test_encode.py", "test_examples.py", "test_figures.py", "test_hostile_server.py"),
    *("test_job_environment.py", "test_known_shifts.py", "test_matching.py"),
    *("test_model_weights.py", "test_naive_loop.py", "test_shipped_configs.py"),
    *("test_families.py", "test_family_example.py", "test_lora.py", "test_training_kinds.py"),
    *("test_flow_families.py", "test_autoencoders.py", "test_sdxl.py", "test_dit.py"),
    *("test_kandinsky.py", "test_pixart.py", "test_stored_texts.py", "test_sizes.py"),
    *("test_classes.py", "test_flops.py", "test_generations.py"),
    *("test_memorised.py", "test_sampler.py"),
    *("test_training.py", "test_visible_gpus.py"),
    "test_blind.py::test_a_channel_sees_its_own_difference",
    "test_blind.py::test_nothing_to_see_is_at_chance[blind_all]",
    "test_claimed_collections.py::test_the_power_is_that_of_simulated",
    "test_commands.py::test_a_snakemake_command_plans",
    "test_equivalence.py::test_at_a_blind_auc_of_51",
    "test_equivalence.py::test_sets_at_the_edge_of_the_margin",
    "test_images_manifest.py::test_the_number_of_shards_changes_nothing",
    "test_images_membership.py::test_a_matched_target_has_a_third_fold",
    "test_known_vectors.py::test_memory_does_not_grow",
    "test_limits.py::test_memory_does_not_grow",
    "test_makefile.py::test_the_folder_is_read_as_yaml_reads_it",
    "test_metrics.py::test_delong_covers",
    "test_model_configs.py::test_no_value_of_any_key_ends_in_a_traceback",
    "test_model_configs.py::test_what_the_libraries_take_is_taken",
    "test_report.py::test_equal_inputs_give_equal_bytes",
    "test_results_folder.py::test_any_other_answer_deletes_nothing",
    "test_results_folder.py::test_results_are_shown_and_deleted",
    "test_results_folder.py::test_what_is_not_surely_the_pipelines_stays",
    "test_tpr.py::test_bootstrap_covers",
    "test_tpr.py::test_a_tpr_near_nought_is_covered",
)


def pytest_configure(config):
    # xdist would start with the files of most tests, which are not those that take longest.
    config.option.loadscopereorder = False


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes too")
    parser.addoption("--proof", action="store_true", help="run what docs/results.md rests on")
    parser.addoption("--every-stage", action="store_true", help="kill a run at each of its stages")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        if runs_a_pipeline(item):
            item.add_marker(pytest.mark.pipeline)
    # Files of quick tests first: what most edits break is told within a minute or two. Then those
    # with most pipelines, so that no long file begins last while the other process has none left.
    pipelines = Counter(item.path for item in items if item.get_closest_marker("pipeline"))

    def order(item) -> tuple:
        count = pipelines[item.path]
        return item.path.name != LONGEST, count > 0, item.path.name != OWN_RUN, -count

    items.sort(key=order)
    for item in items:
        for mark, (why, option, command) in LEFT_OUT.items():
            if item.get_closest_marker(mark) and not config.getoption(option):
                item.add_marker(pytest.mark.skip(reason=f"{why}: {command} runs it"))
        if item.get_closest_marker("browser") and not shutil.which(CHROMIUM):
            item.add_marker(pytest.mark.skip(reason=f"{CHROMIUM} is not installed"))


def runs_a_pipeline(item) -> bool:
    """Whether a test lies in `pipeline`, works on a finished run, or is `LONG`."""
    name = f"{item.path.name}::{item.nodeid.partition('::')[2]}"
    here = item.path.is_relative_to(TESTS / "pipeline")
    return here or "finished_run" in getattr(item, "fixturenames", ()) or name.startswith(LONG)


@pytest.fixture(scope="session")
def tiny_sd(tmp_path_factory) -> Path:
    """A folder in Stable Diffusion's diffusers format: real classes, random weights, 16 pixels."""
    from tiny_model import save_tiny_sd

    return save_tiny_sd(tmp_path_factory.mktemp("models") / "tiny-sd")


@pytest.fixture(scope="session")
def finished_run(tiny_sd, tmp_path_factory):
    """One finished run of the micro experiment, never changed: `bench` is a copy of it.

    Processes that test at once share it; the first makes it.
    """
    from workbench import Finished

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    return Finished.make(shared / "finished-run", tmp_path_factory.mktemp("micro"), tiny_sd)


@pytest.fixture
def bench(finished_run):
    """A fresh copy of the finished run, always in the same place of a testing process."""
    return finished_run.copy()


@pytest.fixture
def begun(finished_run):
    """The micro experiment before its first run, but that its model was looked at already."""
    return finished_run.begun()
