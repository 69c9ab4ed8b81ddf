"""The container and the Kubernetes example say nothing that Diptych does not know."""

import argparse
import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from diptych.cli import parser
from diptych.serving import Limits
from diptych.serving.worker import GRACE, SETTLING
from diptych.system import cores
from served import serving, small_bundle

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "deploy" / "Dockerfile"
CLUSTER = ROOT / "deploy" / "kubernetes.yaml"
TRAINING = ("torch", "tensorflow", "keras", "timm", "all", "fast", "int8", "litert")


def instructions(stage: int) -> Iterator[tuple[str, str]]:
    """Each instruction of a stage of the build, and what it says."""
    text = CONTAINER.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    starts = [i for i, line in enumerate(lines) if line.startswith("FROM ")] + [len(lines)]
    for line in lines[starts[stage] : starts[stage + 1]]:
        word, _, rest = line.partition(" ")
        yield word, rest.strip()


def says(stage: int, word: str) -> list[str]:
    return [rest for actual, rest in instructions(stage) if actual == word]


def options_of(arguments: list[str]) -> argparse.Namespace:
    """What the command line makes of arguments; the test fails where it refuses them."""
    return parser().parse_args(arguments)


def documents() -> dict[str, Any]:
    """What the Kubernetes example describes, by its kind."""
    return {part["kind"]: part for part in yaml.safe_load_all(CLUSTER.read_text())}


@pytest.fixture(scope="module")
def pod() -> Any:
    return documents()["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod: Any) -> Any:
    (container,) = pod["containers"]
    return container


def test_the_image_is_small_in_what_it_installs_and_begins_from() -> None:
    (install,) = map(json.loads, says(0, "RUN"))
    (asked,) = [word for word in install if word.startswith(".")]
    extras = re.findall(r"[\w-]+", asked)
    offered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert extras == ["serve"]
    needed = [*offered["dependencies"], *offered["optional-dependencies"]["serve"]]
    names = {re.split(r"[<>=;\[ ]", line)[0] for line in needed}
    assert not names & set(TRAINING)
    assert says(0, "FROM") == ["python:3.12-slim AS build"]
    assert says(1, "FROM") == ["python:3.12-slim"]
    # Nothing but what was built: no source, no compiler.
    assert says(1, "COPY") == ["--from=build /install /usr/local"]
    assert says(1, "RUN") == []


def test_everything_that_is_copied_is_there_and_is_not_ignored() -> None:
    ignored = (CONTAINER.parent / "Dockerfile.dockerignore").read_text().split()
    copied = [name for line in says(0, "COPY") for name in line.split()[:-1]]
    assert "src" in copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored


def test_the_image_starts_the_server_as_a_user_that_is_not_root() -> None:
    (start,), (more,) = (map(json.loads, says(1, word)) for word in ("ENTRYPOINT", "CMD"))
    assert start[0] == "diptych"
    options = options_of([*start[1:], *more])
    assert options.host == "0.0.0.0"
    assert f"{options.port}" == says(1, "EXPOSE")[0]
    assert options.bundles == [Path("/bundle")]
    (user,) = says(1, "USER")
    assert all(int(number) >= 1000 for number in user.split(":"))


def test_the_image_reports_to_nobody() -> None:
    (settings,) = says(1, "ENV")
    assert "ORT_DISABLE_TELEMETRY=1" in settings.split()


def test_the_image_is_healthy_when_the_server_is_ready(tmp_path: Path) -> None:
    (check,) = says(1, "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    ast.parse(command[2])
    assert "http://127.0.0.1:8000/readyz" in command[2]
    with serving(tmp_path / "log", small_bundle(tmp_path / "colours.bundle")) as server:
        exec(command[2].replace(":8000", f":{server.port}"), {})
    with pytest.raises(OSError, match="refused"):
        exec(command[2].replace(":8000", f":{server.port}"), {})


def test_the_commands_in_the_comments_and_the_page_are_known() -> None:
    shown = CONTAINER.read_text() + CLUSTER.read_text() + (ROOT / "docs/deploying.md").read_text()
    commands = re.findall(r"^#? *(diptych .*)$", shown, re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        options_of(shlex.split(command.partition(" < ")[0], comments=True)[1:])
    contained = re.findall(r"diptych-serve (/.*)$", shown, re.MULTILINE)
    assert len(contained) == 2
    for arguments in contained:
        options_of(["serve", *shlex.split(arguments)])


def test_the_cluster_runs_what_the_command_line_knows(pod: Any, container: Any) -> None:
    (start,) = map(json.loads, says(1, "ENTRYPOINT"))
    options = options_of([*start[1:], *container["args"]])
    mounted = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    for path in [*options.bundles, options.keys]:
        assert mounted[str(path.parent)]["readOnly"]
    assert {m["name"] for m in mounted.values()} == {v["name"] for v in pod["volumes"]}
    assert "secret" in next(v for v in pod["volumes"] if v["name"] == mounted["/keys"]["name"])
    # What ends is given the time to finish what it accepted.
    wait = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > wait + SETTLING + options.timeout + GRACE
    assert options.timeout == Limits().seconds


def test_the_cluster_asks_for_paths_that_answer_without_a_key(
    container: Any, tmp_path: Path
) -> None:
    from diptych.serving.keys import add_key

    add_key(tmp_path / "keys", "ada")
    bundle = small_bundle(tmp_path / "colours.bundle")
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
    assert [probe["path"] for probe in probes] == ["/readyz", "/readyz", "/healthz"]
    with serving(tmp_path / "log", bundle, "--keys", tmp_path / "keys") as server:
        for probe in probes:
            assert server.get(probe["path"]).status == 200
        assert server.get("/model").status == 401
    (port,) = container["ports"]
    assert {probe["port"] for probe in probes} == {port["name"]}
    (start,) = map(json.loads, says(1, "ENTRYPOINT"))
    assert port["containerPort"] == options_of([*start[1:], "x"]).port
    assert documents()["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]


def test_the_cluster_gives_no_more_rights_than_needed(pod: Any, container: Any) -> None:
    (user,) = says(1, "USER")
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == int(user.split(":")[0])
    # A secret is readable by its group only.
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]
    assert not pod["automountServiceAccountToken"]
    own = container["securityContext"]
    assert own["readOnlyRootFilesystem"]
    assert not own["allowPrivilegeEscalation"]
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]) == {"requests", "limits"}


def test_all_parts_of_the_cluster_belong_together() -> None:
    parts = documents()
    labels = parts["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert parts["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert parts["Service"]["spec"]["selector"] == labels
    assert parts["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels


def test_an_installation_has_every_file_that_the_source_has() -> None:
    package = ROOT / "src" / "diptych"
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    packed = {
        path for pattern in settings["package-data"]["diptych"] for path in package.glob(pattern)
    }
    others = {
        path
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert others == packed


@pytest.mark.parametrize(("quota", "threads"), [("150000 100000", 2), ("20000 100000", 1)])
def test_a_quota_of_processor_time_bounds_the_threads(
    quota: str, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: range(64))
    monkeypatch.setattr(cores, "QUOTA", tmp_path / "cpu.max")
    assert cores.cores() == 64
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cores.cores() == 64
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert cores.cores() == threads
