"""The pages: generated ones are current, and what they name is there."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from hostile_server import CASES, ELSEWHERE
from mia.commands import docs
from mia.commands.documentation import config_keys, result_block
from mia.config.attacks import known_attacks
from mia.config.experiment import Experiment
from mia.config.read import read
from mia.config.schema import config_schema
from mia.evaluation.readable import markdown
from mia.images.download.errors import HTTP_STATUS, PHRASES, TRANSIENT
from mia.models.families import families, module_of
from mia.report.pages.texts import FAILURES

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))
PAGES = sorted(
    path
    for pattern in ("*.md", "config/*.md", "docs/**/*.md", "examples/*.md")
    for path in ROOT.glob(pattern)
)
TEXTS = [*PAGES, *CONFIGS, ROOT / "CITATION.cff", ROOT / "LICENSE", ROOT / "constraints.txt"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEFAULT = (ROOT / "docs/default-experiment.md").read_text(encoding="utf-8")
BLOCK = result_block.OPEN.split(DEFAULT)[-1].partition(result_block.CLOSE)[0]
PENDING = "…" in BLOCK


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code(text: str) -> str:
    """What stands in code marks or code blocks."""
    return "\n".join(re.findall(r"```\w*\n.*?```|`[^`\n]+`", text, re.DOTALL))


def slug(heading: str) -> str:
    """A heading's anchor, as the common renderers make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["docs", *map(str, arguments)])
    docs.main()


# Generated pages


def test_generated_pages_are_current(monkeypatch):
    run(monkeypatch, "--check")


@pytest.fixture
def copy(tmp_path):
    for page in (*docs.pages(), *docs.PAGES):
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / page, tmp_path / page)
    return tmp_path


@pytest.mark.parametrize("page", docs.pages())
def test_check_names_a_stale_page_and_writes_nothing(page, copy, monkeypatch):
    (copy / page).write_text("edited by hand\n")
    with pytest.raises(SystemExit, match=f"not current: {page}; run `make docs`"):
        run(monkeypatch, "--check", "--root", copy)
    assert (copy / page).read_text() == "edited by hand\n"
    run(monkeypatch, "--root", copy)
    run(monkeypatch, "--check", "--root", copy)


@pytest.mark.parametrize("page", docs.pages())
def test_generated_pages_say_so_on_their_first_line(page):
    assert re.match(r"(\.\. )?Generated from .+\sby\s`make docs`", (ROOT / page).read_text())


def test_every_key_and_every_attack_has_its_lines():
    pages = docs.pages()
    schema = config_schema()
    keys = config_keys.keys(schema)
    assert {"seed", "image_sets.<name>.parts.<name>.limit", "audit.margin"} <= set(keys)
    for key in keys:
        assert f"| `{key}` |" in pages["config/README.md"]
    for attack in known_attacks():
        assert f"\n## {attack}\n" in pages["docs/attacks.md"]
        assert f"[`{attack}`](#{attack})" in pages["docs/attacks.md"]
    row = r"\| \[`(\w+)`\].*\| (\d+) \| (\d+) \| (\d+) \| (.+) \|"
    rows = re.findall(row, pages["docs/attacks.md"])
    found = {name: (*map(int, costs), controls) for name, *costs, controls in rows}
    told = "a control model, other captions"
    assert {*found} == {*known_attacks()}
    assert found["coin"] == (0, 0, 0, "none: it is one") and found["sima"] == (1, 0, 0, told)
    assert found["loss_ratio"] == (4, 0, 0, told) and found["blind_all"] == (0, 0, 0, "`coin`")
    assert found["gsa1"] == (10, 10, 0, f"{told}, `lsa`")
    assert found["pang_wang"] == (180, 0, 3, f"{told}, `blind_text_image`")


def test_every_family_has_its_row_and_its_notes():
    """With all its pipelines, what it is told, its keys, and each tiny model that tests save."""
    page = docs.pages()["docs/models.md"]
    rows = {
        found[1]: [cell.strip() for cell in found[0].strip("|").split("|")]
        for found in re.finditer(r"(?m)^\| \[`(\w+)`\].*\|$", page)
    }
    assert list(rows) == families()
    for name, (_, pipelines, told, answers, latents, keys, tested) in rows.items():
        family = module_of(name).family
        assert pipelines == ", ".join(f"`{one}`" for one in family.pipelines)
        starts = {"text": "a text, by ", "class": "a class", "none": "nothing"}
        assert told.startswith(starts[family.condition])
        assert all(f"`{key}" in keys for key in family.options)
        assert tested.startswith("plain")
        assert f"\n### {name}\n" in page
        assert (latents == "the pixels") == (family.autoencoder is None)
        assert ("flow matching" in answers) == family.flow
    both = "a text, by 2 `CLIPTextModelWithProjection`, `T5EncoderModel`"
    assert rows["stable_diffusion3"][2] == both


