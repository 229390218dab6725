import re
import subprocess
from collections import Counter
from html.parser import HTMLParser

import pandas as pd
import pytest
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from made_up_page import DOCS, TEMPLATE, write_page
from made_up_pictures import HOSTILE
from made_up_results import ATTACKS, MAKERS, TARGETS
from mia import storage
from mia.claimed import as_claimed, markup_as_claimed
from mia.evaluation import reasons
from mia.evaluation.flags import MEANINGS
from mia.evaluation.set_test import TOLD_APART
from mia.report.checkout import commit
from mia.report.figures.shared.shelf import known_figures
from mia.report.pages import (
    before_after,
    details,
    findings,
    flag_notes,
    formats,
    inline_figures,
    long_table,
    markdown,
    pairwise,
    pictures,
    privacy,
    set_test,
)
from mia.report.pages import detections as page_detections
from mia.report.pages.verdict_texts import conclusions
from mia.stats.no_signal import auc_band

VOID = {"meta", "link", "img", "input", "br", "wbr"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails on tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.open, self.texts = Counter(), [], [], {}
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        self.texts[inside] = self.texts.get(inside, "") + data

    def of(self, name):
        return [value for _, found, value in self.attributes if found == name]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def text(path):
    return path.read_text()


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def section(text: str, name: str) -> str:
    return re.search(rf'<section id="{name}".*?</section>', text, re.S)[0]


def test_page_loads_nothing(text, page):
    assert not re.search(r"https?:", text)
    for name in ("src", "href", "xlink:href", "action", "srcset"):
        for value in page.of(name):
            assert value.startswith(("#", "data:")), f"{name}={value[:60]}"
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert page.tags["script"] == 1 and page.tags["iframe"] == 0


def test_captions_stay_text(text, page):
    assert HOSTILE not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "x" not in page.of("src")


def test_every_target_and_attack_is_there_with_its_verdict(text):
    assert len(re.findall(r"<tr data-target=", text)) == len(TARGETS) * len(ATTACKS)
    for target, (verdict, _, _) in TARGETS.items():
        told = section(text, f"target-{target}")
        assert f"<strong>{verdict}:</strong>" in told
        assert told.index("<strong>") < told.index("<table")
        words = conclusions(verdict, target == "emoji-null")
        assert words["can"].split(".")[0] in told and words["cannot"].split(".")[0] in told
        for attack in ATTACKS:
            assert f'data-value="{attack}"' in told


def test_images_that_the_model_made_have_a_table_where_there_are_some(text):
    for target in TARGETS:
        told = section(text, f"target-{target}")
        assert ("Images that the model made" in told) == (target in MAKERS), target
        assert ("Of 7 attacks, " in told) == (target in MAKERS)
    told = section(text, "target-emoji-fair")
    assert "An attack that takes them for training images recognises what the model" in told
    assert "accuse at most 10 % of other nonmembers" in told


def test_a_comparison_says_which_way_the_auc_went(text):
    told = section(text, "compare")
    assert '<a href="#compare">Before and after</a>' in text
    assert "training-on: from emoji-fair to emoji-overfit" in told
    assert re.search(r"<strong>Of 7 attacks, emoji-overfit (raised|lowered) the AUC of \d", told)
    assert len(re.findall(r'<th scope="row" data-value="', told)) == 7
    assert "TPR is that at 10 % FPR" in told and "Lowered to below 0.5: pian." in told
    assert re.search(r"\+\d+\.\d points<small>\+\d+\.\d to \+\d+\.\d</small>", told)
    assert 'see the answer of <a href="#target-emoji-overfit">' in told


def test_a_comparison_of_claimed_images_calls_them_so():
    shelf = Environment(loader=FileSystemLoader(TEMPLATE.parent), autoescape=True)
    for name in ("number", "signed", "percent", "points", "whole", "chance"):
        shelf.filters[name] = getattr(formats, name)
    shelf.filters["claimed"] = lambda markup: Markup(markup_as_claimed(str(markup)))
    draw = shelf.get_template("before_after.html.j2").module.before_after
    row = dict.fromkeys([*before_after.AREAS, *before_after.RATES], 0.5)
    one = {"name": "c", "before": "then", "after": "web", "brief": "Words.", "limit": 0.1}
    one |= {"sizes": [(9, 9)], "untold": [], "below": [], "rows": [row]}
    told = {names: draw([one], {"confidence": 0.95}, names) for names in ((), ("web",))}
    assert "a share of members" in told[()] and "9 + 9 (members + nonmembers)" in told[()]
    assert "a share of claimed images" in told[("web",)]
    assert "(claimed images + nonmembers)" in told[("web",)]


def test_without_a_comparison_nothing_is_said_of_one(path):
    table = details.read(
        path.parent / "tables/compare.csv", before_after.WORDS, before_after.COLUMNS
    )
    assert len(before_after.changes(table, 0.95)) == 1
    assert before_after.changes(table.iloc[:0], 0.95) == []


def test_every_figure_is_inside_the_page(text):
    for target in TARGETS:
        told = section(text, f"target-{target}")
        for figure in known_figures():
            assert f"<title>{figure.name} of {target}</title>" in told
            words = as_claimed(figure.caption) if target == "web" else figure.caption
            assert words in told
    assert text.count("<figcaption>") == len(known_figures()) * len(TARGETS) + 1


def test_identifiers_are_unique_and_links_lead_somewhere(page):
    names = Counter(page.of("id"))
    assert not [name for name, times in names.items() if times > 1]
    links = [value[1:] for value in page.of("href") if value.startswith("#")]
    assert links and set(links) <= set(names)


def test_pictures_only_where_allowed_and_credited(text):
    fair, web = section(text, "target-emoji-fair"), section(text, "target-web")
    assert fair.count("data:image/png") == 3 * pictures.SHOWN
    assert "OpenMoji (openmoji.org), CC BY-SA 4.0" in fair
    assert "data:image/png" not in web and "Not shown" in web
    assert "in winter" in fair and "in winter" not in web
    assert "OpenMoji (openmoji.org), CC BY-SA 4.0" in section(text, "images")


def test_kept_shares_and_hits_of_an_index_are_told(text):
    web, fair = section(text, "target-web"), section(text, "target-emoji-fair")
    assert "3 left out: near duplicate; 99.6 % kept" in web
    assert len(re.findall(r"; \d+ of \d+ in the index of known training images", web)) == 2
    assert re.search(r"Nonmembers</dt>.*; 0 of \d+ in the index", web)
    assert len(re.findall(r"known training images, \d+ near it by embedding", web)) == 2
    assert "in the index" not in fair


def test_pairs_near_the_limit_are_counted_and_shown_where_allowed(text):
    told = section(text, "images")
    counts = "".join(
        rf"<tr><td.*?>{cell}</td></tr>\s*"
        for cell in (
            "0</td><td.*?>3</td><td.*?>6",
            "1</td><td.*?>3</td><td.*?>6",
            "2</td><td.*?>5</td><td.*?>10",
        )
    )
    assert len(re.findall(counts, told)) == 2, "one table for each image set"
    assert told.count("Where a duplicate begins: ") == 3
    mixed = told[told.index("Where a duplicate begins: web-emoji") :]
    assert re.search(r"<strong>6</strong></td><td.*?>3</td><td.*?>6</td>", mixed)
    assert "members against nonmembers" in told and "are not shown" in mixed.partition("<h3>")[0]
    openmoji, photos = (
        re.search(rf"<h3>{name}</h3>.*?</details>", told, re.S)[0]
        for name in ("openmoji", "photos")
    )
    assert openmoji.count("data:image/png") == 2 * 6
    assert "8 bits, 0.130</span>" in openmoji and "3 bits, 0.060, mirrored</span>" in openmoji
    assert openmoji.index("2 bits, 0.140") < openmoji.index("4 bits, 0.020, mirrored")
    assert "data:image/png" not in photos and "are not shown" in photos
    assert HOSTILE not in openmoji and "onerror" not in photos


def test_every_picture_has_words(text, page):
    assert page.tags["img"] > 0
    assert len(re.findall(r"<img [^>]*alt=\"[^\"]+\"", text)) == page.tags["img"]


def test_control_target_is_named(text):
    assert "trained on neither" in section(text, "target-emoji-null")
    assert "trained on neither" not in section(text, "target-emoji-fair")
    reads = "An attack that passes the test of the collection reads the model"
    assert reads in section(text, "target-emoji-fair")
    assert reads not in section(text, "target-emoji-null")
    assert "nothing that an attack finds here is memory" in section(text, "target-emoji-null")


def test_flags_come_with_their_meaning(text):
    told = section(text, "target-emoji-overfit")
    assert "below_chance" in told
    assert MEANINGS["below_chance"] in told


def test_what_the_verdict_rests_on_is_told(text):
    told = section(text, "target-emoji-shifted")
    assert "Being above the blind baselines proves nothing on this target" in told
    assert "proves nothing" not in section(text, "target-emoji-fair")
    rests = told[told.index("What the verdict rests on") :]
    assert "Of 3 numbers of captions, files and images, 2 differ in their means" in rests
    assert "chance alone gives 0.2 on average. 1 differ in their distribution" in rests
    assert "chance alone gives any in at most 5 of 100 targets" in rests
    assert "random splits of the same images give 0.5 in the middle" in rests
    assert "caption_<wbr>length" in rests and "stat_<wbr>edges" not in rests
    assert ">0.520</td>" in rests and ">0.430 – 0.550</td>" in rests
    assert "baseline’s 90 % range lies within" in rests
    assert "baseline’s 97.5 % range lies wholly outside" in rests
    assert "would have met a margin of 0.145" in rests
    assert '>0.562</td><td class="number">0.592</td></tr>' in rests


def test_every_check_is_explained_and_every_flag_leads_there(text, page):
    told = section(text, "flags")
    for flag in MEANINGS:
        assert re.search(rf'id="flag-{flag}">.*?Raised when.*?What to do', told, re.S)
    links = [value for value in page.of("href") if value.startswith("#flag-")]
    assert {"#flag-below_chance", "#flag-few_false_positives"} <= set(links)
    n = len(TARGETS) * len(ATTACKS)
    assert re.search(rf"few_false_positives</span> on {n} of {n} rows", told)
    assert told.index("below_chance") < told.index("not_finite")
    with pytest.raises(ValueError, match=r"docs/flags\.md: no section 'new'"):
        flag_notes.explained("# Checks\n\n## old\n\nText.\n", [{"flags": ["old", "new"]}])


def test_what_a_score_must_not_be_used_for_is_on_the_page(text):
    told = section(text, "ethics")
    assert "one person's image was, or was not, trained on" in told.replace("&#39;", "'")
    assert "exclude: data/exclude.txt" in told
    assert told.count("<details") == len(re.findall("(?m)^## ", (DOCS / "ethics.md").read_text()))


def test_what_no_signal_would_give_is_told_and_drawn(text, path):
    told = section(text, "target-web")
    summary = pd.read_csv(path.parent / "tables/summary.csv").set_index("target").loc["web"].iloc[0]
    low, high = auc_band(summary["n_member"], summary["n_nonmember"], 0.95)
    row = told[told.index("<tfoot>") : told.index("</tfoot>")]
    cells = re.findall('<td class="number">(.*?)</td>', row)
    assert cells[0] == f"{low:.3f} – {high:.3f}" and cells[2].startswith("0.0 – ")
    assert cells[3] == "n/a"  # some hundred nonmembers allow no two false positives
    assert told.count('<i class="chance"') == len(ATTACKS) + 1


def folded(text: str, target: str, title: str) -> str:
    """One of a target's folded parts."""
    told = section(text, f"target-{target}")
    return re.search(rf'<details class="wide"><summary>{title}.*?</details>', told, re.S)[0]


def test_a_recognised_collection_is_told_in_the_heading(text, path):
    def heading(target):
        told = folded(text, target, "Is a whole collection recognised")
        return re.search(r'<span class="answer">(.*?)</span></summary>', told)[1]

    assert heading("emoji-fair") == "6 of 7 attacks on the model pass."
    assert heading("emoji-null").startswith("0 of 7 attacks on the model pass")
    rows = pd.read_csv(path.parent / "tables/set_test.csv").query("target == 'emoji-fair'")
    told = folded(text, "emoji-fair", "Is a whole collection recognised")
    best = rows[rows["attack"] == "loss_ratio"].iloc[0]
    first = re.search(r"<tbody>\s*<tr.*?</tr>", told, re.S)[0]
    assert 'scope="row">loss_ratio<' in first and f'data-value="{best["p_family"]}"' in first
    assert ">8.3 %<small>5.3 – 28.3 %</small></td>" in first and ">71.7 %<small>" in first
    assert "any one image was trained on" in told


def test_empty_cells_and_hostile_notes_of_the_set_test_survive(text):
    told = folded(text, "web", "Is a whole collection recognised")
    row = re.search(r'<tr><th scope="row">pian</th>.*?</tr>', told)[0]
    assert row.count(">n/a</td>") == row.count("<td") == 9
    assert HOSTILE not in told and "<li>pian: " in told and "&lt;img src=x" in told


def test_how_many_attacks_pass_the_set_test_is_counted_not_judged():
    row = {"target": "t", "attack": "loss", "access": "grey-box", "note": TOLD_APART, "size": 9.0}
    row |= {"difference": 0.1, "p": 0.01, "p_family": 0.01, "blind_p": 0.5}
    row |= dict.fromkeys((*set_test.POWER, *set_test.NUMBERS))
    table = pd.DataFrame([row]).astype(dict.fromkeys(set_test.COLUMNS, float))
    for verdict, noted in (("FAIR", [TOLD_APART]), ("BY DESIGN", [])):
        told = set_test.collection(table, "t", verdict)
        assert (told["passed"], told["notes"]) == ("1 of 1 attacks on the model pass.", noted)
    missed = set_test.collection(table.assign(p_family=0.02), "t", "FAIR")
    assert missed["passed"] == "0 of 1 attacks on the model pass."
    assert set_test.collection(table, "another", "FAIR") is None
    blind = table.assign(access="model-free")
    assert set_test.collection(blind, "t", "FAIR")["passed"].startswith("Not asked")


def test_named_images_are_counted_and_shown_with_the_rate(text, path):
    table = pd.read_csv(path.parent / "tables/detections.csv").query("target == 'emoji-fair'")
    told = folded(text, "emoji-fair", "Which images are named")
    counts = table.groupby("attack").size()
    reading = sum(access != "model-free" for access, _, _ in ATTACKS.values())
    sure = table[table["adjusted"] * reading <= 0.2]
    surely = sure["attack"].value_counts()
    headline = "None, whichever attack is read."
    if len(surely):
        headline = f"{surely.iloc[0]} of 350, by {surely.index[0]}."
    assert counts.max() > 8 and headline in told
    row = re.search(rf'scope="row">{counts.idxmax()}</th>.*?</tr>', told)[0]
    least = (table[table["attack"] == counts.idxmax()]["rate"] <= 0.1).sum()
    assert f">{least}</td>" in row and f">{counts.max()}</td>" in row
    assert told.count("data:image/png") == pictures.SHOWN and "at a rate of 20 %" in told
    assert "None can be: the sets differ." in folded(text, "emoji-shifted", "Which images are")
    assert "data:image" not in folded(text, "web", "Which images are named")


def test_the_plain_section_names_keys_only_where_images_may_be_shown(text, path):
    table = pd.read_csv(path.parent / "tables/detections.csv")
    members = storage.read(path.parent / "targets/emoji-overfit/membership.parquet")
    keys = members.set_index("image_id")["key"]
    plain = {}
    for target in TARGETS:
        told = section(text, f"target-{target}")
        plain[target] = re.search(r"<h4>Single images</h4>(.*?)<h4>", told, re.S)[1]
    counts = r"of the collection (\d+) stand out by the test (\w+); at most about 1 in (10|5) "
    found = {rate: (int(n), by) for n, by, rate in re.findall(counts, plain["emoji-overfit"])}
    attack = found["5"][1]
    mine = table[(table["target"] == "emoji-overfit") & (table["attack"] == attack)]
    reading = sum(access != "model-free" for access, _, _ in ATTACKS.values())
    for rate in ("10", "5"):
        assert found[rate] == ((mine["adjusted"] * reading <= 1 / int(rate)).sum(), attack)
    first = mine.sort_values("p", kind="stable")["image_id"].head(page_detections.FIRST)
    assert ", ".join(keys[first]) in plain["emoji-overfit"]
    assert "No single image is named" in plain["emoji-shifted"]
    assert "No single image is named" in plain["web"]  # the whole cannot be told
    assert "every such flag is wrong" in plain["emoji-null"] or "None of" in plain["emoji-null"]


def test_what_numbers_mean_in_practice(text, path):
    told = folded(text, "emoji-fair", "What do these numbers mean in practice")
    table = pd.read_csv(path.parent / "tables/metrics.csv").query("target == 'emoji-fair'")
    found = table[(table["attack"] == "loss_ratio") & (table["metric"] == "ppv_prior_1pct")].iloc[0]
    row = re.search(r'scope="row">loss_ratio</th>.*?</tr>', told)[0]
    assert f">{100 * found['value']:.1f} %<small>" in row and row.count("<td") == 3
    auc = table[(table["attack"] == "loss_ratio") & (table["metric"] == "auc")].iloc[0]["value"]
    assert f"{auc:.3f} to {(auc - 0.05) / 0.9:.3f} with 10 % of them" in told
    near = re.search(r"AUC not surely off 0\.5, and no better than .*?: (.*?)\.</li>", told)[1]
    assert "loss_ratio" not in near and re.search(r"pian 0\.\d{3}", near + " pian 0.000")
    assert "coin" not in told


def test_the_blind_twin_stands_where_no_control_is_given(text):
    web, fair = section(text, "target-web"), section(text, "target-emoji-fair")
    assert web.count("<small>blind twin 0.530, R² 0.41</small>") == 7
    assert "Surely better than their blind twin: none." in web
    assert "blind twin" not in fair


def test_the_answer_comes_first_and_stands_in_brief(text):
    brief, fair = section(text, "brief"), section(text, "target-emoji-fair")
    assert text.index('id="brief"') < text.index('id="reading"')
    for told in (brief, fair):
        assert "<strong>Used" in told
    assert fair.index('id="answer-emoji-fair"') < fair.index('class="verdict"')
    assert "<dt>Surest attack</dt><dd>loss_ratio: AUC 0." in fair
    assert fair.index("<h4>What must not be claimed</h4>") < fair.index("<dt>Surest attack</dt>")
    assert "Nothing but the training tells the two sets apart." in fair
    null = section(text, "target-emoji-null")
    assert reasons.NEITHER in null or reasons.FALSE_ALARM in null
    assert "Cannot be told" in section(text, "target-emoji-shifted")
    nav = re.search(r"<nav.*?</nav>", text, re.S)[0]
    assert '#target-emoji-fair">emoji-fair</a> <span class="muted">used</span>' in nav


def test_claimed_images_are_never_called_members(text):
    """Of `web`, whose members are claimed: in its section, in brief, in its figures' words."""
    brief = re.search(r"<li [^>]*>\s*<h3><a href=.#target-web..*?</li>", text, re.S)[0]
    for told in (section(text, "target-web"), brief):
        words = re.sub(r"<code>.*?</code>|<[^>]*>", " ", told, flags=re.S)
        assert not re.search(r"\bmembers?\b(?!-)", words, re.I), re.findall(
            r".{40}\bmembers?\b.{40}", words, re.I
        )
        assert "images it was trained on" not in words
    web = section(text, "target-web")
    assert "Was this collection used to train the model?" in web and "Claimed images" in web
    assert "<dt>Share used</dt><dd>42.0 %<span>30.0 % to 55.0 %; " in web
    assert "nonmembers" in web and re.search(r"\bmembers\b", section(text, "target-emoji-fair"))


def test_the_privacy_bound_is_told_with_its_meaning(text):
    told = folded(text, "emoji-fair", "What privacy bound follows")
    assert (
        "ε is at least 0.54 at δ = 1e-05, by loss_ratio; the bounds of all 7 attacks hold at once."
        in told
    )
    assert "it does not say how large ε is, nor that a bound of 0 means safety" in told
    assert told.index(">loss_ratio<") < told.index(">pian<") < told.index(">blind_caption<")
    none = folded(text, "web", "What privacy bound follows")
    assert "membership was not randomised" in none and "<table" not in none
    row = {"target": "t", "attack": "loss", "limit": "", "n": "9", "note": "", "value": "0"}
    rows = [{**row, "metric": metric} for metric in ("epsilon", "epsilon_together")]
    zero = privacy.privacy(pd.DataFrame(rows), "t", (), 1e-5)
    assert zero["answer"] == "None: no attack proves more than ε ≥ 0, at δ = 1e-05."


def test_further_measures_stand_beside_their_band_of_no_signal(text):
    told = folded(text, "emoji-fair", "Further measures")
    rows = dict(re.findall(r'<th scope="row">(\w+)</th>(.*?)</tr>', told))
    assert set(rows) == set(ATTACKS)
    assert rows["loss"].count("<td") == 5 and ">0.015</td>" in rows["loss"]
    assert ">2e-06 sd</td>" in rows["loss"]
    assert rows["loss"].count("no signal: ") == 1, "the band of balanced accuracy is its own"
    assert rows["blind_image"].count(">n/a</td>") == 3
    (foot,) = re.findall(r"<tfoot>(.*?)</tfoot>", told)
    cells = re.findall(r'<td class="number">(.*?)</td>', foot)
    assert [bool(re.fullmatch(r"0\.\d{3} – 0\.\d{3}", cell)) for cell in cells] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert "SD between draws: of 2 single draws." in told


def test_pairs_beyond_chance_are_counted_faced_up_and_capped(text):
    rows = [
        {"target": "t", "attack": "a", "other": f"b{i}", "p_holm": 0.01}
        | {"difference": -0.1 - i / 100, "low": -0.4, "high": -0.02}
        for i in range(pairwise.SHOWN + 1)
    ]
    close = {**rows[0], "other": "c", "p_holm": 0.05}
    unknown = {**rows[0], "other": "d", "p_holm": float("nan")}
    found = pairwise.comparisons(pd.DataFrame([*rows, close, unknown]), "t", 0.05)
    assert (found["pairs"], found["differ"]) == (len(rows) + 2, len(rows))
    assert len(found["rows"]) == pairwise.SHOWN
    assert "a" not in found["unbeaten"] and {"b0", "c", "d"} <= set(found["unbeaten"])
    first = found["rows"][0]
    assert (first["better"], first["worse"]) == (f"b{len(rows) - 1}", "a")
    assert first["difference"] == pytest.approx(0.22) and first["low"] == pytest.approx(0.02)
    assert first["high"] == pytest.approx(0.4)
    assert pairwise.comparisons(pd.DataFrame(rows), "another", 0.05) is None
    told = folded(text, "emoji-overfit", "Which attack is better than which")
    shown, all_of_them = map(int, re.search(r"Shown are the (\d+) largest of (\d+)", told).groups())
    assert shown == pairwise.SHOWN < all_of_them and "All 21 pairs stand in" in told
    assert "better at telling the two sets apart" in folded(text, "emoji-shifted", "Which attack")


def test_a_table_without_its_columns_is_named(tmp_path):
    table = tmp_path / "pairwise.csv"
    table.write_text("target,attack,p\nt,a,0.1\n")
    with pytest.raises(ValueError, match=r"pairwise\.csv: no column 'other'; found: target, att"):
        details.read(table, pairwise.WORDS, pairwise.COLUMNS)


def test_what_was_tested_is_told_by_kind(text):
    rows = [
        {"attack": name, "blind": access == "model-free", "evals_alone": evals, "flags": []}
        for name, (access, _, evals) in ATTACKS.items()
    ]
    rows.append({**rows[0], "attack": "mixed", "flags": ["other_captions"], "evals_alone": 99})
    audit = {"channels": [{"attack": name} for name in ATTACKS if name.startswith("blind")]}
    on_model, blind, control = findings.tested(rows, audit)
    assert on_model[0] == "7 attacks on the model" and "1 to 20 evals" in on_model[1]
    assert blind == ("3 blind baselines", "blind_caption, blind_image, blind_metadata")
    assert control == ("2 controls", "coin, mixed")
    assert "7 attacks on the model" in section(text, "target-web")


def test_prose_keeps_its_shape_and_escapes_the_rest():
    page = "# t\n\n## a\n\nOne **two**\nthree `x*y*` <b>.\n\n- p\n  q\n- r\n\n"
    page += "```sh\n# one\n\ntwo\n```\n\nEnd.\n"
    assert str(markdown.sections(page)["a"]).splitlines() == [
        "<p>One <strong>two</strong> three <code>x*y*</code> &lt;b&gt;.</p>",
        "<ul><li>p q</li><li>r</li></ul>",
        "<pre><code># one",
        "",
        "two",
        "</code></pre>",
        "<p>End.</p>",
    ]


def test_the_commit_is_that_of_the_pipeline_and_says_what_was_changed(tmp_path):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        run = subprocess.run(["git", "-C", tmp_path, *who, *words], capture_output=True, text=True)
        return run.stdout.strip()

    assert commit(tmp_path) is None
    git("init")
    assert commit(tmp_path) is None
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/file").write_text("a")
    git("add", "-A")
    git("commit", "-m", "first")
    head = git("rev-parse", "HEAD")
    (tmp_path / "results").write_text("not tracked")
    assert len(head) == 40 and commit(tmp_path) == head
    (tmp_path / "inside/file").write_text("b")
    assert commit(tmp_path) == f"{head} with uncommitted changes"
    assert commit(tmp_path / "inside") is None


def test_failures_are_counted(text):
    told = section(text, "images")
    assert re.search(r"Failed: .*\d+ not found \(404\)", told)
    assert re.search(r"Left out: \d+ × duplicate of another image", told)


def test_files_of_folders_and_entries_that_fit_nothing_are_told(text):
    told = section(text, "images")
    assert told.count("Files of the folder that are not among the rows") == 1
    assert "seen: Captions from .txt files." in told
    assert re.search(r"2 × \.pdf, 1.500 × &lt;b&gt;odd\.", told)
    assert "unseen: No captions: attacks that read one measure the empty caption." in told
    assert "fit nothing in this set: 12 of 30 (line 3; line 5; …)." in told


def test_unequal_survival_is_warned_of_and_shown_by_part(text):
    web, fair = section(text, "target-web"), section(text, "target-emoji-fair")
    assert "<strong>Warning:</strong> unequal survival: " in web
    assert web.index("unequal survival") < web.index("<table")
    for part in ("photos:seen<small>claimed images", "photos:unseen<small>nonmembers"):
        assert f'<tr><th scope="row">{part}</small></th><td class="number">700</td>' in web
    assert "Warning" not in fair and "n/a: parts were dealt" in fair


def test_hosts_that_lost_images_are_shown_by_side(text):
    web, fair = section(text, "target-web"), section(text, "target-emoji-fair")
    assert "13 of 13 hosts lost at least one image; those that lost most, worst first." in web
    assert (
        "these lost more of one side than of the other: <code>members.refuses.example</code>."
        in web
    )
    (table,) = re.findall(r'aria-label="Hosts that lost images of web">.*?</table>', web, re.S)
    rows = re.findall(r"<tr><th .*?</tr>", table)
    assert len(rows) == 10 and "members.refuses.example" in rows[0] and "&lt; 0.0001" in rows[0]
    assert ".png" not in table and "https:" not in table
    assert "Hosts that lost images" not in fair


def test_nothing_of_this_machine_is_in_the_page(text, path):
    assert "/srv/" not in text and str(path.parent) not in text
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", text)


def test_equal_inputs_give_equal_bytes(text, tmp_path):
    assert write_page(tmp_path).read_text() == text


def test_policy_lets_only_our_script_run(text):
    assert re.search(r"script-src 'sha256-[^']{44}'", text)


def test_missing_and_broken_figures_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"web-roc\.svg"):
        inline_figures.of_target("web", [])
    broken = tmp_path / "web-roc.svg"
    broken.write_text("nothing")
    with pytest.raises(ValueError, match=r"web-roc\.svg: expected an <svg>"):
        inline_figures.of_target("web", [broken])


