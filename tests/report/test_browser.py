"""The report in a real browser: Debian's headless Chromium, opened from file://."""

import shutil
from pathlib import Path

import pytest

from made_up_page import REAL, write_page
from made_up_pictures import HOSTILE
from made_up_results import ATTACKS, TARGETS
from mia.report.figures.shared.selection import MOST
from mia.report.figures.shared.shelf import known_figures
from mia.report.pages.collection_section import HEADINGS

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="no chromium or chromedriver on the path: apt-get install chromium chromium-driver",
    ),
]


def start(profile: Path):
    """Start Chromium with a fresh profile."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*QUIET.split(), f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(DRIVER))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("results"))


def show(browser, page: Path, width: int = 1280, scheme: str = "light") -> None:
    """Open a page at a width, in light or dark."""
    media = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())


def all_of(browser, selector: str):
    return browser.find_elements("css selector", selector)


def column(browser, number: int) -> list[str]:
    """Values of a column of the table of all numbers, of the rows that are shown."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#numbers tbody tr:not([hidden])')].map("
        "row => row.cells[arguments[0]].dataset.value ?? row.cells[arguments[0]].textContent)",
        number,
    )


def choose(browser, name: str, text: str) -> None:
    """Choose an entry of a filter by its text."""
    from selenium.webdriver.support.select import Select

    Select(all_of(browser, f"#filters [name={name}]")[0]).select_by_visible_text(text)


