"""The example for KubeRay says nothing that Diptych, or Ray as it is installed, does not know."""

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from diptych.cli import parser

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy" / "ray.yaml"
IMAGE = ROOT / "deploy" / "Dockerfile.ray"


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    """What the example describes, by its kind."""
    return {part["kind"]: part for part in yaml.safe_load_all(EXAMPLE.read_text())}


def pods(documents: dict[str, Any]) -> list[dict[str, Any]]:
    """The head, the workers, and the job."""
    cluster = documents["RayCluster"]["spec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"], documents["Job"]["spec"]]
    return [group["template"]["spec"] for group in groups]


def test_the_command_of_the_job_is_known_and_goes_to_the_head(documents: dict[str, Any]) -> None:
    (container,) = documents["Job"]["spec"]["template"]["spec"]["containers"]
    name, *arguments = container["command"]
    assert name == "diptych"
    options = parser().parse_args(arguments)
    cluster = documents["RayCluster"]["metadata"]["name"]
    (head,) = documents["RayCluster"]["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in head["ports"]}
    # As KubeRay calls the service of a head.
    assert options.workplace == f"ray://{cluster}-head-svc:{ports['client']}"
    assert options.parts == Path("/answers/photos")


def test_everybody_sees_the_pictures_at_the_same_place(documents: dict[str, Any]) -> None:
    places = set()
    for pod in pods(documents):
        claims = {v["name"]: v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"]}
        (container,) = pod["containers"]
        mounts = {claims[m["name"]]: m["mountPath"] for m in container["volumeMounts"]}
        places.add(mounts["pictures"])
    assert places == {"/pictures"}


def test_a_token_is_asked_for_and_given(documents: dict[str, Any]) -> None:
    assert documents["RayCluster"]["spec"]["authOptions"] == {"mode": "token"}
    (job,) = documents["Job"]["spec"]["template"]["spec"]["containers"]
    settings = {one["name"]: one for one in job["env"]}
    assert settings["RAY_AUTH_MODE"]["value"] == "token"
    secret = settings["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]
    assert secret == {"name": documents["RayCluster"]["metadata"]["name"], "key": "auth_token"}


def test_everything_is_of_one_image_and_of_the_version_that_is_tested(
    documents: dict[str, Any],
) -> None:
    assert len({c["image"] for pod in pods(documents) for c in pod["containers"]}) == 1
    (version,) = re.findall(r"^ray==(.*)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert documents["RayCluster"]["spec"]["rayVersion"] == version
    assert f"FROM rayproject/ray:{version}-py312\n" in IMAGE.read_text()
    assert importlib.metadata.version("ray") == version


def test_the_image_installs_what_is_there() -> None:
    text = IMAGE.read_text()
    (install,) = [json.loads(line[4:]) for line in text.splitlines() if line.startswith("RUN ")]
    assert install[-1] == ".[ray,fast]"
    ignored = (IMAGE.parent / "Dockerfile.ray.dockerignore").read_text().split()
    for line in text.splitlines():
        if line.startswith("COPY "):
            for name in line.split()[2:-1]:
                assert (ROOT / name).exists()
                assert f"!{name}" in ignored


def test_what_kubernetes_takes_as_a_number_or_a_text_is_one(documents: dict[str, Any]) -> None:
    """A processor of 8 and an environment of 0 without quotes are refused, or mean otherwise."""
    for pod in pods(documents):
        for container in pod["containers"]:
            for amounts in container["resources"].values():
                assert all(isinstance(amount, str) for amount in amounts.values())
            assert all(isinstance(one.get("value", ""), str) for one in container["env"])
    head = documents["RayCluster"]["spec"]["headGroupSpec"]
    assert all(isinstance(value, str) for value in head["rayStartParams"].values())
