import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser import PHONE, checked, chromium, open_page, written
from conftest import BLUE, picture
from diptych import audit, read
from diptych.auditing import Audit, Finding
from diptych.auditing.leakage import Leakage
from diptych.auditing.report import SEVERITIES
from diptych.reporting import audit_galleries, audit_map, audit_page
from diptych.reporting.audit_page import save_audit
from materials import stored

PLAN = Path("looked")


def audited(root: Path, *findings: Finding, features: bool = True) -> Audit:
    """An audit with further findings, and features in which each class is a heap of its own."""
    result = audit(read(root), size=32, checks=())
    assert result.material is not None
    material = result.material
    rng = np.random.default_rng(0)
    labels = np.eye(2, 16, dtype=np.float32)[material.labels]
    features_ND = 9 * labels + rng.normal(size=labels.shape).astype(np.float32)
    rows = stored(root.with_name(f"{root.name}-features"), features_ND)
    return replace(
        result,
        findings=(*result.findings, *findings),
        material=replace(material, features_ND=rows if features else None),
    )


@pytest.fixture
def looked(folder_of: Callable[..., Path]) -> Audit:
    """Reds and blues with something of every kind."""
    root = folder_of(16)
    (root / "red" / "broken.jpg").write_bytes(b"no picture")
    shutil.copy(root / "red" / "red001.png", root / "red" / "twin.png")
    shutil.copy(root / "red" / "red002.png", root / "blue" / "both.png")
    name = os.fsdecode(b"<b onload=x>a\nb<b>\xff.png")
    picture(901, 48, hue=BLUE).resize((90, 30)).save(root / "blue" / name)
    return audited(
        root,
        Finding(
            "blue/blue003.png", "likely wrong label", "sure", False, "red/red004.png", 0.97, "red"
        ),
        Finding(f"blue/{name}", "likely wrong label", "less sure", False, "", 0.6, "red"),
        *(
            Finding(f"red/red{i:03}.png", "blurred", f"{i}", False, "", i / 20)
            for i in range(4, 12)
        ),
        Finding("red/", "two clusters", "5 lie apart", False, "red/red007.png", 0.7),
        Finding("/", "shortcut", "the size alone tells the class in 81.0 %", False, "", 0.8),
    )


