import hashlib
import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diptych.serving.keys import add_key
from served import SMALL, Server, command, serving


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file of keys, and one of them."""
    path = tmp_path_factory.mktemp("keys") / "keys"
    line = command("--new-key", "shop", "--keys", path)
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return path, done.stdout.strip()


def test_no_key_looks_like_an_option(tmp_path: Path) -> None:
    assert all(add_key(tmp_path / "keys", f"k{i}").isalnum() for i in range(50))


@pytest.fixture(scope="module")
def guarded(
    bundle: Path, keys: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    path, _ = keys
    path.chmod(0o644)
    with serving(tmp_path_factory.mktemp("logs") / "log", bundle, "--keys", path) as server:
        yield server


def test_a_key_is_kept_as_a_hash_in_a_file_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    line = command("--new-key", "till-1", "--keys", path, "--json")
    answer = json.loads(subprocess.run(line, capture_output=True, check=True).stdout)
    assert path.read_text() == f"till-1 {hashlib.sha256(answer['key'].encode()).hexdigest()}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = subprocess.run(line, capture_output=True, text=True)
    assert again.returncode == 2
    assert "there is a key called 'till-1' already" in again.stderr


def test_without_a_key_nothing_is_answered_but_pages_and_health(guarded: Server) -> None:
    for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz", "/static/style.css"):
        assert guarded.get(path).status == 200
    for path in ("/model", "/metrics", "/drift", "/v2", "/nothing"):
        assert guarded.get(path).status == 401
    refused = guarded.post("/predict", SMALL, X_API_Key="wrong")
    assert (refused.status, refused.headers["content-type"]) == (401, "application/problem+json")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert guarded.post("/models/colours/reload").status == 401


def test_a_key_opens_in_either_header_and_is_logged_by_its_name(
    guarded: Server, keys: tuple[Path, str]
) -> None:
    _, key = keys
    assert guarded.post("/predict", SMALL, X_API_Key=key).status == 200
    bearer = guarded.post("/predict", SMALL, Authorization=f"Bearer {key}", X_Request_ID="known")
    assert bearer.status == 200
    assert guarded.post("/predict", SMALL, Authorization=f"Basic {key}").status == 401
    assert guarded.line("known")["key"] == "shop"
    log = guarded.log.read_text()
    assert key not in log
    assert "others can read the hashes of the keys; run: chmod 600" in log


def test_keys_are_read_anew_on_sighup(guarded: Server, keys: tuple[Path, str]) -> None:
    path, old = keys
    line = command("--new-key", "late", "--keys", path)
    key = subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
    assert guarded.get("/model", X_API_Key=key).status == 401
    os.kill(guarded.process.pid, signal.SIGHUP)
    deadline = time.monotonic() + 20
    while guarded.get("/model", X_API_Key=key).status == 401:
        assert time.monotonic() < deadline
    assert guarded.get("/model", X_API_Key=old).status == 200


@pytest.mark.parametrize("text", ["", "# nobody\n", "name 1234\n", "a" * 64])
def test_a_file_of_keys_without_keys_is_refused(bundle: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text)
    done = subprocess.run(
        command(bundle, "--keys", tmp_path / "keys"), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "keys" in done.stderr
    assert done.stderr.count("\n") == 1
