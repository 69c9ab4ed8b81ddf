import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from absent import without
from command import answer_of, complaint, diptych
from diptych import read
from web import Web, after, body, manifest, photo, status, table, web_server

QUICK = ("--delay", "0", "--allow-private")


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as server:
        yield server


def of_pictures(web: Web, folder: Path, count: int) -> Path:
    for i in range(count):
        web.pages[f"/{i}.jpg"] = body(photo(i))
    rows = [(web.url(f"/{i}.jpg"), ("cat", "dog")[i % 2]) for i in range(count)]
    return table(folder / "urls.csv", ["url", "label"], *rows)


def test_what_came_and_what_did_not_is_told(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 3)
    answer = answer_of("gather", urls, "--out", tmp_path / "photos", *QUICK)
    assert (answer["rows"], answer["came"], answer["failed"]) == (3, 3, {})
    web.pages["/1.jpg"] = status(404)
    run = diptych("gather", urls, "--out", tmp_path / "again", *QUICK)
    assert run.returncode == 1
    first, last = run.stdout.splitlines()
    assert first == f"{web.url('/1.jpg')}  status 404: not found"
    assert last == f"{tmp_path / 'again'}: 2 of 3 pictures came, 1 status 404"
    assert "addresses in url, labels in label" in run.stderr


def test_this_machine_is_asked_only_where_that_is_said(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 1)
    run = diptych("gather", urls, "--out", tmp_path / "photos")
    assert run.returncode == 1
    assert "private address" in run.stdout
    assert not web.asked


def started(urls: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "diptych", "gather", str(urls), "--out", str(out), *QUICK]
    return subprocess.Popen(command, stdout=-3, stderr=subprocess.PIPE, text=True)


def until(process: "subprocess.Popen[str]", web: Web, count: int) -> None:
    """Wait until a server was asked for so many pictures."""
    while len(web.paths) < count:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.002)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_goes_on_and_fetches_nothing_twice(
    how: signal.Signals, web: Web, tmp_path: Path
) -> None:
    out = tmp_path / "photos"
    urls = of_pictures(web, tmp_path, 40)

    web.pages = {path: after(0.03, page) for path, page in web.pages.items()}
    process = started(urls, out)
    until(process, web, 16)
    process.send_signal(how)
    said = process.communicate()[1]
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert said.splitlines()[-1] == "diptych: stopped; the same command goes on where it was"
        outcomes = [row["outcome"] for row in manifest(out)]
        assert len(outcomes) == 40
        assert set(outcomes) == {"came", "not asked"}
    there = {path.stem for path in out.rglob("*.jpg")}
    assert 4 < len(there) < 40
    assert not any(path.stat().st_size == 0 for path in out.rglob("*.jpg"))
    web.asked.clear()
    answer = answer_of("gather", urls, "--out", out, *QUICK)
    assert (answer["came"], answer["fetched"]) == (40, 40 - len(there))
    assert len(web.paths) == 40 - len(there)
    assert not list(out.rglob(".*"))
    rows = manifest(out)
    assert [row["url"] for row in rows] == [web.url(f"/{i}.jpg") for i in range(40)]
    assert all((out / row["path"]).read_bytes() == photo(i) for i, row in enumerate(rows))
    # What was killed after it was asked knows where it came from, too.
    assert all(row["final_url"] == row["url"] for row in rows)


def test_two_runs_do_not_write_into_one_folder(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 2)
    web.pages["/0.jpg"] = after(3, web.pages["/0.jpg"])
    first = started(urls, tmp_path / "photos")
    until(first, web, 1)
    said = complaint("gather", urls, "--out", tmp_path / "photos", *QUICK)
    assert "is what another run writes at the moment" in said
    assert first.wait() == 0
    assert first.stderr is not None
    first.stderr.close()
    assert len(read(tmp_path / "photos")) == 2


def test_what_cannot_be_is_one_line(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 2)
    photos = tmp_path / "photos"
    assert "no such file" in complaint("gather", tmp_path / "no.csv", "--out", photos)
    assert "--out" in complaint("gather", urls)
    assert f"{urls} lies in {tmp_path}" in complaint("gather", urls, "--out", tmp_path)
    assert "is a file" in complaint("gather", urls, "--out", urls)
    said = complaint("gather", urls, "--out", photos, "--connections", "0")
    assert "connections is a whole number from 1 on, not 0" in said
    assert not photos.exists()
    photos.mkdir()
    (photos / "gathered.csv").write_text("file,label\na.jpg,cat\n")
    said = complaint("gather", urls, "--out", photos, *QUICK)
    assert "it is no list that `diptych gather` wrote" in said
    assert (photos / "gathered.csv").read_text().startswith("file,label")
    assert not web.asked


def test_a_folder_that_nobody_may_write_in_is_said(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 1)
    closed = Path("/proc/photos")
    assert str(closed) in complaint("gather", urls, "--out", closed, *QUICK)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat").write_text("a file where a folder has to be")
    said = complaint("gather", urls, "--out", tmp_path / "photos", *QUICK)
    assert "cannot be written" in said


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX")
def test_a_full_disk_is_said_and_the_rest_kept(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 2)
    web.pages["/1.jpg"] = body(photo(1) + bytes(2**20))
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, 2**19)); "
        "from diptych.cli import main; main(sys.argv[1:])"
    )
    command = ["gather", str(urls), "--out", str(tmp_path / "photos"), *QUICK, "--connections", "1"]
    run = subprocess.run(
        [sys.executable, "-c", limited, *command], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert "cannot be written (File too large)" in run.stderr.splitlines()[-1]
    assert not list((tmp_path / "photos").rglob(".*"))
    assert [row["outcome"] for row in manifest(tmp_path / "photos")] == ["came", "not asked"]
    web.asked.clear()
    assert answer_of("gather", urls, "--out", tmp_path / "photos", *QUICK)["came"] == 2
    assert web.paths == ["/1.jpg"]


def test_without_its_packages_the_extra_is_named(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 1)
    for package in ("httpx2", "httpcore2"):
        run = without(package, tmp_path, "gather", urls, "--out", tmp_path / "photos", *QUICK)
        assert run.returncode == 2
        last = run.stderr.splitlines()[-1]
        assert last == f"diptych: {package} is not installed; run: pip install 'diptych[gather]'"
    assert not (tmp_path / "photos").exists()
