"""Bundles as files of every format: what is in them, and when they are refused."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from command import keys_without_a_word
from conftest import BLUE, RED, picture
from diptych.bundles.format import open_bundle
from diptych.exporting.formats import FORMATS
from diptych.exporting.formats.contract import FLOAT
from diptych.networks.libraries import timm as external
from diptych.runtimes import onnxruntime

ALL = ",".join(FORMATS)


class Place:
    """A folder with a cache of its own in which commands are run, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environment(self, customised: str = "") -> dict[str, str]:
        """That of a command, in which Python begins with a text, if one is given."""
        given = {**os.environ, "DIPTYCH_CACHE": str(self.folder / "cache")}
        if customised:
            (self.folder / "custom").mkdir(exist_ok=True)
            (self.folder / "custom" / "sitecustomize.py").write_text(customised)
            paths = [str(self.folder / "custom"), os.environ.get("PYTHONPATH", "")]
            given["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        return given

    def run(self, *arguments: str | Path, customised: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "diptych", *map(str, arguments)]
        env = self.environment(customised)
        return subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=500
        )

    def answer(self, *arguments: str | Path, code: int = 0, customised: str = "") -> Any:
        run = self.run(*arguments, "--json", customised=customised)
        assert run.returncode == code, run.stderr
        return json.loads(run.stdout)

    def complaint(self, *arguments: str | Path, customised: str = "") -> str:
        """What a command that is refused says: one line."""
        run = self.run(*arguments, customised=customised)
        assert run.returncode == 2, run.stderr
        assert run.stdout == ""
        (line,) = run.stderr.splitlines()
        return line.removeprefix("diptych: ")


class Subject(NamedTuple):
    """A bundle, and what came of its export to every format."""

    place: Place
    bundle: Path
    exports: Path
    told: Mapping[str, Any]  # what the export answered
    known: Path  # a new picture of one of its classes


def exported(place: Place, bundle: str, known: Path) -> Subject:
    told = place.answer("export", bundle, "--to", ALL)
    return Subject(place, place.folder / bundle, place.folder / told["folder"], told, known)


def photos(folder: Path, count: int = 30, side: int = 64) -> Path:
    """Red ones in one class, blue ones in the other."""
    for label, hue in (("blue", BLUE), ("red", RED)):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            seed = 2 * i + (label == "red")
            picture(seed, side, hue=hue).save(folder / label / f"{i:03d}.png")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("exporting"))


@pytest.fixture(scope="module")
def in_torch(place: Place) -> Subject:
    """Colour pictures, trained in PyTorch."""
    # Above what counts as small, which would be learned by a recipe of many epochs.
    photos(place.folder / "photos", side=80)
    given = ["--network", "cnn", "--set", "image_size=32", "--epochs", "3"]
    # Three epochs are few: pictures that are moved about take more.
    # Every kind of file answers with the mean over mirror images.
    given += ["--set", "views=flips"]
    for choice in ("flip", "zoom", "shift"):
        given += ["--set", f"{choice}=0"]
    place.answer("train", "photos", "--out", "red.bundle", *given)
    held_upright = Image.Exif()
    held_upright[0x0112] = 6
    known = place.folder / "known.jpg"
    picture(1001, 150, hue=RED).resize((150, 110)).save(known, exif=held_upright, quality=95)
    return exported(place, "red.bundle", known)


