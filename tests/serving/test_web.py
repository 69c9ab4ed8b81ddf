"""What people do with the page of a server, in a real browser."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from browser import DESK, PHONE, Scheme, chromium, open_page, page_state
from conftest import BLUE, GREEN, RED, picture
from diptych import load
from diptych.data.dataset import NONE
from served import Server, encoded, serving, small_bundle

expect.set_options(timeout=30_000)  # milliseconds; a busy machine takes its time

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# An outlier's features are far from those of any red or blue picture.
OUTLIER = encoded(picture(77, hue=GREEN))
BROKEN = encoded(picture(78, hue=RED))[:-1000]
# A file that a person drops on a page or pastes into it, as the browser tells of it.
GIVE = """([kind, name, base64]) => {
    const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
    const data = new DataTransfer();
    if (name) data.items.add(new File([bytes], name, { type: "image/png" }));
    else data.setData("text/plain", "words");
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    other = small_bundle(folder / "three.bundle", ("blue", "green", "red"), seed=1)
    with serving(folder / "log", bundle, other) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*CAMERA) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page as it is opened on a desk; nothing may go wrong on it."""
    with open_page(browser, at(server)) as (page, troubles):
        yield page
        assert troubles == []


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A red picture and a blue one."""
    paths = []
    for name, seed, hue in (("red", 602, RED), ("blue", 503, BLUE)):
        paths.append(tmp_path / f"{name}.png")
        picture(seed, hue=hue).save(paths[-1])
    return paths


def at(server: Server, path: str = "") -> str:
    return f"http://127.0.0.1:{server.port}/{path}"


def choose(page: Page, *files: Path | tuple[str, bytes]) -> None:
    """Choose files, and wait for the last answer."""
    named = [(file.name, file.read_bytes()) if isinstance(file, Path) else file for file in files]
    payloads: list[FilePayload] = [
        {"name": name, "mimeType": "image/png", "buffer": data} for name, data in named
    ]
    page.set_input_files("#files", payloads)
    expect(page.locator(".card")).not_to_have_count(0)
    expect(page.locator('.card[data-state="waiting"]')).to_have_count(0)


def said(page: Page) -> list[str]:
    return [text.replace("\xa0", " ") for text in page.locator(".answer").all_inner_texts()]


def test_every_chosen_picture_has_the_answer_of_the_bundle_in_words(
    page: Page, bundle: Path, files: list[Path]
) -> None:
    choose(page, *files)
    answers = load(bundle).predict(files)
    assert said(page) == [f"{a.label}, {100 * (a.probability or 0):.1f} %" for a in answers]
    assert page.locator(".card h3").all_inner_texts() == ["red.png", "blue.png"]
    expect(page.locator(".card .bars").first.locator("li")).to_have_count(2)
    expect(page.locator("#tally")).to_have_text("2\xa0pictures: 1 red, 1 blue")
    shown = page.locator(".plate canvas").first
    expect(shown).to_have_attribute("aria-label", "The picture red.png")


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_that_is_dropped_or_pasted_is_answered(page: Page, kind: str) -> None:
    data = base64.b64encode(encoded(picture(503, hue=BLUE))).decode()
    page.evaluate(GIVE, [kind, "image.png", data])
    expect(page.locator(".answer")).to_contain_text("blue")
    # Browsers call whatever is pasted image.png.
    name = "pasted picture" if kind == "paste" else "image.png"
    expect(page.locator(".card h3")).to_have_text(name)


@pytest.mark.parametrize(
    ("kind", "words"), [("drop", "no file in what was dropped"), ("paste", "no picture in the")]
)
def test_what_is_no_file_is_refused_in_words(page: Page, kind: str, words: str) -> None:
    page.evaluate(GIVE, [kind, "", ""])
    expect(page.locator("#notice")).to_contain_text(words)
    expect(page.locator(".card")).to_have_count(0)


