"""What a real browser makes of a page: headless Chromium, and the accessibility rules of axe-core.

`checked(html, folder)` is all that most tests need; `checked_at(address)` is for a server's page.
A browser is started for each call: Playwright's event loop would be in the way of other tests'.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

Scheme = Literal["light", "dark"]

PHONE, DESK = 360, 1200  # pixels across
HEIGHT = 800
VIEWS: tuple[tuple[int, Scheme], ...] = ((PHONE, "light"), (PHONE, "dark"), (DESK, "light"))
# What a page holds in itself is no request.
WITHIN = ("data:", "blob:", "about:")
GRAVE = ("serious", "critical")
INK = "getComputedStyle(document.body).color"  # rgb(…) or rgba(…)
# Pictures that wait to be scrolled to would be missing in a picture of the whole page.
LOAD_ALL = """
Promise.allSettled([...document.images].map(image => {
    image.loading = "eager";
    return image.decode();
}))
"""


class PageState(NamedTuple):
    """What a browser saw of a page."""

    troubles: tuple[str, ...]  # errors of the console and of scripts, and requests to elsewhere
    overflow: int  # pixels by which the page is wider than the window
    violations: tuple[str, ...]  # of axe-core's rules, serious and critical, with the element
    screenshot: bytes  # the whole page, PNG

    def complaints(self) -> Iterator[str]:
        """What is wrong, in a line each."""
        yield from self.troubles
        if self.overflow > 0:
            yield f"is {self.overflow} px wider than the window"
        yield from self.violations


class Print(NamedTuple):
    """What a browser printed of a page."""

    troubles: tuple[str, ...]
    ink: tuple[int, int, int]  # the colour of the text
    pdf: bytes

    @property
    def sheets(self) -> int:
        """How much paper it takes."""
        return len(re.findall(rb"/Type\s*/Page\b", self.pdf))

    def complaints(self) -> Iterator[str]:
        """What is wrong, in a line each."""
        yield from self.troubles
        if not self.sheets:
            yield "no page at all"
        if max(self.ink) > 127:
            yield f"pale ink on white paper, {self.ink}"


def checked(html: str, folder: Path) -> list[str]:
    """What is wrong with a page that should hold all it shows; empty where all is well."""
    return checked_at(written(html, folder))


def checked_at(address: str) -> list[str]:
    """What is wrong with the page at an address: on a phone and a desk, in light and dark, printed.

    It may ask for what lies below its address. The test is skipped where there is no Chromium.
    """
    with chromium() as browser:
        actual = [
            f"{width} px, {scheme}: {complaint}"
            for width, scheme in VIEWS
            for complaint in look(browser, address, width, scheme).complaints()
        ]
        # From a dark screen, whose light text would be lost on paper.
        paper = printed(browser, address, "dark")
    return actual + [f"printed: {complaint}" for complaint in paper.complaints()]


def written(html: str, folder: Path) -> str:
    """The address of a file with this page."""
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    return file.as_uri()


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A browser that reaches nothing but this machine."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed: apt install chromium")
    closed = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[closed, *flags])
        try:
            yield browser
        finally:
            browser.close()


def look(browser: Browser, address: str, width: int = DESK, scheme: Scheme = "light") -> PageState:
    """Open a page in a window of that width and colour scheme."""
    with open_page(browser, address, width, scheme) as (page, troubles):
        return page_state(page, troubles)


def page_state(page: Page, troubles: Sequence[str]) -> PageState:
    """What there is to see of a page as it is now."""
    violations = tuple(
        f"{rule['id']} ({rule['impact']}): {node['html']}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    )
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return PageState(tuple(troubles), overflow, violations, page.screenshot(full_page=True))


def printed(browser: Browser, address: str, scheme: Scheme = "light") -> Print:
    """Print a page to PDF."""
    with open_page(browser, address, DESK, scheme) as (page, troubles):
        pdf = page.pdf()
        page.emulate_media(media="print")
        red, green, blue = map(int, re.findall(r"\d+", page.evaluate(INK))[:3])
    return Print(tuple(troubles), (red, green, blue), pdf)


@contextmanager
def open_page(
    browser: Browser, address: str, width: int = DESK, scheme: Scheme = "light", **more: Any
) -> Iterator[tuple[Page, list[str]]]:
    """A page with all its pictures, and the list that its troubles go to until it is closed.

    `more` are further choices of Playwright's, such as `has_touch`.
    """
    troubles: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((address, *WITHIN)):
            troubles.append(f"asks for {request.url}")

    size: Any = {"width": width, "height": HEIGHT}
    page = browser.new_page(viewport=size, color_scheme=scheme, **more)
    page.on("request", note)
    page.on("websocket", lambda socket: troubles.append(f"asks for {socket.url}"))
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    page.on(
        "console",
        lambda line: troubles.append(f"error: {line.text}") if line.type == "error" else None,
    )
    page.goto(address)
    page.evaluate(LOAD_ALL)
    yield page, troubles
    page.close()
