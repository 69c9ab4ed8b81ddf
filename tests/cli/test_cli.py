import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from command import answer_of, complaint, diptych
from conftest import RED, picture
from diptych.system import interrupts

LINEAR = ["--engine", "linear", "--network", "linear", "--set", "image_size=32", "--epochs", "5"]


@pytest.fixture
def bundle(folder_of: Callable[..., Path], tmp_path: Path) -> Path:
    run = diptych("train", folder_of(30), "--out", tmp_path / "red.bundle", *LINEAR)
    assert run.returncode == 0, run.stderr
    return tmp_path / "red.bundle"


def test_help_needs_neither_numpy_nor_a_framework() -> None:
    code = (
        "import sys; from diptych.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'torch', 'PIL', 'onnxruntime', 'rich'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.endswith("[]\n")
    assert "train" in run.stdout


def test_predicting_needs_no_framework(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "new.png")
    code = (
        "import sys; from diptych import load\n"
        f"print(load({str(bundle)!r}).predict([{str(tmp_path / 'new.png')!r}])[0].label)\n"
        "print(sorted({'torch', 'onnx', 'timm', 'sklearn'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "red\n[]\n", run.stderr


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
    assert (out / "audit.csv").read_text().count("empty.jpg") == 1


def test_predict_takes_files_folders_patterns_and_names(bundle: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    (new / "deep").mkdir(parents=True)
    for name in ("a.png", "b.png", "deep/c.png"):
        picture(900, hue=RED).save(new / name)
    names = [new / "a.png", new / "b.png", new / "deep" / "c.png"]
    run = diptych("predict", bundle, new)
    assert run.returncode == 0
    assert [line.split("  ")[:2] for line in run.stdout.splitlines()] == [
        [str(name), "red"] for name in names
    ]
    answers = answer_of("predict", bundle, new / "?.png")
    assert [answer["path"] for answer in answers] == [str(name) for name in names[:2]]
    run = diptych("predict", bundle, "-", stdin=f"{names[2]}\n")
    assert run.stdout.startswith(f"{names[2]}  red  ")


def test_predict_reports_a_bad_picture_on_its_line(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_text("no picture")
    run = diptych("predict", bundle, tmp_path / "bad.jpg", tmp_path / "good.png")
    assert run.returncode == 1
    bad, good = run.stdout.splitlines()
    assert "cannot be read: not an image" in bad
    assert "  red  " in good
    run = diptych("predict", bundle, tmp_path / "bad.jpg", tmp_path / "good.png", "--json")
    answers = json.loads(run.stdout)
    assert answers[0]["label"] is None
    assert answers[0]["error"].startswith("not an image")
    assert set(answers[1]["probabilities"]) == {"blue", "red"}


def test_nothing_that_is_named_stops_the_rest(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "good.png")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    bad: dict[str | Path, str] = {
        tmp_path / "empty": "not an image: a folder with no file in it",
        tmp_path / "pipe": "not an image: a pipe or device",
        "/dev/zero": "not an image: a pipe or device",
        "x" * 5000: "unreadable: file name too long",
        "a**.jpg": "unreadable: no such file or directory",
    }
    run = diptych("predict", bundle, *bad, tmp_path / "good.png")
    assert run.returncode == 1
    assert run.stderr == ""
    *complaints, good = run.stdout.splitlines()
    for line, (name, reason) in zip(complaints, bad.items(), strict=True):
        assert line.startswith(f"{name}  cannot be read: {reason}")
    assert "  red  " in good
    run = diptych("predict", bundle, "-", stdin=f"nul\0{tmp_path / 'good.png'}\0")
    assert "  red  " in run.stdout.splitlines()[1]


def test_no_picture_named_is_said(bundle: Path) -> None:
    assert "no picture was named" in complaint("predict", bundle)


def test_names_of_tables_stop_nothing(bundle: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "cut.csv.zst").write_bytes(b"no zstandard")
    picture(900, hue=RED).save(tmp_path / "photo.csv", "JPEG")
    names = [tmp_path / name for name in ("pipe.csv", "cut.csv.zst", "photo.csv")]
    run = diptych("predict", bundle, *names)
    assert (run.returncode, run.stderr) == (1, "")
    pipe, cut, photo = run.stdout.splitlines()
    assert "pipe.csv  cannot be read: " in pipe
    assert "a pipe or device" in pipe
    assert "cut.csv.zst  cannot be read: " in cut
    assert "photo.csv  red  " in photo


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_may_be_closed(bundle: Path, tmp_path: Path, stream: str) -> None:
    picture(900, hue=RED).save(tmp_path / "new.png")
    command = f'"$@" {stream}'
    given = [sys.executable, "-m", "diptych", "predict", str(bundle)]
    named = [*given, str(tmp_path / "new.png")]
    run = subprocess.run(["sh", "-c", command, "sh", *named], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.count("  red  ") == (">&-" not in stream.replace("2>&-", ""))
    run = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *given], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert "diptych: no picture was named" in run.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["cache"], ["cache", "--json"]])
def test_a_full_disk_under_the_answer_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "diptych", *arguments]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 2
    assert run.stderr == "diptych: reading or writing failed: No space left on device\n"


def test_a_reader_that_has_seen_enough_is_no_failure_to_speak_of() -> None:
    command = [sys.executable, "-m", "diptych", "cache"]
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (run.returncode, run.stderr) == (1, "")


def test_ctrl_c_before_anything_is_there_is_one_line() -> None:
    code = """
import runpy, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "diptych.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
runpy.run_module("diptych", run_name="__main__")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "diptych: stopped\n")


@pytest.mark.parametrize(
    "failing",
    [
        "os.kill(os.getpid(), signal.SIGINT)",
        "raise ImportError('cannot import name')",
        "raise GateError('no')",
    ],
    ids=["as it is", "an error of an import", "an error of ours"],
)
def test_an_interrupt_that_became_another_error_is_one_line(failing: str) -> None:
    code = f"""
import os, signal, sys
from diptych.images import cache
from diptych.system import interrupts
from diptych.errors import GateError
signal.signal(signal.SIGINT, signal.default_int_handler)
def usage():
    # What native code makes of an interrupt: an error that knows nothing of it.
    try:
        os.kill(os.getpid(), signal.SIGINT)
        import time; time.sleep(1)
    except KeyboardInterrupt:
        pass
    {failing}
cache.usage = usage
interrupts.watch()
from diptych.cli import main
main(["cache"])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = "diptych: stopped; the same command goes on where it was\n"
    assert (run.returncode, run.stdout, run.stderr) == (130, "", said)


def test_an_interrupt_after_the_work_is_done_stops_nothing() -> None:
    code = """
import os, signal
from diptych.system import interrupts
from diptych.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
interrupts.watch()
interrupts.ignore()
os.kill(os.getpid(), signal.SIGINT)
main(["cache"])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert "rows" in run.stdout


def test_an_error_long_after_an_interrupt_is_what_it_says() -> None:
    assert interrupts.caused(_raised_from(KeyboardInterrupt()))
    assert not interrupts.caused(_raised_from(ValueError()))
    assert not interrupts.caused(ImportError())


def _raised_from(cause: BaseException) -> BaseException:
    error = ImportError()
    error.__context__ = OSError()
    error.__context__.__cause__ = cause
    return error


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_progress_that_cannot_be_shown_stops_nothing(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "diptych"]
    with Path("/dev/full").open("w") as full:

        def unseen(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
            given = [*command, *map(str, arguments)]
            return subprocess.run(given, stdout=subprocess.PIPE, stderr=full, text=True)

        out = tmp_path / "a.bundle"
        run = unseen("train", folder_of(30), "--out", out, *LINEAR, "--json")
        assert (run.returncode, json.loads(run.stdout)["used"]) == (0, 60)
        assert (out / "bundle.json").exists()
        assert unseen("train", tmp_path / "absent", "--out", tmp_path / "b.bundle").returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_any_name_can_be_said(
    bundle: Path, tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", f"{encoding}:strict")
    names = [os.fsdecode(b"bad\xff.png"), "two\nlines.png", "пицца.png", "\U0001f355.png"]
    for name in names:
        picture(900, hue=RED).save(tmp_path / name)
    paths = [str(tmp_path / name) for name in names]
    assert [answer["path"] for answer in answer_of("predict", bundle, *paths)] == paths
    run = diptych("predict", bundle, *paths)
    assert run.returncode == 0
    assert [line.endswith("%") for line in run.stdout.splitlines()] == [True] * len(names)
    listed = "\0".join(paths).encode(errors="surrogateescape")
    command = [sys.executable, "-m", "diptych", "predict", str(bundle), "-", "--json"]
    piped = subprocess.run(command, input=listed, capture_output=True, timeout=300)
    expected = paths if encoding == "utf-8" else paths[:2]
    found = [answer["path"] for answer in json.loads(piped.stdout) if not answer["error"]]
    assert found[: len(expected)] == expected


def test_evaluate_answers_with_scores(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    other = folder_of(10, name="other", start=300)
    answer = answer_of("evaluate", bundle, other)
    assert answer["n"] == 20
    assert answer["accuracy"]["low"] <= answer["accuracy"]["value"]
    assert answer["confusion"]["classes"] == ["blue", "red"]
    assert "accuracy" in diptych("evaluate", bundle, other).stdout


def test_two_bundles_are_compared_on_pictures_new_to_both(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "b.bundle"
    run = diptych("train", folder_of(30), "--out", out, *LINEAR, "--seed", "1")
    assert run.returncode == 0
    other = folder_of(20, name="other", start=300)
    out = tmp_path / "eval"
    answer = answer_of("evaluate", bundle, tmp_path / "b.bundle", "--on", other, "--out", out)
    assert [one["n"] for one in answer["bundles"]] == [40, 40]
    assert "on 40 pictures" in answer["verdict"]
    assert len((out / "changed.csv").read_text().splitlines()) == 1 + len(answer["changed"])
    assert [one["set_aside"] for one in answer["bundles"]] == [{}, {}]
    assert (out / "set_aside.csv").read_text() == "bundle,path,reason,detail\n"
    assert "McNemar" in diptych("evaluate", bundle, bundle, "--on", other).stdout


def test_evaluate_writes_a_report_and_says_what_it_left_out(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    other = folder_of(20, name="other", start=300)
    facts = (bundle / "splits.csv").read_text().splitlines()
    trained = [row.split(",")[0] for row in facts if ",train," in row][:5]
    for name in trained:
        shutil.copy(folder_of(30) / name, other / name)
    (other / "red" / "empty.png").touch()
    run = diptych("evaluate", bundle, other, "--out", tmp_path / "eval")
    assert run.returncode == 0, run.stderr
    # However many they are, a line for each reason.
    names = ", ".join(trained[:3])
    assert f"{bundle}: 5 set aside, made with: {names}, … (2 more)" in run.stderr
    assert f"{bundle}: 1 set aside, empty: red/empty.png\n" in run.stderr
    assert "on 40 pictures" in run.stdout
    page = (tmp_path / "eval" / "report.html").read_text()
    assert "Accuracy on pictures that were made worse" in page
    assert len((tmp_path / "eval" / "predictions.csv").read_text().splitlines()) == 41
    with (tmp_path / "eval" / "set_aside.csv").open() as file:
        rows = list(csv.DictReader(file))
    detail = f"it is {trained[0]} there"
    assert {row["path"]: row["reason"] for row in rows} == {
        **dict.fromkeys(trained, "made with"),
        "red/empty.png": "empty",
    }
    assert next(row["detail"] for row in rows if row["path"] == trained[0]) == detail
    answer = answer_of("evaluate", bundle, other)
    assert answer["set_aside"] == {"made with": 5, "empty": 1}
    with (tmp_path / "eval" / "predictions.csv").open() as file:
        refused = sum(float(row["ood_score"]) > 1 for row in csv.DictReader(file))
    assert answer["none_of_these"] == refused
    if refused:
        assert f"{refused} of them would be answered 'none of these'; of the others" in run.stdout
    assert [one["name"] for one in answer["left_out"]] == [row["path"] for row in rows]


def test_a_bundle_is_no_folder_to_write_into(folder_of: Callable[..., Path], bundle: Path) -> None:
    other = folder_of(5, name="other", start=300)
    verbs: list[list[str | Path]] = [["evaluate", bundle, other], ["audit", other]]
    verbs.append(["explain", bundle, other])
    for verb in verbs:
        assert "is a bundle, which stays as it is" in complaint(*verb, "--out", bundle)
    assert diptych("predict", bundle, other).returncode == 0
    assert "a name is empty" in complaint("predict", bundle, "")


def test_audit_counts_every_file(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(5)
    (root / "red" / "bad.jpg").write_text("no picture")
    answer = answer_of("audit", root, "--out", tmp_path / "looked")
    assert answer["files"] == 11
    assert answer["used"] + sum(answer["set_aside"].values()) == 11
    rows = (tmp_path / "looked" / "audit.csv").read_text().splitlines()
    assert len(rows) == 1 + len(answer["findings"])


def test_weights_are_exported_for_torch(bundle: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    answer = answer_of("export", bundle, "--to", "torch", "--out", tmp_path / "weights.pt")
    weights = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert weights["classifier.weight"].shape[0] == 2
    assert answer["bytes"] == (tmp_path / "weights.pt").stat().st_size
    assert "did you mean 'torch'" in complaint(
        "export", bundle, "--to", "torhc", "--out", tmp_path / "b.pt"
    )


def test_the_cache_is_seen_and_cleared(bundle: Path, own_cache: Path) -> None:
    held = answer_of("cache")
    assert held["folder"] == str(own_cache)
    assert held["rows"] >= 60
    answer_of("cache", "--clear")
    assert answer_of("cache")["rows"] == 0


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (["--network", "efficientnet"], "did you mean 'efficientnet_lite0'"),
        (["--set", "epoch=3"], "did you mean 'epochs'"),
        (["--engine", "tensorflo"], "engine has no 'tensorflo'"),
        (["--epochs", "many"], "invalid int value: 'many'"),
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
    given: list[str | Path] = ["train", tmp_path / "absent", "--out", tmp_path / "a.bundle", *extra]
    assert expected in complaint(*given)


def test_an_audit_is_refused_before_the_look_at_the_data(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    absent = tmp_path / "absent"
    said = complaint("audit", absent, "--out", tmp_path / "file")
    assert "file is a file; name a folder" in said
    assert "between 8 and 1024, not 0" in complaint("audit", absent, "--size", "0")


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
    assert "class 'green' has no usable picture" in said(few)
    assert not (tmp_path / "a.bundle").exists()


def test_a_bundle_is_not_written_among_the_pictures(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root = folder_of(10)
    inside = root / "deep" / "a.bundle"
    (tmp_path / "link").symlink_to(root)
    lies = "lies in .*photos, and would be taken for pictures of it; name another --out"
    commands: list[list[str | Path]] = [
        ["train", root, "--out", inside],
        ["train", tmp_path / "other", "--test", root, "--out", tmp_path / "link" / "a"],
        ["audit", root, "--out", inside],
        ["evaluate", bundle, root, "--out", inside],
        ["evaluate", bundle, bundle, "--on", root, "--out", inside],
    ]
    for command in commands:
        assert re.search(lies, complaint(*command))
    assert sorted(path.name for path in root.iterdir()) == ["blue", "red"]


def test_an_empty_name_is_no_name_of_this_folder(tmp_path: Path) -> None:
    assert "the name is empty" in complaint("train", "", "--out", tmp_path / "a")
    assert "the name is empty" in complaint("train", tmp_path, "--out", "")


def test_an_existing_out_is_refused_before_any_work(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    assert "exists already; name another --out, or add --force" in complaint(
        "train", folder_of(5), "--out", bundle, *LINEAR
    )
    run = diptych("train", folder_of(30), "--out", bundle, "--force", *LINEAR)
    assert run.returncode == 0


def test_what_may_not_be_opened_is_said(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(10)
    # Root may open everything, unless it gives that up.
    powers = "-dac_override,-dac_read_search"
    humbly = ["setpriv", "--bounding-set", powers, "--inh-caps", powers]
    if not shutil.which("setpriv"):
        pytest.skip("giving up the powers of root needs setpriv")

    def audited() -> subprocess.CompletedProcess[str]:
        command = [*humbly, sys.executable, "-m", "diptych", "audit", str(root), "--json"]
        return subprocess.run(command, capture_output=True, text=True)

    (root / "blue" / "blue000.png").chmod(0)
    assert json.loads(audited().stdout)["set_aside"] == {"permission denied": 1}
    closed = tmp_path / "closed"
    (closed / "deep").mkdir(parents=True)
    (closed / "deep" / "1.png").touch()
    (root / "blue" / "folder").symlink_to(closed)
    (root / "blue" / "file.png").symlink_to(closed / "deep" / "1.png")
    (root / "blue" / "more").symlink_to(closed / "deep")
    (root / "red" / "half").mkdir()
    (root / "red" / "red001.png").rename(root / "red" / "half" / "red001.png")
    closed.chmod(0)
    (root / "red" / "half").chmod(0o444)
    found = json.loads(audited().stdout)
    assert (found["files"], found["set_aside"]) == (23, {"permission denied": 5})
    closed.chmod(0o755)
    (root / "red" / "half").chmod(0o755)
    (root / "red").chmod(0)
    run = audited()
    (root / "red").chmod(0o755)
    assert run.returncode == 2
    assert "red: Permission denied" in run.stderr


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
