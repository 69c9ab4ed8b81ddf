import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from command import LINEAR
from conftest import BLUE, RED, picture
from diptych.system import cache_folder, privacy
from served import encoded, small_bundle
from watched import DIPTYCH, Watch, strangers

SMALL = ["--train", "all", "--epochs", "1", "--set", "image_size=32", "--json"]


@pytest.fixture
def photos(folder_of: Callable[..., Path]) -> Path:
    return folder_of(12)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return small_bundle(tmp_path / "colours.bundle")


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """With a cache that does not lie in the home."""
    return Watch(tmp_path / "watched", tmp_path / "own-cache")


def test_nothing_lies_in_the_home_but_the_cache(photos: Path, tmp_path: Path) -> None:
    watch = Watch(tmp_path / "watched")
    watch.run(*DIPTYCH, "audit", photos)
    watch.run(*DIPTYCH, "train", photos, "--out", tmp_path / "a.bundle", *LINEAR)
    assert (tmp_path / "a.bundle" / "report.html").exists()
    watch.run(*DIPTYCH, "predict", tmp_path / "a.bundle", photos / "red")
    assert {Path(name).parts[:2] for name in watch.left()} == {(".cache",), (".cache", "diptych")}
    assert not watch.asked()


def test_training_in_pytorch_tells_nobody(photos: Path, tmp_path: Path, watch: Watch) -> None:
    # Of timm, which fetches from its hub unless it is told otherwise.
    choices = ["--network", "timm/test_resnet", "--weights", "none", *SMALL]
    watch.run(*DIPTYCH, "train", photos, "--out", tmp_path / "a.bundle", *choices)
    assert not watch.left()
    assert not watch.asked()


def test_training_in_tensorflow_and_exports_tell_nobody(
    photos: Path, tmp_path: Path, watch: Watch
) -> None:
    bundle, out = tmp_path / "a.bundle", tmp_path / "exports"
    choices = ["--engine", "tensorflow", "--network", "mlp", *SMALL]
    watch.run(*DIPTYCH, "train", photos, "--out", bundle, *choices)
    formats = "onnx,openvino,litert,torch"
    lighter = ["--int8", "--max-drop", "100"]
    to = ["--to", formats, "--out", str(out), *lighter, "--json"]
    rows = json.loads(watch.run(*DIPTYCH, "export", bundle, *to).stdout)["files"]
    kinds = {(row["format"], row["kind"]) for row in rows if not row["refusal"]}
    assert kinds >= {("openvino", "int8"), ("litert", "int8"), ("onnx", "int8"), ("torch", "fp32")}
    assert not watch.left()
    assert not watch.asked()


