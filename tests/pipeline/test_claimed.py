"""A collection that is only claimed: what reruns, and that nothing calls its images members."""

import re

import pandas as pd


def words_of(text):
    """The words of a page or a drawing, without tags and code."""
    bare = re.sub(r"<(code|script|style)\b.*?</\1>|<!--.*?-->|<[^>]*>", " ", text, flags=re.S)
    return set(re.findall(r"(?<![\w/-])members?(?![\w-])", bare, re.I))


def test_a_claim_measures_nothing_anew_and_calls_nobody_a_member(bench):
    drawings = sorted((bench.folder / "results/figures").glob("fair-*.svg"))
    assert any(words_of(path.read_text()) for path in drawings)
    bench.configure(lambda config: config["targets"]["fair"].update(members_are="claimed"))
    run = bench.run().done()
    assert run.evals == 0
    assert not any(job.startswith(("measure/", "score/", "audit/")) for job in run.jobs), run.jobs
    results = bench.folder / "results"
    for path in drawings:
        assert not words_of(path.read_text()), path
    page = (results / "report.html").read_text()
    section = re.search(r'<section id="target-fair".*?</section>', page, re.S)[0]
    assert not words_of(section) and "laimed images" in section
    answers = pd.read_csv(results / "tables/answers.csv").set_index("target")
    assert answers.loc["fair", "members_are"] == "claimed"
    assert not words_of(answers.loc["fair", "reasons"])
    assert "trained on neither" not in section
