"""What people do on the page, in a real browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from browser import DESK, PHONE, Scheme, chromium, open_page, page_state
from diptych import load
from diptych.data.plan import Plan
from windows import Running, reviewing

expect.set_options(timeout=30_000)  # milliseconds; a busy machine takes its time


@pytest.fixture
def running(photos: Path, plan: Path) -> Iterator[Running]:
    with reviewing(photos, "--plan", plan, "--size", "32", "--name", "anna") as one:
        yield one


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@contextmanager
def two_windows(running: Running, browser: Browser) -> Iterator[tuple[Page, Page]]:
    """Two windows of one review, both ready."""
    with (
        open_page(browser, running.url) as (one, _),
        open_page(browser, running.url) as (two, _),
    ):
        for page in (one, two):
            expect(page.locator(".tile.current .caption")).to_contain_text("blue → red?")
        yield one, two


def decisions(plan: Path) -> dict[str, tuple[str, str]]:
    return {row.path: (row.decision, row.label) for row in Plan.read(plan).decided}


def test_data_are_put_right_by_keys_alone(running: Running, browser: Browser, plan: Path) -> None:
    with open_page(browser, running.url, DESK) as (page, troubles):
        expect(page.locator("#title")).to_have_text("Undecided")
        current = page.locator(".tile.current .caption")
        expect(current).to_contain_text("blue → red?")
        page.keyboard.press("r")
        expect(page.locator("#tally")).to_have_text("1 of 3 decided")
        assert decisions(plan) == {"blue/was red.png": ("relabel", "red")}
        expect(current).to_contain_text("red → blue?")
        page.keyboard.press("d")
        expect(page.locator("#tally")).to_have_text("2 of 3 decided")
        page.keyboard.press("Control+z")
        expect(page.locator("#tally")).to_have_text("1 of 3 decided")
        page.keyboard.press("Shift+U")
        expect(page.locator("#tally")).to_have_text("2 of 3 decided")
        page.keyboard.press("End")
        page.keyboard.press("c")
        page.keyboard.type("gre")
        page.keyboard.press("Enter")  # no class is called so: nothing happens by itself
        expect(page.get_by_role("dialog")).to_contain_text("No class is called so")
        page.keyboard.type("en")
        page.keyboard.press("Shift+Enter")
        expect(page.locator("#tally")).to_have_text("3 of 3 decided")
        assert decisions(plan)["red/red001.png"] == ("relabel", "green")
        expect(page.get_by_role("navigation")).not_to_contain_text("Proposed")
        page.keyboard.press("]")
        expect(page.locator("#title")).to_have_text("Blurred")
        page.keyboard.press("Enter")
        expect(page.locator("dialog.large img")).to_be_visible()
        page.keyboard.press("k")
        expect(page.locator("dialog.large")).to_contain_text("Kept by anna")
        page.keyboard.press("Escape")
        assert troubles == []


def test_a_window_is_told_of_another_and_of_what_is_not_saved(
    running: Running, browser: Browser, plan: Path
) -> None:
    with two_windows(running, browser) as (one, two):
        two.keyboard.press("d")
        expect(one.locator("#tally")).to_have_text("1 of 3 decided")
        expect(one.locator(".tile[data-state=drop]")).to_have_count(1)
        plan.chmod(0o444)
        one.keyboard.press("ArrowRight")
        one.keyboard.press("k")
        expect(one.locator("#notice")).to_contain_text("Not saved (1\xa0decision)")
        expect(one.locator(".tile[data-state=keep]")).to_have_count(0)
        plan.chmod(0o644)
        one.get_by_role("button", name="Try now").click()
        expect(one.locator(".tile[data-state=keep]")).to_have_count(1)
        expect(one.locator("#notice")).to_be_hidden()
        assert decisions(plan)["red/was blue.png"][0] == "keep"


def test_what_another_window_decided_is_told_though_this_one_decides_too(
    running: Running, browser: Browser, plan: Path
) -> None:
    with two_windows(running, browser) as (one, two):
        held: list[Route] = []
        # For a while it hears of nothing.
        one.route("**/changes?*", lambda route: held.append(route), times=1)
        two.keyboard.press("d")
        expect(two.locator("#tally")).to_have_text("1 of 3 decided")
        one.keyboard.press("ArrowRight")
        one.keyboard.press("d")
        expect(one.locator("#tally")).to_have_text("2 of 3 decided")
        one.keyboard.press("Home")
        one.keyboard.press("k")
        expect(one.locator("#notice")).to_contain_text("decided elsewhere meanwhile")
        wait_for(one, lambda: bool(held))
        held[0].continue_()
        expect(one.locator(".tile[data-state=drop]")).to_have_count(2)
        assert [decision for decision, _ in decisions(plan).values()] == ["drop", "drop"]


def test_an_answer_that_a_decision_has_overtaken_is_passed_over(
    running: Running, browser: Browser
) -> None:
    with open_page(browser, running.url) as (page, troubles):
        expect(page.locator(".tile.current .caption")).to_contain_text("blue → red?")
        late: list[tuple[Route, APIResponse]] = []
        page.route("**/overview", lambda route: late.append((route, route.fetch())), times=1)
        page.keyboard.press("d")
        expect(page.locator("#tally")).to_have_text("1 of 3 decided")
        wait_for(page, lambda: bool(late))
        page.keyboard.press("c")
        page.keyboard.type("green")
        page.keyboard.press("Shift+Enter")
        expect(page.locator("#tally")).to_have_text("2 of 3 decided")
        expect(page.get_by_role("navigation")).to_contain_text("green")
        ((route, response),) = late
        route.fulfill(response=response)
        page.keyboard.press("c")
        page.keyboard.type("gree")
        page.keyboard.press("Enter")
        expect(page.locator("#tally")).to_have_text("3 of 3 decided")
        assert troubles == []


def wait_for(page: Page, holds: Callable[[], bool]) -> None:
    """Let a page go on until something holds; 30 seconds at most."""
    for _ in range(600):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


def test_an_unlabelled_pile_becomes_a_classifier_without_leaving_the_page(
    folder_of: Callable[..., Path],
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # bundles without a folder go here
    pile, plan = tmp_path / "pile", tmp_path / "pile-audit" / "plan.csv"
    pile.mkdir()
    for picture in folder_of(20).glob("*/*.png"):
        picture.rename(pile / picture.name)
    with (
        reviewing(pile, "--plan", plan, "--name", "anna") as running,
        open_page(browser, running.url, DESK) as (page, troubles),
    ):
        expect(page.locator("#title")).to_have_text("Unlabelled")
        for number in range(40):
            label = "blue" if number < 20 else "red"  # in the order of their names
            page.keyboard.press("c")
            page.keyboard.type(label)
            page.keyboard.press("Shift+Enter" if number in (0, 20) else "Enter")
            expect(page.locator("#tally")).to_have_text(f"{number + 1} of 40 decided")
        page.get_by_text("Train a classifier").click()
        page.get_by_role("button", name="Start it here").click()
        expect(page.get_by_role("button", name="Training …")).to_be_disabled()
        expect(page.get_by_text("pile.bundle is written")).to_be_visible(timeout=300_000)
        assert troubles == []
    assert load(tmp_path / "pile.bundle").classes == ("blue", "red")


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_it_is_fit_for_everybody(
    running: Running, browser: Browser, plan: Path, width: int, scheme: Scheme
) -> None:
    touch = width == PHONE
    with open_page(browser, running.url, width, scheme, has_touch=touch) as (page, troubles):
        expect(page.locator(".tile img").first).to_be_visible()
        assert not list(page_state(page, troubles).complaints())
        if touch:
            page.locator(".tile").nth(1).tap()
            page.locator(".actions").get_by_role("button", name="Drop").tap()
            expect(page.locator("#tally")).to_have_text("1 of 3 decided")
            assert decisions(plan) == {"red/was blue.png": ("drop", "blue")}
        page.evaluate("document.getElementById('help').click()")
        assert not list(page_state(page, troubles).complaints())
