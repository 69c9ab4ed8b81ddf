import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from absent import without
from command import complaint, keys_without_a_word
from diptych.data.plan import Plan, Row
from windows import reviewing


def test_the_audit_runs_first_and_not_again(folder_of: Callable[..., Path]) -> None:
    photos = folder_of(3)
    (photos / "red" / "copy.png").write_bytes((photos / "red" / "red000.png").read_bytes())
    plan = photos.with_name("photos-audit") / "plan.csv"
    with reviewing(photos, "--size", "32") as running:
        assert not keys_without_a_word("review", running.answer)
        assert running.answer["plan"] == str(plan)
        assert urllib.request.urlopen(running.url).status == 200
        running.process.send_signal(signal.SIGINT)
        _, errors = running.process.communicate(timeout=30)
        assert running.process.returncode == 0
        assert errors.splitlines()[-1].startswith(f"0 decided now; {plan}: 1 pictures")
    written = plan.stat().st_mtime_ns
    with reviewing(photos, "--size", "32"):
        assert plan.stat().st_mtime_ns == written


def test_nothing_that_was_told_as_saved_is_lost_by_a_kill(folder_of: Callable[..., Path]) -> None:
    photos = folder_of(3)
    plan = photos.with_name("plan.csv")
    Plan((Row("red/red000.png", "drop", reason="blurred"),)).write(plan)
    with reviewing(photos, "--plan", plan) as running:
        body = b'{"window": "w", "numbers": [0, 5], "decision": "keep", "seen": 0}'
        request = urllib.request.Request(
            f"{running.url}decide", body, {"Content-Type": "application/json"}
        )
        assert urllib.request.urlopen(request).status == 200
        running.process.kill()
    assert len(Plan.read(plan).decided) == 2


def test_two_at_once_are_one_too_many(folder_of: Callable[..., Path]) -> None:
    photos = folder_of(2)
    plan = photos.with_name("plan.csv")
    Plan(()).write(plan)
    with reviewing(photos, "--plan", plan):
        assert "another `diptych review` has it open" in complaint(
            "review", photos, "--plan", plan, "--no-browser"
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,decision\nother.jpg,keep\n", "it is the plan of other data"),
        ("path,decision\nred/red000.png,perhaps\n", "row 2: the decision is 'perhaps'"),
        ("name\n", "not a plan, it has no column 'path'"),
    ],
)
def test_a_plan_that_does_not_fit_is_one_line(
    text: str, said: str, folder_of: Callable[..., Path]
) -> None:
    photos = folder_of(2)
    plan = photos.with_name("plan.csv")
    plan.write_text(text)
    assert said in complaint("review", photos, "--plan", plan, "--no-browser")
    assert plan.read_text() == text


def test_what_cannot_be_reviewed_is_one_line(folder_of: Callable[..., Path]) -> None:
    photos = folder_of(2)
    plan = photos.with_name("plan.csv")
    Plan(()).write(plan)
    plan.chmod(0o444)
    assert "read-only" in complaint("review", photos, "--plan", plan)
    assert "lies in" in complaint("review", photos, "--plan", photos / "plan.csv")
    assert "leave one of them out" in complaint("review", photos, "--plan", plan, "--out", "a")
    (photos.with_name("audit.csv")).write_text("what\n")
    plan.chmod(0o644)
    assert "not what an audit writes" in complaint("review", photos, "--plan", plan)


def test_the_extra_that_is_missing_is_named(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    run = without("starlette", tmp_path, "review", folder_of(2))
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].endswith("run: pip install 'diptych[serve]'")