def test_a_model_that_comes_late_wipes_away_nothing_that_was_said(page: Page) -> None:
    held: list[Route] = []
    expect(page.locator("#promise")).to_contain_text("tells blue from red")
    page.route("**/model?*", lambda route: held.append(route))
    page.select_option("#models select", "three")
    page.evaluate(GIVE, ["paste", "", ""])
    expect(page.locator("#notice")).to_contain_text("no picture in the")
    held.pop().continue_()
    expect(page.locator("#promise")).to_contain_text("tells blue, green and red apart")
    expect(page.locator("#notice")).to_contain_text("no picture in the")


def hold_model(page: Page, name: str) -> Route:
    """Choose a model, whose facts do not come until the route is continued."""
    held: list[Route] = []
    page.route(f"**/model?model={name}", lambda route: held.append(route))
    page.select_option("#models select", name)
    while not held:
        page.wait_for_timeout(20)
    return held[0]


@pytest.mark.parametrize("address", ["", "watch"])
def test_of_two_quick_choices_the_last_one_holds(
    browser: Browser, server: Server, address: str
) -> None:
    with open_page(browser, at(server, address)) as (page, _):
        select = page.locator("#models select")
        expect(select).to_have_value("colours")
        first = hold_model(page, "three")
        with page.expect_response("**/*?model=colours"):
            select.select_option("colours")
        with page.expect_response("**/model?model=three"):
            first.continue_()
        page.wait_for_timeout(300)  # in which the page could do as the late answer says
        # Now, not at last: this page looks again after a while.
        assert select.input_value() == "colours"
        assert page.title() in ("colours – Diptych", "Watch colours – Diptych")
        assert page.url.endswith("?model=colours")
        if not address:
            expect(page.locator("#promise")).to_contain_text("tells blue from red")


def test_a_picture_is_answered_by_the_model_that_was_chosen_though_its_facts_are_late(
    page: Page,
) -> None:
    expect(page.locator("#promise")).to_contain_text("tells blue from red")
    facts = hold_model(page, "three")
    choose(page, ("green.png", OUTLIER))
    assert said(page)[0].startswith("green, ")
    facts.continue_()
    expect(page.locator("#promise")).to_contain_text("tells blue, green and red apart")


def test_the_camera_takes_a_picture_and_is_let_go(page: Page) -> None:
    page.click("#camera")
    # Stays disabled until the camera sees something.
    page.click("#shutter")
    expect(page.locator("#live")).to_be_hidden()
    expect(page.locator('.card[data-state="answered"] h3')).to_contain_text("camera, ")
    assert page.evaluate("document.getElementById('preview').srcObject") is None


def test_the_heat_is_shown_and_hidden_again(page: Page, files: list[Path]) -> None:
    choose(page, *files)
    button = page.get_by_role("button", name="What speaks for red?")
    picture_of, heat_of = (
        page.get_by_role("img", name=name) for name in ("The picture red.png", "Heatmap of red.png")
    )
    button.click()
    expect(heat_of).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(picture_of).to_have_count(0)
    button.click()
    expect(picture_of).to_be_visible()
    expect(heat_of).to_have_count(0)


def test_an_outlier_is_none_of_these_and_not_a_class_with_a_bar(page: Page) -> None:
    choose(page, ("green.png", OUTLIER))
    assert said(page) == [NONE]
    expect(page.locator(".card.none-of-these")).to_contain_text("so it names no class")
    expect(page.locator(".bars")).to_be_hidden()
    page.click("text=If it had to be one of them")
    expect(page.locator(".bars")).to_be_visible()


