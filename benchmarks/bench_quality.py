"""Are faults of single pictures found, and are clean pictures called clean? And shortcuts?

Faults are planted in half of the photographs, 60 of each kind, in a temporary folder. Beside it
cleanvision, on the same files with its own limits, in an environment of its own
(.venv-cleanvision, made here). Then the audit of what is clean: the photographs, some of CIFAR-10
and of the digits of MNIST. Then shortcuts, planted in 400 photographs one at a time.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from measuring import SHARED, machine, need_photos
from PIL import Image, ImageOps
from planted import FAULTS

from diptych import audit, read
from diptych.auditing.checks import CHECKS, Check
from diptych.auditing.checks.shortcuts import label_shortcuts
from diptych.auditing.material import Material
from diptych.auditing.measures import measures
from diptych.auditing.report import Finding

HERE = Path(__file__).parent
VENV = HERE.parent / ".venv-cleanvision"
EACH, SOME = 60, 4000
# cleanvision's name for what we call so.
THEIRS = {
    "blurred": "blurry",
    "dark": "dark",
    "over-exposed": "light",
    "blank": "low_information",
    "grey among colour": "grayscale",
    "odd aspect": "odd_aspect_ratio",
    "tiny": "odd_size",
    "placeholder": "low_information",
}


def plant(photos: list[Path], folder: Path, seed: int) -> dict[str, str]:
    """Photographs of which every second has a fault; the kind of each file with one, by name."""
    rng = np.random.default_rng(seed)
    kind_of: dict[str, str] = {}
    kinds = [kind for kind in FAULTS for _ in range(EACH)]
    for i, k in enumerate(rng.permutation(len(photos)).tolist()):
        source = photos[k]
        # One class: copies in two, of blank pictures say, would be set aside for that.
        target = folder / "food" / f"{source.parent.name}-{source.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        if i >= len(kinds):
            target.write_bytes(source.read_bytes())
            continue
        with Image.open(source) as image:
            faulty = FAULTS[kinds[i]][0](image.convert("RGB"), rng)
        if rng.random() < 0.3:
            target = target.with_suffix(".png")
        faulty.save(target, quality=85)
        kind_of[str(target.relative_to(folder))] = kinds[i]
    return kind_of


def faults(photos: list[Path]) -> None:
    """Recall and precision of each kind."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "photos"
        kind_of = plant(photos, folder, seed=7)
        result = audit(read(folder), min_side=0)
        names = {sample.name for sample in result.dataset.samples} - set(result.reasons)
        ours: dict[str, set[str]] = {}
        for finding in result.findings:
            ours.setdefault(finding.issue, set()).add(finding.name)
        theirs = cleanvision(folder)
    print(f"{len(photos)} photographs, half of them with a fault; cleanvision in brackets")
    for kind, (_, issue) in FAULTS.items():
        wanted = {name for name, own in kind_of.items() if own == kind and name in names}
        theirs_of = theirs.get(THEIRS.get(issue, ""), set())
        line = f"{kind:13s} {len(wanted):3d}: found {share(ours.get(issue, set()), wanted)}"
        print(line + (f" ({share(theirs_of, wanted)})" if issue in THEIRS and theirs else ""))
    for issue in dict.fromkeys(issue for _, issue in FAULTS.values()):
        right = {name for name, own in kind_of.items() if FAULTS[own][1] == issue}
        print(f"called {issue}: {precision(ours.get(issue, set()) & names, right, kind_of)}")
        if theirs and issue in THEIRS:
            print(f"    cleanvision: {precision(theirs[THEIRS[issue]], right, kind_of)}")


def precision(said: set[str], right: set[str], kind_of: Mapping[str, str]) -> str:
    """How many were planted so, of those that were called so, and what the others are."""
    wrong = Counter(kind_of.get(name, "clean") for name in said - right)
    return f"{len(said)}, of them {len(said & right)} planted; others {dict(wrong)}"


def share(said: Collection[str], wanted: Collection[str]) -> str:
    """How many of those wanted are among what was said."""
    return f"{len(set(said) & set(wanted)) / max(len(wanted), 1):.0%}"


def cleanvision(folder: Path) -> Mapping[str, set[str]]:
    """What it finds, by its names of issues; nothing where it cannot be had."""
    python = VENV / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "cleanvision"], check=True)
        command = [python, HERE / "cleanvision_issues.py", folder]
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        print("cleanvision cannot be had here")
        return {}
    answer = json.loads(done.stdout)
    print(f"cleanvision: {answer['seconds']:.1f} s of a processor for its seven checks of pictures")
    return {issue: set(names) for issue, names in answer["issues"].items()}


