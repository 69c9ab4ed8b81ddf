import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import RED, picture
from diptych.data.plan import Plan, Row
from diptych.reviewing.server import opened_session
from diptych.reviewing.session import Session
from diptych.sources import read
from windows import TOKEN, Client, number, settings


def rows(session: Session) -> dict[str, Row]:
    return {row.path: row for row in Plan.read(session.review.decisions.path).rows}


def test_galleries_say_what_there_is_to_do(client: Client) -> None:
    overview = client.get("overview").json
    counts = {one["id"]: (one["pictures"], one["open"]) for one in overview["galleries"]}
    assert counts["undecided"] == (3, 3)
    assert counts["aside"] == (1, 0)
    assert counts["issue:likely wrong label"] == (2, 2)
    assert counts["proposal:red"] == (1, 1)
    assert counts["class:blue"] == (6, 1)
    assert counts["all"] == (12, 3)
    assert overview["classes"] == ["blue", "red"]
    assert overview["progress"]["proposed"] == 3


def test_the_surest_come_first_and_what_is_only_to_be_looked_at_last(
    client: Client, session: Session
) -> None:
    numbers = client.get("gallery?id=undecided").json["numbers"]
    names = [session.review.collection.items[n].name for n in numbers]
    assert names == ["blue/was red.png", "red/was blue.png", "red/red001.png"]


def test_keep_drop_and_relabel_are_rows_of_the_plan(client: Client, session: Session) -> None:
    wrong, other, blurred, free = (
        number(session, name)
        for name in ("blue/was red.png", "red/was blue.png", "red/red001.png", "red/red005.png")
    )
    client.decide(wrong, decision="relabel", label="red")
    client.decide(other, decision="keep")
    client.decide(blurred, free, decision="drop")
    own = rows(session)
    assert own["blue/was red.png"][2:4] == ("relabel", "red")
    assert own["red/was blue.png"].decision == "keep"
    assert own["red/red005.png"].decision == own["red/red001.png"].decision == "drop"
    assert {own[n].decided_by for n in ("blue/was red.png", "red/red005.png")} == {"anna"}
    # By its content, so that another picture of that name is not taken for it.
    assert len(own["red/red005.png"].sha256) == 64
    assert client.get("overview").json["progress"]["decided"] == 3


def test_all_of_a_gallery_are_accepted_at_once_and_taken_back_in_one_step(
    client: Client, session: Session
) -> None:
    before = session.review.decisions.path.read_bytes()
    numbers = client.get("gallery?id=undecided").json["numbers"]
    client.decide(*numbers, decision="accept")
    own = rows(session)
    assert [own[n].decision for n in own] == ["relabel", "relabel", "keep", "drop"]
    assert own["blue/was red.png"].decided_by == "anna, many at once"
    answer = client.post("undo").json
    assert (answer["undo"], answer["redo"]) == (0, 1)
    assert session.review.decisions.path.read_bytes() == before
    client.post("redo")
    assert rows(session) == own


def test_open_makes_it_as_if_nobody_had_decided(client: Client, session: Session) -> None:
    before = rows(session)
    aside, wrong, free = (
        number(session, name) for name in ("red/red002.png", "blue/was red.png", "red/red005.png")
    )
    client.decide(aside, wrong, free, decision="relabel", label="green", new=True)
    client.decide(aside, wrong, free, decision="open")
    after = rows(session)
    without_digests = {name: row._replace(sha256="") for name, row in after.items()}
    assert without_digests == before


def test_a_class_is_made_on_purpose_only(client: Client, session: Session) -> None:
    answer = client.decide(0, decision="relabel", label="gren")
    assert answer.status == 409
    assert "no class 'gren' yet" in answer.json["detail"]
    assert client.decide(0, decision="relabel", label="green", new=True).status == 200
    assert client.get("overview").json["classes"] == ["blue", "red", "green"]
    assert client.decide(1, decision="relabel", label="green").status == 200


@pytest.mark.parametrize("label", ["", " red", "none of these", "a\nb"])
def test_what_can_be_no_class_is_refused(client: Client, label: str) -> None:
    assert client.decide(0, decision="relabel", label=label, new=True).status == 409


def test_two_windows_do_not_lose_each_others_decisions(session: Session) -> None:
    one, two = Client(session, "one"), Client(session, "two")
    one.decide(0, decision="drop")
    answer = two.decide(0, 1, decision="keep").json
    assert answer["refused"] == [0]
    assert {p["number"]: p["decision"] for p in answer["changed"]} == {0: "drop", 1: "keep"}
    told = one.get("changes?since=1&window=one").json
    assert [p["number"] for p in told["changed"]] == [1]