def test_a_picture_that_cannot_be_read_says_why_and_the_others_are_answered(
    browser: Browser, server: Server, bundle: Path, files: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(BROKEN)
    with open_page(browser, at(server)) as (page, _):
        choose(page, broken, *files)
        (answer,) = load(bundle).predict([broken])
        expect(page.locator('[data-state="refused"] .why')).to_have_text(answer.error or "")
        expect(page.locator('[data-state="answered"]')).to_have_count(2)
        expect(page.locator("#tally")).to_contain_text("1 without an answer")


def test_the_name_of_a_file_is_text_whatever_is_in_it(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    choose(page, (name, OUTLIER))
    expect(page.locator(".card h3")).to_have_text(name)
    expect(page.locator("img[onerror]")).to_have_count(0)


def test_it_works_by_keyboard_alone(page: Page, files: list[Path]) -> None:
    def focused() -> str:
        return str(page.evaluate("document.activeElement.textContent.trim()"))

    def reach(name: str) -> None:
        for _ in range(12):
            if focused() == name:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{name} is never reached, only {focused()}")

    # Long before the key is pressed: until the browser knows, it opens a dialog of its own.
    page.on("filechooser", lambda chooser: chooser.set_files(files[0]))
    reach("Choose pictures")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("red")
    reach("What speaks for red?")
    page.keyboard.press("Space")
    expect(page.locator("figure canvas")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    assert focused() == "Clear all"
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(0)
    assert focused() == "Choose pictures"


def test_answers_are_told_to_those_who_hear_the_page(page: Page, files: list[Path]) -> None:
    choose(page, files[0])
    spoken = page.get_by_role("status")
    expect(spoken).to_contain_text("red.png: red, ")


def test_a_busy_server_is_asked_again(browser: Browser, server: Server, files: list[Path]) -> None:
    tries = 0

    def busy_at_first(route: Route) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            route.fulfill(status=429, headers={"Retry-After": "1"}, body="{}")
        else:
            route.continue_()

    with open_page(browser, at(server)) as (page, _):
        page.route("**/predict*", busy_at_first)
        choose(page, files[0])
        assert said(page)[0].startswith("red, ")
    assert tries == 3


def test_a_server_that_is_gone_is_said_and_tried_again_on_demand(
    browser: Browser, server: Server, files: list[Path]
) -> None:
    with open_page(browser, at(server)) as (page, _):
        page.route("**/predict*", lambda route: route.abort())
        choose(page, files[0])
        expect(page.locator(".card")).to_contain_text("The server cannot be reached.")
        page.unroute("**/predict*")
        page.click("text=Try again")
        expect(page.locator(".answer")).to_contain_text("red, ")


def test_another_bundle_answers_when_it_is_chosen(page: Page, files: list[Path]) -> None:
    expect(page.locator("#promise")).to_contain_text("tells blue from red")
    page.select_option("#models select", "three")
    expect(page.locator("#promise")).to_contain_text("tells blue, green and red apart")
    choose(page, ("green.png", OUTLIER))
    assert said(page)[0].startswith("green, ")
    expect(page.locator(".card")).to_contain_text("answered by three")


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "light")])
def test_it_reads_well_with_every_kind_of_answer(
    browser: Browser, server: Server, files: list[Path], width: int, scheme: Scheme
) -> None:
    with open_page(browser, at(server), width, scheme, reduced_motion="reduce") as (page, troubles):
        choose(page, *files, ("green.png", OUTLIER), ("broken.png", BROKEN))
        page.get_by_role("button", name="What speaks for red?").click()
        expect(page.locator("figure canvas")).to_be_visible()
        page.click("text=About this model")
        # The browser notes that a picture was refused.
        own = [line for line in troubles if "status of 4" not in line]
        assert list(page_state(page, own).complaints()) == []
        assert len(troubles) == 1


def test_a_phone_is_not_asked_to_drop_things(browser: Browser, server: Server) -> None:
    with open_page(browser, at(server), PHONE, has_touch=True, is_mobile=True) as (page, _):
        expect(page.get_by_text("Choose some pictures, or take one.")).to_be_visible()
        expect(page.get_by_text("Drop pictures")).to_be_hidden()