@pytest.fixture(scope="module")
def in_tensorflow(place: Place) -> Subject:
    """Grey digits out of a table, trained in TensorFlow."""
    place.answer("sample", "digits", "digits.csv")
    # After so few epochs Muon's network takes a digit that was enlarged for a stranger.
    given = ["--engine", "tensorflow", "--epochs", "4"]
    given += ["--set", "optimiser=adamw", "--set", "label_smoothing=0"]
    place.answer("train", "digits.csv", "--out", "digits.bundle", *given)
    rows = (place.folder / "digits.csv").read_text().splitlines()
    levels = np.array(rows[5].split(",")[1:], int).reshape(8, 8)
    known = place.folder / "digit.png"
    Image.fromarray((levels * 255 // 16).astype(np.uint8)).resize((40, 40)).save(known)
    return exported(place, "digits.bundle", known)


@pytest.fixture(scope="module", params=["in_torch", "in_tensorflow"])
def subject(request: pytest.FixtureRequest) -> Subject:
    actual: Subject = request.getfixturevalue(request.param)
    return actual


def test_every_format_answers_as_the_network_does_on_every_validation_picture(
    subject: Subject,
) -> None:
    rows = {(row["format"], row["kind"]): row for row in subject.told["files"]}
    assert set(rows) == {(f.name, kind) for f in FORMATS.values() for kind in f.kinds}
    splits = (subject.bundle / "splits.csv").read_text().splitlines()
    valid = sum(line.split(",")[2] == "valid" for line in splits)
    for row in rows.values():
        assert row["refusal"] == ""
        assert row["pictures"] == valid
        assert row["max_difference"] <= 1e-4
        assert row["agreement"] == 1
        if row["format"] != "torch":
            assert row["ood_score_difference"] <= 1e-2
        assert row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"]
        assert row["bytes"] == sum(size(subject.exports / name) for name in row["files"])
        assert row["speed"]["rate"] > 0
    assert subject.told["reference"].startswith("the trained network in ")


def size(path: Path) -> int:
    return sum(f.stat().st_size for f in [path, *path.rglob("*")] if f.is_file())


def test_the_table_is_stored_and_explained_and_nothing_else_is_left(subject: Subject) -> None:
    gate = json.loads((subject.exports / "gate.json").read_text())
    assert not keys_without_a_word("gate.json", {**gate, "files": []})
    assert gate["files"] == subject.told["files"]
    assert gate["limits"] == {"probability": 1e-4, "agreement": 1.0, "ood_score": 1e-2}
    page = (subject.exports / "README.md").read_text()
    files = {name for row in gate["files"] for name in row["files"]}
    examples = {path.name for path in subject.exports.glob("example_*.py")}
    assert len(examples) == len(gate["files"])
    for name in [*files, *examples]:
        assert name in page or name.endswith(".bin")
    there = {path.name for path in subject.exports.iterdir()}
    assert there == files | examples | {"gate.json", "README.md"}


def test_every_output_in_onnx_has_a_shape_with_any_number_of_pictures(subject: Subject) -> None:
    import onnx

    names = [row["files"][0] for row in subject.told["files"] if row["format"] == "onnx"]
    for path in (subject.bundle / "model.onnx", *(subject.exports / name for name in names)):
        outputs = {o.name: o.type.tensor_type.shape for o in onnx.load(path).graph.output}
        assert {"probabilities", "ood_score"} <= set(outputs), path
        for shape in outputs.values():
            first, *rest = shape.dim
            assert first.dim_param == "N", path
            assert all(dim.dim_value > 0 for dim in rest), path
        assert len(outputs["probabilities"].dim) == 2
        assert len(outputs["ood_score"].dim) == 1


def facts_in(format: str, path: Path) -> Mapping[str, Any]:
    """What a file says of itself, read without its runtime where that is possible."""
    if format == "onnx":
        import onnx

        actual = {p.key: p.value for p in onnx.load(path).metadata_props}
        return {key: json.loads(actual[key]) for key in ("classes", "preprocess")}
    if format == "openvino":
        import openvino

        model = openvino.Core().read_model(path)
        keys = ("classes", "preprocess")
        return {key: json.loads(model.get_rt_info(["diptych", key]).astype(str)) for key in keys}
    if format == "savedmodel":
        actual = json.loads((path / "1" / "assets" / "diptych.json").read_text())
    else:
        with zipfile.ZipFile(path) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith("diptych.json"))
            actual = json.loads(archive.read(name))
    return dict(actual)


def test_files_know_their_classes_and_how_pictures_become_pixels(subject: Subject) -> None:
    bundle = open_bundle(subject.bundle)
    for row in subject.told["files"]:
        if row["format"] != "torch":  # a dictionary of weights has no place for it
            actual = facts_in(row["format"], subject.exports / row["files"][0])
            assert actual["classes"] == list(bundle.classes)
            assert actual["preprocess"] == bundle.facts["preprocess"]


def needed(*packages: str) -> set[str]:
    """These packages, and all that they need, as they are installed here."""
    actual, waiting = set[str](), list(packages)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in actual:
            continue
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        actual.add(name)
        given = map(Requirement, wanted)
        waiting += [r.name for r in given if not r.marker or r.marker.evaluate({"extra": ""})]
    return actual


@functools.cache
def installed(package: str, folder: Path) -> Path:
    """A folder in which this package is installed, what it needs, NumPy and Pillow: no more."""
    place = folder / "only" / package
    place.mkdir(parents=True)
    for name in needed(package, "numpy", "pillow"):
        for top in {file.parts[0] for file in metadata.files(name) or []} - {"..", "__pycache__"}:
            if not (place / top).exists():
                (place / top).symlink_to(Path(str(metadata.distribution(name).locate_file(top))))
    return place


def said(subject: Subject, row: Mapping[str, Any], picture: Path) -> str:
    """What a file's script answers where nothing but its runtime is installed."""
    kind = "" if row["kind"] == FLOAT else f"_{row['kind'].replace(' ', '_')}"
    script = subject.exports / f"example_{row['format'].replace('-', '_')}{kind}.py"
    packages = installed(FORMATS[row["format"]].package, subject.place.folder)
    # Without the module site there are no packages but those of PYTHONPATH.
    run = subprocess.run(
        [sys.executable, "-S", script, picture],
        env={**os.environ, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_scripts_are_run_without_diptych(place: Place) -> None:
    for package in {format.package for format in FORMATS.values()}:
        there = {path.name for path in installed(package, place.folder).iterdir()}
        frameworks = {"diptych", "torch", "tensorflow", "onnx", "onnxruntime", "openvino"}
        assert there & frameworks == frameworks & {package}
        env = {**os.environ, "PYTHONPATH": str(installed(package, place.folder))}
        command = [sys.executable, "-S", "-c", "import numpy, PIL.Image, diptych"]
        run = subprocess.run(command, env=env, capture_output=True, text=True)
        assert "No module named 'diptych'" in run.stderr


def test_each_script_needs_only_its_runtime_and_answers_as_diptych_does(subject: Subject) -> None:
    (expected,) = subject.place.answer("predict", subject.bundle, subject.known)
    for row in subject.told["files"]:
        label, probability = said(subject, row, subject.known).rsplit(" ", 1)
        assert label == expected["label"], row["name"]
        limit = 0.02 if row["kind"] == "any size" else 0.002
        assert float(probability) == pytest.approx(expected["probability"], abs=limit), row["name"]


def test_scripts_know_outliers(in_torch: Subject) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(in_torch.place.folder / "noise.png")
    for row in in_torch.told["files"]:
        if row["format"] in ("onnx", "litert"):
            actual = said(in_torch, row, in_torch.place.folder / "noise.png")
            assert actual == "none of these"


@pytest.fixture(scope="module")
def plain(place: Place) -> Path:
    """The bundle of a network without any framework."""
    photos(place.folder / "few", 40)
    given = ["--engine", "linear", "--network", "linear", "--set", "image_size=32"]
    place.answer("train", "few", "--out", "plain.bundle", "--epochs", "3", *given)
    return place.folder / "plain.bundle"


# The seam is where the graph for files comes from; what they are compared with stays honest.
TAMPERED = """
import diptych.exporting.source as source
import numpy as np, onnx, os
from onnx import numpy_helper

honest = source.keep_outputs

def tampered(whole, outputs):
    model = onnx.load_from_string(honest(whole, outputs))
    (bias,) = (c for c in model.graph.initializer if c.name == "classifier.bias")
    value = numpy_helper.to_array(bias).copy()
    value[0] = {value}
    bias.CopyFrom(numpy_helper.from_array(value, bias.name))
    return model.SerializeToString()

source.keep_outputs = tampered
"""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            "value[0] + 3",
            r"differs from the trained network by \S+ in probability \(limit 0\.0001; same",
        ),
        ("np.nan", r"differs from the trained network by nan in probability \(limit 0\.0001; same"),
        ("os._exit(7)", r"its process ended with the code 7"),
        ("1 / 0", r"it cannot be made \(division by zero\)"),
    ],
)
def test_a_file_that_answers_otherwise_is_refused_and_the_old_one_stays(
    place: Place, plain: Path, tmp_path: Path, value: str, reason: str
) -> None:
    out = tmp_path / "out"
    order = ("export", plain, "--to", "onnx,openvino", "--out", out)
    place.answer(*order)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    customised = TAMPERED.format(value=value)
    told = place.answer(*order, "--force", code=1, customised=customised)
    assert told["recommendation"] == ""
    for row in told["files"]:
        assert re.search(reason, row["refusal"])
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_nothing_is_written_where_all_is_refused_and_the_reason_is_said(
    place: Place, plain: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run = place.run(
        *("export", plain, "--to", "onnx", "--out", out), customised=TAMPERED.format(value="9.0")
    )
    assert run.returncode == 1
    line = next(line for line in run.stdout.splitlines() if line.startswith("onnx: refused: "))
    assert re.search(r"same answer on \d\d\.\d% of 12 pictures\)$", line)
    assert "Traceback" not in run.stderr
    assert run.stdout.splitlines()[-1] == "nothing was written"
    assert not out.exists()
    told = place.answer("export", plain, "--to", "onnx", "--out", out)
    assert "refused" not in (out / "README.md").read_text().lower()
    assert told["files"] == json.loads((out / "gate.json").read_text())["files"]


HOSTILE = ("random", "statistics", "json", "typing", "torch", "onnx", "numpy", "tempfile")


@pytest.mark.parametrize(
    ("start", "others"), [(["-m"], ()), (["-P", "-m"], ("diptych",))], ids=["module", "script"]
)
def test_files_in_the_working_folder_are_never_run(
    place: Place, plain: Path, tmp_path: Path, start: list[str], others: tuple[str, ...]
) -> None:
    for name in (*HOSTILE, *others):
        code = "print('stray')\nraise SystemExit('run from the working folder')"
        (tmp_path / f"{name}.py").write_text(code)
    command = [sys.executable, *start, "diptych", "export", str(plain), "--to", "onnx,openvino"]
    given: dict[str, Any] = {"cwd": tmp_path, "env": place.environment(), "text": True}
    run = subprocess.run([*command, "--int8", "--json"], capture_output=True, **given)
    assert "working folder" not in run.stderr
    refusals = [row["refusal"] for row in json.loads(run.stdout)["files"]]
    assert refusals[:3] == [""] * 3
    # What the tools of quantisation say of this network, which had to be run for that.
    assert all("the network has one layer alone" in refusal for refusal in refusals[3:])


def test_a_full_disk_is_one_line_and_nothing_is_left(
    place: Place, plain: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        for filled in (0, 40_000, 55_000):
            (small / "filler").write_bytes(bytes(filled))
            run = place.run("export", plain, "--to", "onnx", "--out", small / "out")
            assert run.returncode == 2, run.stderr
            assert "No space left on device" in run.stderr.splitlines()[-1]
            assert "Traceback" not in run.stderr
            assert [path.name for path in small.iterdir()] == ["filler"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


SWAPPED = """
import diptych.exporting.formats.torch_weights as torch_weights

honest = torch_weights.network_code
torch_weights.network_code = lambda network: honest(network).replace("127.5", "120.0")
"""


def test_a_refused_format_keeps_no_other_from_being_written(
    in_torch: Subject, tmp_path: Path
) -> None:
    order = ("export", in_torch.bundle, "--to", "torch,onnx", "--out", tmp_path / "out")
    told = in_torch.place.answer(*order, code=1, customised=SWAPPED)
    refused = {row["name"]: row["refusal"] for row in told["files"]}
    assert refused.pop("torch").startswith("it differs from the trained network by ")
    assert refused == {"onnx": "", "onnx any size": ""}
    there = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"red.onnx", "red.any_size.onnx"} <= there
    assert not there & {"red.pth", "network.py", "example_torch.py"}


def test_a_backbone_of_timm_becomes_every_file_but_those_of_tensorflow(place: Place) -> None:
    made = external._timm().create_model("test_resnet", pretrained=False)
    torch.save(made.state_dict(), place.folder / "backbone.pth")
    photos(place.folder / "some")
    given = ["--network", "timm/test_resnet", "--weights", "backbone.pth"]
    place.answer("train", "some", "--out", "timm.bundle", *given, "--set", "image_size=48")
    names = ["onnx", "torchscript", "torch-export", "torch", "openvino"]
    told = place.answer("export", "timm.bundle", "--to", ",".join(names))
    assert [row["refusal"] for row in told["files"]] == [""] * (len(names) + 1)
    assert {row["format"] for row in told["files"]} == set(names)
    for name in set(FORMATS) - set(names):
        line = place.complaint("export", "timm.bundle", "--to", name)
        assert f"cannot become {name}; it can be: {', '.join(names)}" in line


def without(*modules: str) -> str:
    return f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))"


