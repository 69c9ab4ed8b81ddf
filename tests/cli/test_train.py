import html
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from command import LINEAR, answer_of, complaint, diptych
from conftest import picture
from diptych.bundles.destinations import only_writer


def test_train_answers_in_json(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(30)
    (root / "red" / "empty.jpg").touch()
    out = tmp_path / "a.bundle"
    answer = answer_of("train", root, "--out", out, *LINEAR)
    assert answer["bundle"] == str(out)
    assert (answer["used"], answer["set_aside"]) == (60, {"empty": 1})
    assert (
        answer["parts"] == {"train": 42, "valid": 9, "test": 9}
        or sum(answer["parts"].values()) == 60
    )
    assert set(answer["test"]["per_class"]) == {"blue", "red"}
    for score in (answer["test"]["accuracy"], answer["test"]["macro_f1"]):
        assert set(score) == {"value", "low", "high"}
    assert answer["seconds"] > 0
    page = html.unescape((out / "report.html").read_text())
    assert answer["advice"]
    for advice in answer["advice"]:
        assert advice["what"] in page
        assert advice["why"] in page
    assert (out / "audit.csv").read_text().count("empty.jpg") == 1


def test_cross_validation_is_told_beside_the_test_and_changes_nothing_else(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root, out = folder_of(30), tmp_path / "a.bundle"
    answer = answer_of("train", root, "--out", out, *LINEAR, "--cv", "3")
    without = answer_of("train", root, "--out", tmp_path / "b.bundle", *LINEAR)
    scores = answer["cross_validation"]
    assert (scores["folds"], scores["n"]) == (3, 60 - answer["parts"]["test"])
    assert scores["accuracy"]["low"] < scores["accuracy"]["value"]
    assert without["cross_validation"] is None
    assert answer["test"] == without["test"]
    assert json.loads((out / "bundle.json").read_text())["cross_validation"] == scores
    assert f"in 3 folds of the other {scores['n']} pictures" in (out / "README.md").read_text()
    assert "Cross-validation in 3 folds" in (out / "report.html").read_text()


def test_more_folds_than_pictures_are_refused_before_training(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    line = complaint("train", folder_of(6), "--out", tmp_path / "a.bundle", *LINEAR, "--cv", "7")
    assert "7 folds need at least 7" in line


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (["--network", "efficientnet"], "did you mean 'efficientnet_lite0'"),
        (["--set", "epoch=3"], "did you mean 'epochs'"),
        (["--engine", "tensorflo"], "engine has no 'tensorflo'"),
        (["--epochs", "many"], "'many' is no whole number"),
        (["--network", "cnn", "--train", "head"], "--train head needs pretrained weights"),
        (["--weights", "absent.safetensors"], "no such file of weights"),
    ],
)
def test_a_wrong_choice_is_one_line(
    folder_of: Callable[..., Path], tmp_path: Path, extra: Sequence[str], expected: str
) -> None:
    out = tmp_path / "a.bundle"
    size = ["--set", "image_size=32"]
    assert expected in complaint("train", folder_of(10), "--out", out, *size, *extra)
    assert not out.exists()


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (["--network", "timm/resnet81"], "did you mean 'timm/resnet"),
        (["--weights", "absent.safetensors"], "no such file of weights"),
        (["--engine", "linear"], "cannot train efficientnet_lite0; add --network linear"),
    ],
)
def test_a_wrong_choice_is_said_before_the_look_at_the_data(
    tmp_path: Path, extra: Sequence[str], expected: str
) -> None:
    # There is no data at all: that would be the next complaint.
    command: list[str | Path] = [
        "train",
        tmp_path / "absent",
        "--out",
        tmp_path / "a.bundle",
        *extra,
    ]
    assert expected in complaint(*command)


