"""From an unlabelled pile to labels, and what a bundle says, without a socket."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.data.plan import Plan
from diptych.reviewing.server import first_plan, opened_session
from diptych.reviewing.session import Session
from diptych.sources import read
from served import small_bundle
from windows import Client, settings


@pytest.fixture
def pile(folder_of: Callable[..., Path]) -> Path:
    """Thirty pictures in one folder; their names say what they are."""
    root = folder_of(15)
    for file in root.glob("*/*.png"):
        file.rename(root / file.name)
    for label in ("red", "blue"):
        (root / label).rmdir()
    (root / "notes.txt").write_text("no picture")
    return root


def looked_at(session: Session) -> Session:
    background = session.review.background
    background.start()
    deadline = time.monotonic() + 120
    while not background.finished:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert background.trouble == ""
    return session


def test_a_pile_is_labelled_by_a_few_answers(pile: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    first_plan(read(pile)).write(plan)
    assert len(Plan.read(plan)) == 30
    session = looked_at(opened_session(read(pile), settings(plan))[0])
    client, items = Client(session), session.review.collection.items
    order = client.get("gallery?id=teaching").json["numbers"]
    assert sorted(order) == list(range(30))
    for number in order[:14]:
        label = "red" if items[number].name.startswith("red") else "blue"
        client.decide(number, decision="relabel", label=label, new=True)
    session.lessons.start()
    session.lessons.wait()
    learned = client.get("overview").json
    assert learned["learning"]["labelled"] == 14
    assert learned["learning"]["lesson"]["accuracy"]["low"] > 0.5
    proposals = Plan.read(plan).undecided
    assert len(proposals) == 16
    assert sum(row.path.startswith(row.label) for row in proposals) > 12
    open_ones = client.get("gallery?id=unlabelled").json["numbers"]
    client.seen = 10**6
    client.decide(*open_ones, decision="accept")
    labels = {row.path: row.label for row in Plan.read(plan).decided}
    assert len(labels) == 30
    assert sum(name.startswith(label) for name, label in labels.items()) > 26
    assert "train photos --plan" in learned["training"]["command"]
    assert session.summary().startswith("30 decided now; ")
    (near,) = client.get("picture/0/neighbours").json["classes"]
    assert 0 not in near["pictures"]
    assert {labels[items[n].name] for n in near["pictures"]} == {near["label"]}


def test_a_bundle_doubts_wrong_labels_and_labels_the_rest(
    photos: Path, plan: Path, tmp_path: Path
) -> None:
    bundle = small_bundle(tmp_path / "colours.bundle")
    (photos / "red" / "red005.png").rename(photos / "red.png")  # in no class folder
    session = looked_at(opened_session(read(photos), settings(plan, bundle=bundle))[0])
    client, items = Client(session), session.review.collection.items
    overview = client.get("overview").json
    titles = {one["id"]: one["title"] for one in overview["galleries"]}
    assert titles["doubted"] == "Doubted by colours.bundle"
    doubted = client.get("gallery?id=doubted").json["numbers"]
    assert {items[n].name for n in doubted} == {"blue/was red.png", "red/was blue.png"}
    (number,) = client.get("gallery?id=teaching").json["numbers"]
    facts = client.get(f"pictures?numbers={number}").json["pictures"][0]
    assert (facts["name"], facts["proposed"]) == ("red.png", "red")