def test_notes_name_whom_they_concern():
    rows = [
        {"target": "t", "attack": a, "metric": "tpr_at_fpr", "limit": "0.01", "note": note}
        for a, note in (("loss", "rests on 3"), ("pia", "rests on 3"), ("sima", ""))
    ]
    assert long_table.notes(pd.DataFrame(rows), "t") == ["TPR at 1 % FPR (loss, pia): rests on 3."]


def test_hardest_baseline_decides_how_far_above():
    rows = [
        {"target": "t", "attack": "loss", "metric": "auc_minus_blind", "low": low, "high": high}
        for low, high in (("0.1", "0.3"), ("-0.02", "0.1"))
    ]
    assert long_table.beyond_blind(pd.DataFrame(rows), "t") == {"loss": (-0.02, 0.1)}


def test_gallery_attack_is_chosen_on_calibration():
    def rows(calibration, evaluation):
        return pd.DataFrame(
            {
                "score": calibration + evaluation,
                "member": [True, False] * 2,
                "fold": ["calibration"] * 2 + ["evaluation"] * 2,
            }
        )

    scores = {"late": rows([0.0, 1.0], [1.0, 0.0]), "early": rows([1.0, 0.0], [0.0, 1.0])}
    assert pictures.strongest(scores) == "early"


def test_thumbnails_are_checked():
    with pytest.raises(ValueError, match="3072"):
        pictures.thumbnail_uri(b"short")


def test_figures_do_not_borrow_names():
    svg = '<svg><clipPath id="p1"/><g clip-path="url(#p1)"/><use xlink:href="#p1"/></svg>'
    assert inline_figures.inline(svg, "t-").count("t-p1") == 3


def test_a_target_leads_with_the_limit_that_allows_ten(text):
    """In columns, sentence and blind baselines: some 350 nonmembers allow three at 1 %."""
    for target in TARGETS:
        told = section(text, f"target-{target}")
        heads = re.findall(r"<th class=\"number\">TPR at ([\d.]+) % FPR</th>", told)
        assert heads == ["10", "1", "0.1", "10"]
        assert "Read the TPR at 10 % FPR first: the smallest limit that allows 10" in told
        assert re.search(r"members, 10 % FPR allows \d\d false positives, 1 % allows \d\.", told)
    assert re.findall(r"TPR at ([\d.]+) % FPR</th>", section(text, "all")) == ["10", "1", "0.1"]