def test_an_edit_by_hand_is_told_to_windows(client: Client, session: Session) -> None:
    plan = Plan.read(session.review.decisions.path)
    Plan((plan.rows[0]._replace(decision="drop"), *plan.rows[1:])).write(Path(plan.source))
    told = client.get("changes?since=0&window=first").json
    assert [p["name"] for p in told["changed"]] == ["blue/was red.png"]
    Path(plan.source).write_text("path\n")
    assert "not a plan" in client.get("changes?since=0&window=first").json["trouble"]


def test_what_could_not_be_saved_is_told_as_such(client: Client, session: Session) -> None:
    session.review.decisions.path.chmod(0o444)
    answer = client.decide(0, decision="drop")
    assert answer.status == 503  # the page tries again
    assert "read-only" in answer.json["detail"]
    session.review.decisions.path.chmod(0o644)
    assert client.decide(0, decision="drop").status == 200


def test_pictures_come_upright_small_and_large(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(2)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((300, 900, 3), np.uint8)).save(root / "red" / "turned.jpg", exif=exif)
    Plan(()).write(tmp_path / "plan.csv")
    session, _ = opened_session(read(root), settings(tmp_path / "plan.csv"))
    client, turned = Client(session), number(session, "red/turned.jpg")
    assert client.get(f"pictures?numbers={turned}").json["pictures"][0]["size"] == [300, 900]
    small = Image.open(io.BytesIO(client.get(f"picture/{turned}").body))
    large = Image.open(io.BytesIO(client.get(f"picture/{turned}/large").body))
    assert (small.size, large.size) == ((96, 288), (300, 900))


def test_a_picture_is_named_by_its_number_and_never_by_a_path(client: Client) -> None:
    assert client.get("picture/0").headers["content-type"] == "image/png"
    for path in ("picture/12", "picture/-1", "picture/..%2f..%2fetc%2fpasswd", "static/../app.py"):
        assert client.get(path).status == 404


def test_a_picture_that_cannot_be_decoded_says_why(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(2)
    broken = root / "red" / "broken.png"
    broken.write_bytes((root / "red" / "red000.png").read_bytes()[:500])
    Plan(()).write(tmp_path / "plan.csv")
    session, _ = opened_session(read(root), settings(tmp_path / "plan.csv"))
    client, place = Client(session), number(session, "red/broken.png")
    answer = client.get(f"picture/{place}")
    assert answer.status == 422
    assert answer.json["detail"].startswith("truncated")
    broken.unlink()
    assert client.get(f"picture/{place}/large").status == 422
    assert client.get(f"pictures?numbers={place}").json["pictures"][0]["size"] == [0, 0]


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_names_of_any_bytes_are_decided_about(tmp_path: Path) -> None:
    names = [b"<img src=x onerror=alert(1)>.png", b"two\nlines.png", b"\xff\xfe.png"]
    for i, name in enumerate([*names, b"plain.png"]):
        label = b"caf\xe9" if i % 2 else b"red"
        file = tmp_path / "photos" / os.fsdecode(label) / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(i, hue=RED).save(file, "PNG")
    Plan(()).write(tmp_path / "plan.csv")
    session, _ = opened_session(read(tmp_path / "photos"), settings(tmp_path / "plan.csv"))
    client = Client(session)
    odd = os.fsdecode(b"caf\xe9")
    assert odd in client.get("overview").json["classes"]
    assert client.decide(0, 1, 2, 3, decision="relabel", label=odd).status == 200
    own = rows(session)
    assert {os.fsencode(name).rpartition(b"/")[2] for name in own} == {*names, b"plain.png"}
    assert {row.label for row in own.values() if row.decision == "relabel"} == {odd}


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"window": "w", "numbers": 1, "decision": "keep"}',
             b'{"window": "w", "numbers": [0], "decision": "burn"}',
             b'{"window": "w", "numbers": ["x"], "decision": "keep"}',
             b'{"numbers": [0], "decision": "keep"}',
             b'{"window": "w", "numbers": [0], "decision": "relabel", "label": 1}'],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_a_line(client: Client, body: bytes) -> None:
    answer = client.ask("POST", f"/{TOKEN}/decide", body, content_type="application/json")
    assert answer.status in (400, 409)
    assert answer.json["detail"]
    assert client.get("overview").json["version"] == 0