def test_data_that_cannot_be_trained_on_is_one_line(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    def said(root: Path) -> str:
        return complaint("train", root, "--out", tmp_path / "a.bundle", *LINEAR)

    assert "no such file or folder" in said(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    assert "there is no file in it" in said(tmp_path / "empty")
    one = tmp_path / "one"
    (one / "red").mkdir(parents=True)
    picture(1).save(one / "red" / "1.png")
    assert "only one class, 'red'" in said(one)
    few = folder_of(9, name="few")
    (few / "green").mkdir()
    picture(1).save(few / "green" / "1.png")
    assert "class 'green' has 1 independent picture; at least 3 are needed" in said(few)
    (few / "green" / "1.png").unlink()
    assert "class 'green' has 0 independent pictures" in said(few)
    assert not (tmp_path / "a.bundle").exists()


def test_an_existing_out_is_refused_before_any_work(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    assert "exists already; name another --out, or add --force" in complaint(
        "train", folder_of(5), "--out", bundle, *LINEAR
    )
    run = diptych("train", folder_of(30), "--out", bundle, "--force", *LINEAR)
    assert run.returncode == 0
    # The linear classifier is its own baseline.
    assert "\nDo not use it yet. It is right on " in run.stdout


def test_a_full_disk_is_one_line(
    folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        root = folder_of(40, side=96)
        monkeypatch.setenv("DIPTYCH_CACHE", str(small))
        said = complaint("train", root, "--out", tmp_path / "a.bundle", *LINEAR)
        assert "No space left on device" in said
        assert "DIPTYCH_CACHE" in said
        monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "roomy"))
        subprocess.run(["find", str(small), "-mindepth", "1", "-delete"], check=True)
        (small / "filler").write_bytes(bytes(190_000))
        said = complaint("train", root, "--out", small / "a.bundle", *LINEAR)
        assert "No space left on device" in said
        assert [path.name for path in small.iterdir()] == ["filler"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize(
    "written", ["pixels/*/*.rows", "runs/*/model/epoch-*"], ids=["reading pictures", "training"]
)
def test_ctrl_c_leaves_nothing_half_written_and_the_same_command_goes_on(
    folder_of: Callable[..., Path], tmp_path: Path, own_cache: Path, written: str
) -> None:
    root, out = folder_of(60, side=200), tmp_path / "a.bundle"
    command = ["train", str(root), "--out", str(out), "--network", "mlp", "--epochs", "4000"]
    command += ["--set", "image_size=32", "--set", "patience=4000", "--json"]
    before = {p: p.read_bytes() for p in root.rglob("*.png")}
    run = subprocess.Popen(
        [sys.executable, "-m", "diptych", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what runs in its background deaf to Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not any(own_cache.glob(written)):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130, said
    assert said.splitlines()[-1] == "diptych: stopped; the same command goes on where it was"
    assert "Traceback" not in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photos"]
    assert {p: p.read_bytes() for p in root.rglob("*.png")} == before
    again = diptych(*command, "--epochs", "5")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["used"] == 120


LONG = ["--set", "patience=400", "--epochs", "400"]


def begun(*arguments: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "diptych", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_same_training_twice_at_once_is_two_bundles(
    folder_of: Callable[..., Path], tmp_path: Path, own_cache: Path
) -> None:
    root, names = folder_of(60), ("a.bundle", "b.bundle")
    runs = [begun("train", root, "--out", tmp_path / name, *LINEAR, *LONG) for name in names]
    errors = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], errors
    first, second = ((tmp_path / name / "model.safetensors").read_bytes() for name in names)
    assert first == second
    assert not list((own_cache / "runs").iterdir())


def test_a_bundle_that_another_run_writes_is_refused_at_once(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "a.bundle"
    with only_writer(out):
        said = complaint("train", folder_of(5), "--out", out, *LINEAR)
        assert f"{out} is what another run writes at the moment; wait for it, or" in said
        assert "another run writes" in complaint("compare", folder_of(5), "--out", out, "--force")


def test_a_run_that_was_killed_is_in_nobodys_way(
    folder_of: Callable[..., Path], tmp_path: Path, own_cache: Path
) -> None:
    command = ["train", str(folder_of(60)), "--out", str(tmp_path / "a.bundle"), *LINEAR, *LONG]
    run = begun(*command)
    while not any(own_cache.glob("runs/*/model/epoch-*")):
        assert run.poll() is None
        time.sleep(0.001)
    run.kill()
    run.communicate()
    assert run.returncode == -signal.SIGKILL
    again = diptych(*command)
    assert again.returncode == 0, again.stderr
    assert "another run" not in again.stderr
    assert not list((own_cache / "runs").iterdir())


@pytest.mark.parametrize("tenths_of_GiB", [10, 16, 20])  # OpenVINO starves otherwise than NumPy
def test_too_little_memory_is_one_line(
    folder_of: Callable[..., Path], tmp_path: Path, tenths_of_GiB: int
) -> None:
    limited = f"ulimit -v {tenths_of_GiB * 2**20 // 10}; exec "
    command = [sys.executable, "-m", "diptych", "train", folder_of(50, side=32)]
    command += ["--out", tmp_path / "a.bundle", *LINEAR, "--set", "image_size=1024"]
    text = limited + " ".join(map(str, command))
    run = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=120)
    assert run.returncode == 2, run.stderr
    assert "Traceback" not in run.stderr
    assert "not enough memory; lower batch_size (now 32) or image_size (now 1024)" in run.stderr
    assert not (tmp_path / "a.bundle").exists()


def test_small_pictures_are_trained_at_their_size_by_a_network_for_them(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root, out = folder_of(12, side=20), tmp_path / "small.bundle"
    given = ("--network", "resnet", "--epochs", "1")
    done = diptych("train", root, "--out", out, *given)
    assert done.returncode == 0, done.stderr
    assert "small pictures, up to 20 × 20: flipped at random" in done.stderr
    recipe = json.loads((out / "bundle.json").read_text())["recipe"]
    assert (recipe["network"], recipe["image_size"], recipe["epochs"]) == ("resnet", 20, 1)