def clean() -> None:
    """What is found in data sets as they are."""
    for name in ("photos", "cifar10.zip", "mnist_train.csv.gz"):
        data = read(SHARED / name)
        some = np.sort(np.random.default_rng(1).permutation(len(data))[:SOME]).tolist()
        data = data.with_samples(data.samples[i] for i in some)
        checks, seconds = timed(CHECKS)
        findings: list[Finding] = []
        audit(data, checks=[kept(check, findings) for check in checks])
        counts = dict(Counter(finding.issue for finding in findings))
        spent = sum(seconds.values())
        print(
            f"{name}: {len(data)} pictures, {counts}; {spent:.1f} s of a processor for all checks"
        )
        for finding in findings:
            print(f"    {finding.name}: {finding.issue}, {finding.score:.2f}")


def kept(check: Check, findings: list[Finding]) -> Check:
    """A check whose findings are kept as well."""

    def checked(material: Material) -> list[Finding]:
        own = list(check(material))
        findings.extend(own)
        return own

    return checked


def timed(checks: tuple[Check, ...]) -> tuple[list[Check], dict[str, float]]:
    """Checks that note how long they take, and where they note it."""
    seconds: dict[str, float] = {}

    def watched(check: Check) -> Check:
        def checked(material: Material) -> list[Finding]:
            started = time.process_time()
            own = list(check(material))
            seconds[str(check)] = time.process_time() - started
            return own

        return checked

    return [watched(check) for check in checks], seconds


def speed(photos: list[Path]) -> None:
    """Pictures a second of the one pass over the pixels, which are in the cache, on one core."""

    def measured(material: Material) -> list[Finding]:
        rates = []
        for _ in range(3):
            started = time.process_time()
            measures(material.pixels)
            rates.append(len(photos) / (time.process_time() - started))
        print(f"measures of {len(photos)} pictures: {max(rates):.0f} a second of a processor")
        return []

    audit(read(photos[0].parents[1]), checks=[measured])


Plant = Callable[[Image.Image, int, np.random.Generator], tuple[Image.Image, str, dict[str, Any]]]


def _format(image: Image.Image, k: int, _: np.random.Generator) -> Any:
    return image, (".jpg", ".png")[k], {}


def _size(image: Image.Image, k: int, rng: np.random.Generator) -> Any:
    side = int(rng.integers(380, 420) if k else rng.integers(300, 340))
    return ImageOps.contain(image, (side, side)), ".jpg", {}


def _border(image: Image.Image, k: int, _: np.random.Generator) -> Any:
    return ImageOps.expand(image, 8 * k, (20, 20, 20)), ".jpg", {}


def _quality(image: Image.Image, k: int, _: np.random.Generator) -> Any:
    return image, ".jpg", {"quality": (40, 95)[k]}


def _exif(tag: int, values: Callable[[int, np.random.Generator], str]) -> Plant:
    def plant_exif(image: Image.Image, k: int, rng: np.random.Generator) -> Any:
        exif = Image.Exif()
        exif[tag] = values(k, rng)
        return image, ".jpg", {"exif": exif}

    return plant_exif


def _aspect(image: Image.Image, k: int, _: np.random.Generator) -> Any:
    return image.resize((400, (400, 300)[k])), ".jpg", {}


def _grey(image: Image.Image, k: int, _: np.random.Generator) -> Any:
    return (image.convert("L") if k else image), ".jpg", {}


SHORTCUTS: Mapping[str, Plant] = {
    "nothing": lambda image, k, rng: (image, ".jpg", {}),
    "format": _format,
    "size": _size,
    "aspect ratio": _aspect,
    "border": _border,
    "compression": _quality,
    "camera": _exif(0x0110, lambda k, rng: ("Canon EOS 5D", "iPhone 4")[k]),
    "date": _exif(0x0132, lambda k, rng: f"20{18 + k}:0{rng.integers(1, 9)}:10 12:00:00"),
    "grey or colour": _grey,
}


def shortcuts(photos: list[Path]) -> None:
    """Which shortcuts are said, where one was planted: in all of a class, or in half of it."""
    for name, edit in SHORTCUTS.items():
        for part in (1.0, 0.5):
            rng = np.random.default_rng(3)
            with tempfile.TemporaryDirectory() as temporary:
                for i, k in enumerate(rng.permutation(len(photos))[:400].tolist()):
                    label = photos[k].parent.name
                    folder = Path(temporary) / "photos" / label
                    folder.mkdir(parents=True, exist_ok=True)
                    chosen = int(label == "pizza" and rng.random() < part)
                    with Image.open(photos[k]) as image:
                        changed, suffix, options = edit(image.convert("RGB"), chosen, rng)
                    changed.save(folder / f"{i:04d}{suffix}", **options)
                result = audit(read(Path(temporary) / "photos"), size=160, checks=[label_shortcuts])
            said = [f for f in result.findings if f.issue == "shortcut"]
            print(
                f"{name} in {part:.0%} of a class: "
                + ("; ".join(f"{f.name} {f.detail}" for f in said) or "none")
            )


def main() -> None:
    photos = sorted(need_photos().rglob("*.jpg"))
    faults(photos)
    clean()
    shortcuts(photos)
    speed(photos)
    print(machine())


if __name__ == "__main__":
    main()