def errors(browser) -> list[dict]:
    return [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def check_page(browser, page: Path, targets: list[str]) -> None:
    """Go through a report page: no errors, every figure seen, the table sorts and filters."""
    show(browser, page)
    for target in targets:
        for kind in (figure.name for figure in known_figures()):
            (figure,) = all_of(browser, f"#figure-{target}-{kind} svg[role]")
            assert figure.size["width"] > 300 and figure.size["height"] > 60, (target, kind)
    total = len(column(browser, 0))
    heads = [head.text for head in all_of(browser, "#numbers thead th")]
    auc = next(i for i, text in enumerate(heads) if text.startswith("AUC"))
    button = all_of(browser, "#numbers thead button")[auc]
    for falling in (True, False):
        button.click()
        values = list(map(float, column(browser, auc)))
        assert values == sorted(values, reverse=falling) and len(values) == total
    choose(browser, "target", targets[0])
    assert set(column(browser, 0)) == {targets[0]}
    assert all_of(browser, "#shown")[0].text == f"{len(column(browser, 0))} of {total} rows"
    assert errors(browser) == []


def check_snakemake_report(browser, page: Path, target: str) -> None:
    """Click through the page of `snakemake --report`: a figure, the table, our page."""
    items = {
        "ROC on log axes": ("Figures", target),
        "Correlation of attacks": ("Figures", target),
        "Attacks on every target": ("Results",),
        "The whole report": ("Results",),
    }
    for item, road in items.items():
        picture = open_item(
            browser, page, [f"//a[normalize-space(.)='{name}']" for name in road], item
        )
        assert picture.size["width"] > 300 and picture.size["height"] > 300, item
    show(browser, page)
    await_one(browser, "//a[normalize-space(.)='Results']").click()
    for item in ("Attack against attack", "Is a collection in the training data"):
        link = await_one(browser, f"//tr[td[normalize-space(.)='{item}']]//a[@download]")
        assert link.get_attribute("download").endswith(".csv"), item
        assert link.get_attribute("href").startswith("data:text/csv"), item
    assert errors(browser) == []


def open_item(browser, page: Path, road: list[str], item: str):
    """Click along XPaths to an item and return its image; the page may lose a click while it
    draws itself anew, so that the road is gone three times before it is given up."""
    from selenium.common.exceptions import WebDriverException

    for last in (False, False, True):
        show(browser, page)
        try:
            for path in (*road, f"//tr[td[normalize-space(.)='{item}']]//a[@iconname='eye']"):
                await_one(browser, path).click()
            return await_one(browser, "//img[not(ancestor::nav)] | //iframe")
        except WebDriverException:
            if last:
                raise


def await_one(browser, path: str):
    """Return the last visible element at an XPath, once there is one."""
    from selenium.webdriver.support.wait import WebDriverWait

    def found(driver):
        visible = [one for one in driver.find_elements("xpath", path) if one.is_displayed()]
        return visible[-1] if visible else None

    return WebDriverWait(browser, 20).until(found, f"nothing to see at {path}")


def test_page_shows_sorts_and_filters(browser, page):
    check_page(browser, page, list(TARGETS))


def test_curves_are_shown_and_hidden(browser, page):
    show(browser, page)
    figure = f"#figure-{'-'.join(REAL)}"
    switches = {switch.text: switch for switch in all_of(browser, f"{figure} .curves button")}
    assert set(switches) == set(ATTACKS)

    def seen():
        pressed = [n for n, s in switches.items() if s.get_attribute("aria-pressed") == "true"]
        curves = all_of(browser, f"{figure} svg[role] g[id*='-curve-'], {figure} g[id*='-spare-']")
        assert len([curve for curve in curves if curve.is_displayed()]) == len(pressed)
        return set(pressed)

    first = seen()
    assert len(first) == MOST + 1
    other = sorted(set(ATTACKS) - first)[0]
    switches[other].click()
    assert seen() == {*first, other}
    switches[other].click()
    switches["loss_ratio"].click()
    assert seen() == first - {"loss_ratio"}
    assert not all_of(browser, f"{figure} g[id$='-key']")[0].is_displayed()


def test_a_flag_opens_its_explanation(browser, page):
    show(browser, page)
    assert all_of(browser, "#flag-below_chance[open]") == []
    all_of(browser, "#target-emoji-overfit a[href='#flag-below_chance']")[0].click()
    (told,) = all_of(browser, "#flag-below_chance[open] p:last-child")
    assert told.is_displayed() and told.text.startswith("What to do")


def test_search_finds_words_in_any_order(browser, page):
    show(browser, page)
    all_of(browser, "#filters [name=words]")[0].send_keys("FAIR pia emoji-shifted")
    assert set(column(browser, 1)) == {"pia", "pian"}
    all_of(browser, "#filters [name=words]")[0].clear()
    choose(browser, "reads", "denoiser")
    assert "coin" not in column(browser, 1) and "loss" in column(browser, 1)
    choose(browser, "reads", "anything")
    assert len(column(browser, 0)) == len(TARGETS) * len(ATTACKS)


def test_missing_numbers_stay_last(browser, page):
    show(browser, page)
    heads = [head.text for head in all_of(browser, "#numbers thead th")]
    place = next(i for i, text in enumerate(heads) if "TPR at 1 %" in text.replace("\n", " "))
    for _ in range(2):
        all_of(browser, "#numbers thead button")[place].click()
        missing = [value == "n/a" for value in column(browser, place)]
        assert any(missing) and missing == sorted(missing)


def test_a_hostile_caption_does_nothing(browser, page):
    from selenium.webdriver.support.expected_conditions import alert_is_present

    show(browser, page)
    assert not alert_is_present()(browser)
    captions = [caption.text for caption in all_of(browser, ".gallery .caption")]
    assert HOSTILE in captions
    assert not all_of(browser, "img[src='x']")


@pytest.mark.parametrize("width", [390, 1280])
def test_page_never_scrolls_sideways(browser, page, width):
    show(browser, page, width)
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    inside = browser.execute_script("return document.documentElement.scrollWidth")
    assert inside <= width
    for box in all_of(browser, ".scroll"):
        assert 0 < box.size["width"] <= width


@pytest.mark.parametrize("width", [390, 1280])
def test_the_plain_answer_is_read_without_a_click(browser, page, width):
    """Its headings stand beside the sentences, on a phone above them."""
    show(browser, page, width)
    for target in TARGETS:
        heads = all_of(browser, f"#answer-{target} h4")
        assert [head.text for head in heads] == list(HEADINGS)
        for head, text in zip(heads, all_of(browser, f"#answer-{target} h4 + *"), strict=True):
            assert head.is_displayed() and text.is_displayed() and text.size["width"] > 280
            beside = text.location["x"] > head.location["x"] + 100
            assert beside == (width > 600), (target, head.text)


def test_page_loads_nothing(browser, page):
    show(browser, page)
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert [name for name in loaded if not name.startswith("data:")] == []


def test_words_and_figures_are_readable_in_the_dark(browser, page):
    show(browser, page, scheme="dark")
    for selector, property_ in (("body", "color"), (".figures svg text", "fill")):
        colour = all_of(browser, selector)[0].value_of_css_property(property_)
        assert min(rgb(colour)) > 130, (selector, colour)
    assert max(rgb(all_of(browser, "body")[0].value_of_css_property("background-color"))) < 60


def rgb(colour: str) -> list[int]:
    return [int(part) for part in colour.split("(")[1].rstrip(")").split(",")[:3]]


def test_a_folded_table_opens_and_sorts(browser, page):
    show(browser, page)
    target = "#target-emoji-fair"
    (box,) = all_of(browser, f"{target} [aria-label^='Test of the collection']")
    assert not box.is_displayed()
    browser.execute_script("arguments[0].closest('details').querySelector('summary').click()", box)
    buttons = box.find_elements("css selector", "thead button")
    assert box.is_displayed() and buttons[0].text == "Attack"
    buttons[0].click()
    names = [head.text for head in box.find_elements("css selector", "tbody th")]
    assert names == sorted(ATTACKS)


def test_the_keyboard_reaches_the_sorting(browser, page):
    from selenium.webdriver.common.keys import Keys

    show(browser, page)
    first = all_of(browser, "#numbers thead button")[0]
    first.send_keys(Keys.ENTER)
    head = all_of(browser, "#numbers thead th")[0]
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(browser, 0) == sorted(column(browser, 0))


def test_both_reports_of_a_real_run(browser, bench):
    """The page and Snakemake's own report, as a reader opens them."""
    sides = {"members": "mine:nonmember", "nonmembers": "mine:member"}
    bench.configure(lambda config: config["targets"].update(swapped={"model": "tiny", **sides}))
    bench.run().done()
    check_page(browser, bench.folder / "results/report.html", ["fair", "swapped"])
    process = bench.start("--report", "snakemake-report.html")
    output, _ = process.communicate()
    assert process.returncode == 0, output
    check_snakemake_report(browser, bench.folder / "snakemake-report.html", "fair")