def test_a_family_without_a_tiny_model_has_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(docs, "TINY", tmp_path)
    with pytest.raises(SystemExit, match=r"error: .*/ddpm\.py: missing; a family needs its tiny"):
        run(monkeypatch, "--check")


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_tables_are_whole(path):
    """Every row of a Markdown table has as many cells as its head."""
    width = None
    for line in re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert None in (cells, width) or cells == width, line
        width = cells


# The README's result table

CSV = (
    "target,attack,access,verdict,n_member,n_nonmember,auc,auc_low,auc_high,flags\n"
    "t,loss,grey-box,FAIR,300,310,0.61,0.561,0.66,too_few\n"
    "t,coin,model-free,FAIR,300,310,0.5,0.4,0.6,\n"
    "t,blind_text,model-free,FAIR,300,310,0.43,0.4,0.46,\n"
    "t,blind_image,model-free,FAIR,300,310,0.55,0.5,0.6,\n"
    "u,coin,model-free,NOT FAIR,300,40,0.4,0.3,0.45,below_chance too_few\n"
)


def test_pages_take_a_table_in(copy, monkeypatch):
    """README.md the rows that it names, the page of the default all of them and the wide table."""
    tables = copy / "results" / "tables"
    tables.mkdir(parents=True)
    (tables / "summary.md").write_text("| the | table |\n")
    (tables / "summary.csv").write_text(CSV)
    arguments = ("--summary", tables / "summary.md", "--root", copy)
    with pytest.raises(SystemExit, match=r"not current: README\.md, docs/default-experiment\.md;"):
        run(monkeypatch, "--check", *arguments)
    run(monkeypatch, *arguments)
    run(monkeypatch, "--check", *arguments)
    readme, default = ((copy / page).read_text() for page in docs.PAGES)
    assert "| hardest blind baseline | 0.43 [0.40–0.46] | – |" in readme
    assert "| the | table |" not in readme and "blind_text" not in readme
    assert "| the | table |" in default and "| `blind_text` | 0.43 [0.40–0.46] | – |" in default
    for text, before in ((readme, README), (default, DEFAULT)):
        assert "`make readme` from results/tables/summary.md" in text
        assert "| `loss` | 0.61 [0.56–0.66] | – |" in text
        assert "| `coin` | 0.50 [0.40–0.60] | 0.40 [0.30–0.45] ⚑ |" in text
        assert "⚑: flagged, `below_chance`." in text
        assert "| *verdict on the sets* | *FAIR* | *NOT FAIR* |" in text
        assert "t 300 + 310 (10 %: 31); u 300 + 40 (10 %: 4);" in text
        assert text.partition(result_block.CLOSE)[2] == before.partition(result_block.CLOSE)[2]


def test_the_readmes_table_is_the_default_pages():
    """Eight rows on four targets, each as it stands in the table of all attacks."""
    block = result_block.OPEN.split(README)[-1].partition(result_block.CLOSE)[0]
    rows = [line for line in block.splitlines() if line.startswith("| ")][3:]
    assert len(rows) == 8
    for row in rows:
        label, *cells = row.strip("| ").split(" | ")
        assert len(cells) == 4
        if label.startswith("`"):
            assert row in BLOCK
    blind = [line for line in BLOCK.splitlines() if line.startswith("| `blind_")]
    hardest = next(row for row in rows if row.startswith("| hardest")).strip("| ").split(" | ")[1:]
    for place, cell in enumerate(hardest, 1):
        found = [line.strip("| ").split(" | ")[place] for line in blind]
        assert cell in found
        assert abs(float(cell[:4]) - 0.5) == max(abs(float(one[:4]) - 0.5) for one in found)


def test_the_readme_is_read_in_three_minutes():
    assert len(README.splitlines()) <= 120
    assert len(README.split()) <= 1000


def test_every_page_of_docs_is_linked_from_another():
    pages = {path: path.read_text(encoding="utf-8") for path in PAGES}
    linked = {
        (path.parent / link.partition("#")[0]).resolve()
        for path, text in pages.items()
        for link in re.findall(r"\]\(([^)\s]+)\)", text)
        if not link.startswith(("https://", "#"))
    }
    decisions = ROOT / "docs/decisions"
    assert decisions in linked
    for path in PAGES:
        if path.parent == ROOT / "docs":
            assert path in linked, path


def test_readme_without_a_table_or_markers_says_so(copy, monkeypatch):
    with pytest.raises(SystemExit, match=r"summary\.md: no such table; `make run` writes it"):
        run(monkeypatch, "--summary", copy / "summary.md", "--root", copy)
    with pytest.raises(ValueError, match="expected one <!-- results -->"):
        result_block.replace("no markers", "text", "README.md")


def rows_of(block: str) -> list[dict[str, str]]:
    """Rows of the block's last table."""
    table = [line.strip("| ").split(" | ") for line in block.splitlines() if line.startswith("|")]
    start = max(i for i, row in enumerate(table) if row[0] == "Target")
    return [dict(zip(table[start], row, strict=True)) for row in table[start + 2 :]]