def test_trackers_tell_nobody_else(
    photos: Path, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # MLflow keeps files beside whoever calls it
    trackers = (f"mlflow:sqlite:///{tmp_path / 'mlflow.db'}", f"tensorboard:{tmp_path / 'logs'}")
    choices = [*LINEAR, *(word for tracker in trackers for word in ("--track", tracker))]
    run = watch.run(*DIPTYCH, "train", photos, "--out", tmp_path / "a.bundle", *choices)
    assert "told no more" not in run.stderr
    assert (tmp_path / "mlflow.db").stat().st_size > 0
    assert list((tmp_path / "logs").iterdir())
    assert not watch.left()
    assert not watch.asked()


def test_a_server_and_its_workers_tell_nobody(bundle: Path, watch: Watch) -> None:
    command = watch.command(*DIPTYCH, "serve", bundle, "--port", "0", "--workers", "2", "--json")
    process = subprocess.Popen(
        command, env=watch.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        url = json.loads(process.stdout.readline())["url"].rstrip("/") + "/"
        body = encoded(picture(900, hue=RED))
        request = urllib.request.Request(f"{url}predict", body, {"Content-Type": "image/png"})
        with urllib.request.urlopen(request) as response:
            assert b"red" in response.read()
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
        process.stderr.close()
    assert not watch.left()
    assert not watch.asked()


def test_from_python_nothing_is_told_either(bundle: Path, tmp_path: Path, watch: Watch) -> None:
    picture(900, hue=BLUE).save(tmp_path / "a.png")
    code = (
        "import diptych, onnxruntime, sys; print(diptych.load(sys.argv[1]).predict([sys.argv[2]]))"
    )
    assert "blue" in watch.run(sys.executable, "-c", code, bundle, tmp_path / "a.png").stdout
    assert not watch.left()
    assert not watch.asked()


def test_reports_end_also_where_onnx_runtime_was_imported_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import onnxruntime

    from diptych.runtimes import onnxruntime as ours

    calls = list[str]()
    monkeypatch.setattr(onnxruntime, "disable_telemetry_events", lambda: calls.append("off"))
    assert ours.library() is onnxruntime
    assert calls == ["off"]
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    ours.library()
    assert calls == ["off"]


def test_whoever_wants_reports_may_have_them() -> None:
    onnx, hub, *_ = privacy.SETTINGS
    code = f"import os, diptych; print(os.environ[{onnx!r}], os.environ[{hub!r}])"
    env = {**{n: v for n, v in os.environ.items() if n != hub}, onnx: "0"}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert run.stdout == "0 1\n"


def test_a_home_that_may_not_be_written_is_not_spoken_of(
    photos: Path, tmp_path: Path, watch: Watch
) -> None:
    # Root may write everywhere, unless it gives that up.
    if not shutil.which("setpriv"):
        pytest.skip("giving up the powers of root needs setpriv")
    humbly = ("setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override")
    watch.home.chmod(0o555)
    out = tmp_path / "a.bundle"
    said = watch.run(*DIPTYCH, "train", photos, "--out", out, *LINEAR, prefix=humbly).stderr
    assert (out / "report.html").exists()
    said += watch.run(*DIPTYCH, "predict", out, photos / "red", prefix=humbly).stderr
    words = ("arning", "ritable", "elemetry", "matplotlib", "home")
    assert not [line for line in said.splitlines() if any(word in line for word in words)]
    assert not watch.left()


def test_a_library_with_a_folder_of_its_own_stays_with_it(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> dict[str, str]:
        names = ("KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME")
        before = {name: os.environ.get(name) for name in names}
        with privacy.folders_in_cache("keras", "matplotlib"):
            inside = {name: os.environ.get(name) for name in names}
        assert {name: os.environ.get(name) for name in names} == before
        return {n: v for n, v in inside.items() if v is not None and v != before[n]}

    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert told() == {
        "KERAS_HOME": str(own_cache / "libraries" / "keras"),
        "MPLCONFIGDIR": str(own_cache / "libraries" / "matplotlib"),
        "XDG_CACHE_HOME": str(own_cache / "libraries" / "matplotlib"),
    }
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".cache" / "matplotlib").mkdir(parents=True)
    assert set(told()) == {"MPLCONFIGDIR"}
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "elsewhere"))
    assert not told()


def test_our_own_cache_stays_where_it_is_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "DIPTYCH_CACHE"):
        monkeypatch.delenv(name, raising=False)
    before = cache_folder.folder()
    with privacy.folders_in_cache("keras", "matplotlib"):
        assert os.environ["XDG_CACHE_HOME"] != str(before.parent)
        assert cache_folder.folder() == before
    assert "DIPTYCH_CACHE" not in os.environ


def test_two_at_a_time_leave_nothing_behind(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(os.environ)
    first, second = (privacy.folders_in_cache("keras", "matplotlib") for _ in range(2))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["DIPTYCH_CACHE"] == str(own_cache)
    second.__exit__(None, None, None)
    assert dict(os.environ) == before


def test_the_watch_knows_strangers_from_this_machine() -> None:
    v4 = 'connect(3, {sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}, 16) = 0'
    v6 = (
        'sendto(3, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(%d), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "%s", &sin6_addr), sin6_scope_id=0}, 28) = 1'
    )
    unix = 'connect(3, {sa_family=AF_UNIX, sun_path="%s"}, 110) = 0'
    resolver = "/run/systemd/resolve/io.systemd.Resolve"
    lines = [v4 % (80, "127.0.0.1"), v6 % (80, "::1"), unix % "/tmp/ours"]
    assert not set(strangers("\n".join(lines)))
    lines += [v4 % (53, "127.0.0.53"), v6 % (443, "2001:db8::1"), unix % resolver]
    expected = {"127.0.0.53 port 53", "2001:db8::1 port 443", resolver}
    assert set(strangers("\n".join(lines))) == expected


def test_a_stranger_would_be_seen(watch: Watch) -> None:
    # 192.0.2.0/24 is nobody's, and connecting a datagram socket sends nothing.
    code = (
        "from socket import *; s = socket(type=SOCK_DGRAM); s.connect(('192.0.2.1', 9)); s.close()"
    )
    watch.run(sys.executable, "-c", code)
    assert watch.asked() == {"192.0.2.1 port 9"}