def test_a_bundle_is_exported_where_the_framework_that_trained_it_is_not_installed(
    in_torch: Subject, tmp_path: Path
) -> None:
    order = ("export", in_torch.bundle, "--to", "onnx,openvino", "--out", tmp_path / "out")
    told = in_torch.place.answer(*order, customised=without("torch", "tensorflow"))
    assert told["reference"] == "the bundle's graph, for torch is not installed here"
    assert [row["pictures"] > 0 for row in told["files"]] == [True] * 3


@pytest.mark.parametrize(
    ("given", "missing", "said"),
    [
        (["--to", "tensorrt"], "", f"no format 'tensorrt'; there are: {ALL.replace(',', ', ')}"),
        (["--to", "TFLite"], "", "no format 'tflite'; there are: onnx, "),
        (["--to", "tflite"], "", "; did you mean 'litert'?"),
        (["--to", "onxx"], "", f"there are: {ALL.replace(',', ', ')}; did you mean 'onnx'?"),
        (["--to", ","], "", "no format was named; there are: onnx, "),
        (["--to", "onnx,openvino"], "openvino", "run: pip install 'diptych[fast]'"),
        (["--to", "torchscript"], "torch", "torchscript: torch is not installed; run: pip install"),
        (["--to", "keras"], "tensorflow", "run: pip install 'diptych[tensorflow]'"),
        (["--to", "litert"], "ai_edge_litert", "run: pip install 'diptych[litert]'"),
        (["--to", "openvino", "--int8"], "nncf", "run: pip install 'diptych[int8]'"),
        (["--to", "torch", "--int8"], "", "--int8: none of these formats has it; there are: onnx,"),
        (["--to", "litert", "--bf16"], "", "--bf16: none of these formats has it; there are: onnx"),
        (["--to", "onnx", "--out", "plain.bundle"], "", "is a bundle, which stays as it is"),
        (["--to", "onnx", "--out", "taken.txt"], "", "is a file; name a folder with --out"),
        (["--to", "onnx", "--out", "taken"], "", "taken/plain.onnx exists already; name another"),
        (
            ["--to", "onnx", "--max-drop", "-1", "--int8"],
            "",
            "--max-drop -1: name 0 or more points",
        ),
        (["--to", "onnx", "--max-drop", "nan", "--int8"], "", "--max-drop nan: name 0 or more"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    place: Place, plain: Path, given: list[str], missing: str, said: str
) -> None:
    (place.folder / "taken").mkdir(exist_ok=True)
    for name in ("taken.txt", "taken/plain.onnx"):
        (place.folder / name).write_text("mine")
    line = place.complaint("export", plain, *given, customised=without(missing) if missing else "")
    assert said in line
    assert not (place.folder / "plain.exports").exists()
    assert [path.name for path in (place.folder / "taken").iterdir()] == ["plain.onnx"]
    assert (place.folder / "taken" / "plain.onnx").read_text() == "mine"


def test_exports_of_another_bundle_are_never_replaced(
    place: Place, plain: Path, in_torch: Subject
) -> None:
    order = ("export", plain, "--to", "onnx", "--out", in_torch.exports, "--force")
    assert "holds exports of another bundle; name another --out" in place.complaint(*order)


def test_pictures_that_left_the_cache_are_found_again_in_the_data(
    in_tensorflow: Subject, tmp_path: Path
) -> None:
    place = Place(tmp_path)
    order = ("export", in_tensorflow.bundle, "--to", "onnx")
    line = place.complaint(*order)
    assert "are no longer in the cache; name the data it was trained on with --data" in line
    other = photos(tmp_path / "photos", 12)
    assert f"not in {other} either" in place.complaint(*order, "--data", other)
    told = place.answer(*order, "--data", in_tensorflow.place.folder / "digits.csv")
    assert told["files"][0]["pictures"] == in_tensorflow.told["files"][0]["pictures"]


@pytest.mark.parametrize("everywhere", [True, False])
def test_stopped_it_leaves_nothing(
    place: Place, plain: Path, tmp_path: Path, everywhere: bool
) -> None:
    """Ctrl-C reaches all processes of a terminal, `kill -INT` only the first."""
    command = [sys.executable, "-m", "diptych", "export", str(plain), "--to", "onnx,openvino"]
    given: dict[str, Any] = {"cwd": tmp_path, "env": place.environment(), "start_new_session": True}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **given) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "onnx, fp32: made\n"
        (os.killpg if everywhere else os.kill)(process.pid, signal.SIGINT)
        left = process.stderr.read()
    assert process.returncode == 130
    assert left.splitlines()[-1].startswith("diptych: stopped")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_lighter_files_are_measured_and_recommended_by_what_they_cost(
    in_torch: Subject, tmp_path: Path
) -> None:
    order = ("export", in_torch.bundle, "--to", "onnx,openvino", "--out", tmp_path)
    run = in_torch.place.run(*order, "--int8", "--bf16", "--max-drop", "20", "--json")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    rows = {row["name"]: row for row in told["files"]}
    for name, row in rows.items():
        # Each file is told of when it is checked; a lighter one with what it costs.
        said = "accuracy" if row["fidelity"] else "within"
        assert any(line.startswith(f"{name}: {said} ") for line in run.stderr.splitlines())
    for format in ("onnx", "openvino"):
        for kind, most in (("int8", 0.45), ("bf16", 0.55)):
            row = rows[f"{format} {kind}"]
            assert row["refusal"] == ""
            # How many layers must stay in float for so few pictures differs between processors.
            share = 1.0 if row["float_layers"] else most
            assert row["bytes"] < share * rows[format]["bytes"]
            assert row["fidelity"]["drop"]["value"] <= 0.2
            assert row["fidelity"]["pictures"] == row["pictures"] == 10
            assert row["speed"]["rate"] > 0
            actual = facts_in(format, tmp_path / row["files"][0])
            assert actual["classes"] == ["blue", "red"]
    page = (tmp_path / "README.md").read_text()
    assert (
        "`red.int8.onnx`: ONNX Runtime, `pip install onnxruntime`; as in `example_onnx.py`" in page
    )
    recommended = re.search(r"(red\.\S+) is the fastest", told["recommendation"])
    assert recommended is not None
    assert (tmp_path / recommended[1]).exists()


# A tool after which everything is of the first class.
ONE_SIDED = """
import numpy as np, onnx
from onnx import numpy_helper
from diptych.exporting.quantization.onnxruntime import Static

honest = Static.quantise

def quantise(self, floats, *, quick=False):
    model = onnx.load_from_string(honest(self, floats, quick=quick)[".onnx"])
    (bias,) = (c for c in model.graph.initializer if c.name == "classifier.bias")
    value = np.array([50, -50], np.float32)
    bias.CopyFrom(numpy_helper.from_array(value, bias.name))
    return {".onnx": model.SerializeToString()}

Static.quantise = quantise
"""


def test_int8_that_costs_too_much_is_refused_and_the_file_in_float_is_there(
    in_torch: Subject, tmp_path: Path
) -> None:
    order = ("export", in_torch.bundle, "--to", "onnx", "--int8", "--out", tmp_path)
    run = in_torch.place.run(*order, customised=ONE_SIDED)
    assert run.returncode == 1
    (line,) = (line for line in run.stdout.splitlines() if line.startswith("onnx int8: "))
    assert re.search(
        r"refused: in int8, .* and 0\.5 are allowed, even with \d+ of \d+ layers in float", line
    )
    assert (tmp_path / "red.onnx").exists()
    assert not (tmp_path / "red.int8.onnx").exists()
    assert "## Refused" in (tmp_path / "README.md").read_text()


@pytest.mark.realdata
def test_photographs_are_answered_alike_by_both_frameworks_whatever_their_size(
    place: Place, real: Path
) -> None:
    """The default network, of which only the head was trained."""
    for label in ("pizza", "not_pizza"):
        (place.folder / "real" / label).mkdir(parents=True)
        for path in sorted((real / "photos" / label).iterdir())[:40]:
            (place.folder / "real" / label / path.name).symlink_to(path)
    given = ["--set", "image_size=96", "--epochs", "5"]
    place.answer("train", "real", "--out", "real.bundle", *given)
    told = place.answer("export", "real.bundle", "--to", "onnx,torchscript,keras,torch,litert")
    assert [row["refusal"] for row in told["files"]] == [""] * 6
    known = sorted((real / "photos" / "pizza").iterdir())[100:112]
    session = onnxruntime.open_file(place.folder / "real.exports" / "real.any_size.onnx")
    answers = place.answer("predict", "real.bundle", *known)
    off, sizes = [], set()
    for path, expected in zip(known, answers, strict=True):
        with Image.open(path) as image:
            sizes.add(image.size)
            actual = session(np.asarray(image.convert("RGB")))["probabilities"][0]
        off.append(np.abs(actual - list(expected["probabilities"].values())).max())
    assert len(sizes) > 3
    assert max(off) < 0.02