def default() -> Experiment:
    return read(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))


def test_the_whole_table_has_every_target_and_attack_and_the_writers_columns():
    experiment = default()
    wanted = [
        (target, attack)
        for target in experiment.config["targets"]
        for attack in experiment.attacks_of(target)
    ]
    rows = rows_of(BLOCK)
    assert [(row["Target"], row["Attack"]) for row in rows] == wanted
    assert markdown([], 0.95) in BLOCK


@pytest.mark.skipif(PENDING, reason="no numbers yet: make run, then make readme")
def test_the_table_bears_out_what_is_said_of_it():
    rows = {(row["Target"], row["Attack"]): row for row in rows_of(BLOCK)}

    def auc(target, attack):
        return tuple(map(float, re.findall(r"\d\.\d+", rows[target, attack]["AUC [95 %]"])))

    verdicts = {target: row["Verdict"] for (target, _), row in rows.items()}
    assert verdicts["emoji-fair"] == "BY DESIGN" and verdicts["emoji-shifted"] == "NOT FAIR"
    assert auc("emoji-overfit", "loss")[0] > auc("emoji-fair", "loss")[2]
    assert auc("emoji-overfit", "pian")[2] < 0.5
    _, low, high = auc("emoji-null", "coin")
    assert low <= 0.5 <= high


# What pages name


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_make_targets_exist(path):
    there = set(re.findall(r"(?m)^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text()))
    named = set(re.findall(r"(?m)(?:^|[`( ])make ([a-z][a-z-]*)", code(path.read_text())))
    assert named <= there
    if path.name == "README.md" and path.parent == ROOT:
        assert {"run", "test", "why", "report"} <= named


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_files_named_in_code_exist(path):
    named = re.findall(
        r"(?<![\w/{])((?:config|docs|envs|examples|profiles|tests|workflow)/[\w./-]*\w)",
        code(path.read_text()),
    )
    # The files that examples add.
    example = {
        *("workflow/mia/attacks/l1.py", "workflow/mia/images/sources/lines.py"),
        *("workflow/mia/denoisers/aura_flow.py", "tests/support/tiny_families/aura_flow.py"),
    }
    missing = [file for file in named if file not in example and not (ROOT / file).exists()]
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_relative_links_resolve(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        goal = (path.parent / file) if file else path
        assert goal.exists(), link
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", goal.read_text())
            assert anchor in map(slug, headings), link


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_no_path_of_a_machine_and_no_registry_address(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?<![\w.}])/(?:home|root|tmp|work|Users|opt|mnt)/\S*", text)
    assert not re.findall(r"\S*(?:py(?:pi\.org|thonhosted)|index-url|/simple\b|whl/cpu)\S*", text)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_nothing_is_left_to_fill_in(path):
    assert re.findall(r"@@\S*|TODO|FIXME|XXX", path.read_text()) == []


def test_the_rule_graph_shows_every_rule():
    rules = {"plan_openmoji"}
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        rules |= set(re.findall(r"(?m)^rule (\w+):", path.read_text()))
    drawn = set(re.findall(r"<text [^>]*>(\w+)</text>", (ROOT / "docs/rulegraph.svg").read_text()))
    assert drawn == rules


def test_decisions_are_numbered_and_found():
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, path in enumerate(files, 1):
        assert path.name.startswith(f"{number:04d}-")
        assert path.read_text().startswith(f"# {number:04d}: ")


def test_every_status_of_a_picture_is_explained():
    """On the page, and in the report's words."""
    told = (ROOT / "docs/images.md").read_text().partition("## Statuses\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| `(\w+)` \|", told)
    assert set(rows) == {"success", *FAILURES}
    downloads = {status for status, _ in PHRASES} | set(HTTP_STATUS.values()) | TRANSIENT
    assert downloads | set(CASES.values()) | set(ELSEWHERE.values()) <= set(rows)


# Configs


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_starts_with_its_command_and_what_to_expect(path):
    head = "".join(re.match(r"((?:#.*\n)+)", path.read_text()).groups())
    command = "make run" if path.name == "config.yaml" else f"make run CONFIG={name(path)}"
    assert command in head
    assert "Expected" in head


def test_configs_differ_in_results():
    folders = [yaml.safe_load(path.read_text())["results"] for path in CONFIGS]
    assert len(set(folders)) == len(CONFIGS)


def test_the_readmes_own_config_is_accepted(tmp_path, monkeypatch):
    block = re.search(r"```yaml\n(results: .*?)```", README, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "mine").mkdir(parents=True)
    (tmp_path / "models" / "mine" / "model_index.json").write_text("{}")
    experiment = read(yaml.safe_load(block))
    assert experiment.attacks_of("mine") == tuple(yaml.safe_load(block)["attacks"])
    channels = ("caption", "surface", "image", "metadata", "all")
    assert experiment.blind_attacks("mine") == tuple(f"blind_{channel}" for channel in channels)