def data_of(page: str) -> dict[str, Any]:
    """What the scripts of a page read."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_says_what_is_wrong_and_what_to_do(looked: Audit) -> None:
    page = audit_page.audit_page(looked, PLAN)
    text = " ".join(re.sub(r"<[^>]+>", "", page.partition("<main>")[2]).split())
    assert "Of 36 files in 2 classes 32 can be used and 4 are set aside." in text
    assert "The worst problem: shortcut: the size alone tells the class in 81.0 %." in text
    todo = re.findall(r"<li><strong>(.*?)</strong>", page.partition('id="map"')[0])
    assert todo[:2] == ["Take the pictures of all classes in the same way.", "Check 4 labels."]
    assert {"Look at 8 pictures.", "Add pictures of blue, red.", "Leave out copies."} < set(todo)
    assert todo[-1] == "Train."
    review = f"diptych review {looked.dataset.root} --plan looked/plan.csv"
    assert review in text
    assert f"diptych clean {looked.dataset.root} --plan looked/plan.csv --out cleaned/" in text


def test_each_kind_has_its_gallery_the_surest_first(looked: Audit) -> None:
    page = audit_page.audit_page(looked, PLAN)
    titles = re.findall(r'<h2 id="gallery-\d+">(.*?)</h2>', page)
    assert titles == ["Likely wrong label", "Blurred"]
    assert "blue/blue003.png, labelled blue, looks like red" in page
    # The other picture stands beside it, and so does the one that a copy is of.
    assert page.count('alt="red/red004.png, labelled red"') >= 1
    assert "red/red001.png, labelled red" in page
    blurred = re.findall(r'alt="(red/red\d+)\.png, labelled red"', page.partition(">Blurred<")[2])
    assert blurred[:8] == [f"red/red{i:03}" for i in range(11, 3, -1)]


def test_the_files_that_are_set_aside_are_named_with_the_reason(looked: Audit) -> None:
    page = audit_page.audit_page(looked, PLAN)
    aside = page.partition("<h2>Set aside</h2>")[2]
    for reason in ("1 not an image", "1 exact duplicate", "2 two labels"):
        assert f"<summary>{reason}</summary>" in aside
    assert "<code>red/broken.jpg</code>" in aside
    assert "(red/red001.png)" in aside or "(red/twin.png)" in aside


def test_what_is_found_of_classes_has_its_own_place(looked: Audit) -> None:
    page = audit_page.audit_page(looked, PLAN)
    notes = page.partition("What was found about classes")[2].partition("</ul>")[0]
    assert notes.index("all pictures") < notes.index("red</strong>: two clusters")
    assert "5 lie apart" in notes
    assert 'alt="red/red007.png, labelled red"' in notes


def test_what_a_test_score_rests_on_is_told(looked: Audit) -> None:
    leaks = Leakage((("train/<i>.png", "test/b.png"),), 20, 1, None, None, None)
    page = audit_page.audit_page(replace(looked, leakage=leaks), PLAN)
    assert "1 pairs of copies straddle the parts: train/&lt;i&gt;.png = test/b.png.</p>" in page
    assert "1 of 20 test pictures have a copy to learn from.</p>" in page
    assert "Copies across the parts" not in audit_page.audit_page(looked, PLAN)


def test_names_are_text_whatever_is_in_them(looked: Audit, tmp_path: Path) -> None:
    assert not save_audit(looked, tmp_path / "looked")
    page = (tmp_path / "looked" / "audit.html").read_text(encoding="utf-8")
    assert "<b onload" not in page
    assert r"&lt;b onload=x&gt;a\nb&lt;b&gt;\udcff.png" in page
    assert r"blue/<b onload=x>a\nb<b>\udcff.png" in data_of(page)["map"]["name"]
    assert (tmp_path / "looked" / "audit.csv").read_bytes() == looked.to_csv().encode(
        errors="surrogateescape"
    )


def test_the_map_has_every_picture_that_can_be_used(looked: Audit) -> None:
    data = data_of(audit_page.audit_page(looked, PLAN))["map"]
    assert looked.material is not None
    samples = looked.material.dataset.samples
    assert len(data["name"]) == len(data["x"]) == len(data["y"]) == len(samples)
    assert [data["classes"][k] for k in data["label"]] == [s.label for s in samples]
    x = np.array(data["x"])
    red = np.array(data["label"]) == data["classes"].index("red")
    assert x[red].max() < x[~red].min() or x[red].min() > x[~red].max()
    suspect = data["name"].index("blue/blue003.png")
    assert data["findings"][str(suspect)] == [
        [data["issues"].index("likely wrong label"), "sure", "red"]
    ]
    assert data["ratio"][data["name"].index(r"blue/<b onload=x>a\nb<b>\udcff.png")] == 3


def test_of_too_many_pictures_the_map_has_those_with_findings_and_some_others(
    looked: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_map, "MOST", 15)
    found, again = audit_map.audit_map(looked), audit_map.audit_map(looked)
    assert found is not None
    assert again is not None
    assert found.samples == again.samples
    assert (len(found.samples), found.total) == (15, 32)
    noted = {f.name for f in looked.findings if f.issue in ("blurred", "likely wrong label")}
    assert noted < {sample.name for sample in found.samples}
    monkeypatch.setattr(audit_map, "MOST", 2)
    found = audit_map.audit_map(looked)
    assert found is not None
    gravest = {f.name for f in looked.findings if f.issue == "likely wrong label"}
    assert {sample.name for sample in found.samples} == gravest


def test_without_features_the_page_says_how_to_get_a_map(folder_of: Callable[..., Path]) -> None:
    page = audit_page.audit_page(audited(folder_of(6), features=False), PLAN)
    assert "<canvas" not in page
    assert "pip install &#39;diptych[torch]&#39;" in page or "pip install 'diptych[torch]'" in page
    assert data_of(page)["map"] is None


def test_a_clean_set_is_told_to_be_one(folder_of: Callable[..., Path]) -> None:
    page = audit_page.audit_page(audited(folder_of(30)), PLAN)
    assert "Of 60 files in 2 classes all can be used.</p>" in page
    assert "Nothing stands out: train." in page
    assert "Everything that was found" not in page


def test_galleries_are_cut_off_and_say_so(looked: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_galleries, "CARDS", 5)
    blurred = audit_page.audit_page(looked, PLAN).partition(">Blurred<")[2]
    assert "… and 3 more: audit.csv has them all." in blurred


def test_a_page_of_many_kinds_stays_small(folder_of: Callable[..., Path]) -> None:
    root = folder_of(40)
    names = [sample.name for sample in read(root).samples]
    kinds = [
        Finding(name, f"kind {kind}", "", False, "", 0.5) for kind in range(30) for name in names
    ]
    result = audited(root, *kinds)
    assert {finding.severity for finding in kinds} <= set(SEVERITIES)
    page = audit_page.audit_page(result, PLAN)
    assert page.count("<figure>") <= audit_galleries.PICTURES + 30


def test_without_jinja_the_table_is_there_and_a_line(
    looked: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_page, "find_spec", lambda name: None)
    said = save_audit(looked, tmp_path / "looked")
    assert said == "audit.html: Jinja2 is not installed; run: pip install 'diptych[report]'"
    assert [file.name for file in (tmp_path / "looked").iterdir()] == ["audit.csv"]


def test_the_page_reads_well_everywhere(looked: Audit, tmp_path: Path) -> None:
    assert checked(audit_page.audit_page(looked, PLAN), tmp_path) == []


def test_keys_go_round_the_map(looked: Audit, tmp_path: Path) -> None:
    address = written(audit_page.audit_page(looked, PLAN), tmp_path)
    with chromium() as browser, open_page(browser, address) as (page, troubles):
        said = page.locator("#map-said")
        page.focus("#map-stage")
        page.keyboard.press("n")
        assert said.inner_text().startswith("blue/blue003.png, labelled blue. likely wrong label")
        assert "looks like red" in page.locator("#map-card").inner_text()
        page.keyboard.press("n")
        assert r"a\nb<b>\udcff.png" in said.inner_text()
        page.keyboard.press("p")
        places = {said.inner_text()}
        for _ in range(40):
            page.keyboard.press("ArrowRight")
            places.add(said.inner_text())
        assert len(places) > 4
        # An entry of the legend keeps the keys to its own pictures.
        page.get_by_label("finding").check()
        page.locator("#map-legend button", has_text="blurred").click()
        page.focus("#map-stage")
        for key in ("ArrowLeft", "ArrowUp", "ArrowDown", "ArrowRight"):
            page.keyboard.press(key)
        assert "blurred" in said.inner_text()
        page.locator(".locate").first.click()
        assert "labelled" in said.inner_text()
        page.get_by_label("show pictures").check()
        page.keyboard.press("+")
        assert troubles == []


def test_a_finger_on_the_map_shows_the_picture(looked: Audit, tmp_path: Path) -> None:
    address = written(audit_page.audit_page(looked, PLAN), tmp_path)
    with (
        chromium() as browser,
        open_page(browser, address, PHONE, has_touch=True) as (page, troubles),
    ):
        page.focus("#map-stage")
        page.keyboard.press("n")
        page.keyboard.press("Escape")
        assert page.locator("#map-card canvas").count() == 0
        box = page.locator("#map-stage").bounding_box()
        assert box
        steps = range(10, 100, 8)
        for x, y in ((x, y) for y in steps for x in steps):
            page.touchscreen.tap(
                box["x"] + box["width"] * x / 100, box["y"] + box["height"] * y / 100
            )
            if page.locator("#map-card canvas").count():
                break
        assert "labelled" in page.locator("#map-card").inner_text()
        assert troubles == []


def test_the_table_is_searched(looked: Audit, tmp_path: Path) -> None:
    address = written(audit_page.audit_page(looked, PLAN), tmp_path)
    with chromium() as browser, open_page(browser, address) as (page, troubles):
        rows = page.locator("#found tr")
        assert rows.count() == len(looked.findings)
        page.fill("#filter-text", "BLURRED red005")
        assert rows.count() == 1
        page.fill("#filter-text", "")
        page.select_option("#filter-issue", "two labels")
        assert rows.count() == 2
        assert page.locator("#filter-count").inner_text() == f"2 of {len(looked.findings)}"
        assert troubles == []


def test_what_matters_is_there_without_a_script(looked: Audit, tmp_path: Path) -> None:
    address = written(audit_page.audit_page(looked, PLAN), tmp_path)
    with (
        chromium() as browser,
        open_page(browser, address, java_script_enabled=False) as (page, troubles),
    ):
        assert page.locator(".map-still svg").first.is_visible()
        assert not page.locator("#map-stage").is_visible()
        assert page.locator("#found tr").count() == len(looked.findings)
        assert page.locator(".cards img").first.is_visible()
        assert page.locator(".regions tbody tr").count() >= 2
        assert troubles == []
