"""`--on ray` as a person has it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars
import pytest

from classifiers import evaluated
from command import diptych
from diptych.cli import parser
from diptych.distributing import working_on
from diptych.errors import InputError, MissingExtra


def test_a_command_starts_ray_where_there_is_none_and_says_nothing_else(
    folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAY_ADDRESS", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    bundle = evaluated(folder_of(20)).save(tmp_path / "red.bundle")
    plain = diptych("predict", bundle, tmp_path / "photos")
    there = diptych("predict", bundle, tmp_path / "photos", "--on", "ray")
    assert (there.stdout, there.stderr) == (plain.stdout, "")
    parts = tmp_path / "answers"
    run = diptych("predict", bundle, tmp_path / "photos", "--parts", parts, "--json")
    assert run.returncode == 0, run.stderr
    table = polars.read_parquet(parts / "part-000000.parquet")
    assert table["path"].to_list() == [line.split("  ")[0] for line in plain.stdout.splitlines()]


def test_nobody_else_reaches_what_a_ray_that_is_started_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("RAY_ADDRESS", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    code = (
        "from pathlib import Path; from diptych.distributing import working_on\n"
        "with working_on('ray'):\n"
        "    import ray\n"
        "    folder = Path(ray.nodes()[0]['ObjectStoreSocketName'])\n"
        "    inside = [one for one in folder.parents if 'diptych-ray-' in str(one)]\n"
        "    print(inside[-1].name[:12], oct(inside[-1].stat().st_mode)[-3:])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "diptych-ray- 700\n", run.stderr


def test_what_ray_does_not_do_is_said(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folder_of: Callable[..., Path],
) -> None:
    photos = folder_of(20)
    said = [
        "train",
        str(photos),
        "--out",
        str(photos.parent / "b"),
        "--on",
        "ray",
        "--train",
        "all",
    ]
    options = parser().parse_args([*said, "--engine", "linear", "--network", "linear"])
    monkeypatch.setattr("diptych.cli.train.prepare", lambda *_: sys.exit(3))  # enough was seen
    with pytest.raises(SystemExit):
        options.run(options)
    assert "the network is trained on this machine alone" in capsys.readouterr().err


def test_evaluate_tells_data_from_who_works_on_them(capsys: pytest.CaptureFixture[str]) -> None:
    both = parser().parse_args(["evaluate", "a", "b", "--on", "new", "--on", "ray://head:10001"])
    assert (both.on, both.workplace) == (Path("new"), "ray://head:10001")
    one = parser().parse_args(["evaluate", "a", "new", "--on", "ray"])
    assert (one.on, one.workplace, one.bundles) == ([], "ray", [Path("a"), Path("new")])
    folder = parser().parse_args(["evaluate", "a", "b", "--on", "./ray"])
    assert (folder.on, folder.workplace) == (Path("ray"), None)
    with pytest.raises(SystemExit):
        parser().parse_args(["evaluate", "a", "b", "--on", "ray", "--on", "ray://head:10001"])
    assert "--on ray://head:10001: there is another before" in capsys.readouterr().err


def test_no_place_is_guessed() -> None:
    for wrong in ("ray://head", "spark", "ray:head:10001", "rays"):
        with pytest.raises(InputError, match=f"'{wrong}' is no place of work; say ray, or ray://"):
            parser().parse_args(["predict", "a", "b", "--on", wrong])


def test_a_cluster_elsewhere_is_not_entered_without_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with (
        pytest.raises(InputError, match="ray://head:10001: there is no token for it"),
        working_on("ray://head:10001"),
    ):
        pass


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install 'diptych\[ray\]'"), working_on("ray"):
        pass


def test_a_server_answers_by_itself() -> None:
    run = diptych("predict", "http://127.0.0.1:1", "a.jpg", "--parts", "answers")
    assert run.returncode == 2
    assert "--parts are of a bundle" in run.stderr