def test_a_server_with_keys_asks_for_one_until_it_is_right(
    browser: Browser, bundle: Path, files: list[Path], tmp_path: Path
) -> None:
    from diptych.serving.keys import add_key

    key = add_key(tmp_path / "keys", "ada")
    with (
        serving(tmp_path / "log", bundle, "--keys", tmp_path / "keys") as guarded,
        open_page(browser, at(guarded)) as (page, _),
    ):
        page.get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("does not know that key")
        page.get_by_label("API key").fill(key)
        page.keyboard.press("Enter")
        expect(page.locator("#promise")).to_contain_text("tells blue from red")
        choose(page, files[0])
        assert said(page)[0].startswith("red, ")


@pytest.mark.parametrize("address", ["watch/", "docs/"])
def test_a_page_works_with_a_slash_behind_its_address(
    browser: Browser, server: Server, address: str
) -> None:
    with open_page(browser, at(server, address)) as (page, troubles):
        if address == "watch/":
            expect(page.locator("#models option")).to_have_count(2)
            page.select_option("#models select", "three")
            expect(page).to_have_title("Watch three – Diptych")
        else:
            page.click("dd a >> nth=0")
            assert re.search(r"/docs#\w+Schema$", page.url)
        elsewhere = [line for line in troubles if at(server) not in line]
        assert list(page_state(page, elsewhere).complaints()) == []


def test_what_was_asked_is_watched_and_a_change_is_said(
    browser: Browser, bundle: Path, tmp_path: Path
) -> None:
    with serving(tmp_path / "log", bundle) as server, open_page(browser, at(server)) as (page, _):
        page.clock.install()
        page.goto(at(server, "watch"))
        verdict = page.locator("#verdict")
        expect(verdict).to_contain_text("Nothing has been asked yet")
        for i in range(3):
            server.post("/predict", encoded(picture(600 + i, hue=RED)))
        server.post("/predict", BROKEN)
        page.clock.fast_forward(11_000)
        expect(verdict).to_contain_text("Too few pictures yet")
        expect(page.locator("#answers li").first).to_contain_text("red")
        expect(page.locator("#answers li").first).to_contain_text("3, 100.0\xa0%")
        expect(page.locator("#refused")).to_contain_text("1 truncated")
        green = [(f"{i}.png", encoded(picture(700 + i, hue=GREEN))) for i in range(120)]
        server.post_form("/predict", *green[:60])
        server.post_form("/predict", *green[60:])
        page.clock.fast_forward(11_000)
        expect(verdict).to_contain_text("No longer as in training: ")
        expect(verdict).to_contain_text("how strange the pictures are")
        expect(page.locator("#none-of-these")).to_contain_text("none of these")
        expect(page.locator('#answered [data-state="changed"]').first).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_the_watching_page_reads_well(
    browser: Browser, server: Server, width: int, scheme: Scheme
) -> None:
    for seed in range(4):
        server.post("/predict", encoded(picture(800 + seed, hue=BLUE)))
    with open_page(browser, at(server, "watch"), width, scheme) as (page, troubles):
        expect(page.locator("tbody tr")).not_to_have_count(0)  # it is drawn
        for figures in page.get_by_text("Figures").all():
            figures.click()
        expect(page.locator("tbody tr").first).to_be_visible()
        elsewhere = [line for line in troubles if at(server) not in line]
        assert list(page_state(page, elsewhere).complaints()) == []


@pytest.mark.realdata
def test_formats_that_no_browser_shows_are_answered_too(page: Page, real: Path) -> None:
    (heic,) = (real / "dirty" / "pillow_heif").rglob("L_exif_xmp_iptc.heic")
    choose(page, heic, *sorted((real / "photos" / "pizza").iterdir())[:1])
    expect(page.locator('[data-state="answered"]')).to_have_count(2)
    expect(page.locator(".card").first).to_contain_text("cannot show this kind of file")
