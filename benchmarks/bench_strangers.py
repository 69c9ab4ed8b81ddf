"""Are pictures found that do not belong, by the audit and by the plain distance to neighbours?

Among 1,200 photographs of food there are 24 strangers: small pictures of CIFAR-10, drawn plates,
and handwritten digits, 24 of a kind or 8 of each. "AP" is the average precision of the ranking by
how strange a picture is; "said" are those called `irrelevant`. Beside it stands one minus the mean
cosine similarity of the same features to the ten nearest pictures. Where CLEANVISION names a Python
that has it, also what any of its checks says of one draw of each; none of them looks at what a
picture shows.
"""

import json
import os
import random
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bench_wrong_labels import average_precision, seen
from measuring import SHARED, machine, need_photos, rows
from PIL import Image

from diptych.auditing.strangeness import strangeness
from diptych.runtimes.features import FeatureRows
from diptych.samples.digits import write_digits
from diptych.samples.plates import draw_plates

COUNT, DRAWS, POOL = 24, 3, 80


def strangers(folder: Path) -> Mapping[str, Sequence[Path]]:
    """Pictures that are no photographs of food, of three kinds."""
    with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
        names = sorted(one for one in archive.namelist() if one.startswith("test/"))
        archive.extractall(folder / "cifar", random.Random(0).sample(names, POOL))
    list(draw_plates(folder / "drawn", POOL, defects=False))
    (folder / "digits").mkdir()
    write_digits(folder / "digits.csv")
    for i, row in enumerate(rows(folder / "digits.csv")[:POOL]):
        ink = np.array([float(row[title]) for title in row if title != "label"]).reshape(8, 8)
        grey = Image.fromarray((255 - 255 * ink / max(ink.max(), 1)).astype(np.uint8))
        grey.resize((224, 224), Image.Resampling.NEAREST).save(folder / "digits" / f"{i}.png")
    kinds = ("cifar", "drawn", "digits")
    return {
        kind: sorted(p for p in (folder / kind).rglob("*") if p.suffix in (".jpg", ".png"))
        for kind in kinds
    }


def to_neighbours(features_ND: FeatureRows, count: int = 10) -> npt.NDArray[np.floating]:
    """How far each picture is from its nearest ones, (N,)."""
    x_ND = np.sqrt(np.maximum(features_ND[:], 0))
    x_ND /= np.linalg.norm(x_ND, axis=1, keepdims=True)
    alike_NN = x_ND @ x_ND.T
    np.fill_diagonal(alike_NN, -1)
    return np.asarray(1 - np.sort(alike_NN, 1)[:, -count:].mean(1))


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pools = strangers(folder / "pools")
        for kind in (*pools, "all three"):
            figures = []
            for draw in range(DRAWS):
                rng = random.Random(draw)
                if kind == "all three":
                    some = [p for of in pools.values() for p in rng.sample(list(of), COUNT // 3)]
                else:
                    some = rng.sample(list(pools[kind]), COUNT)
                root = folder / f"{kind}{draw}"
                for i, path in enumerate([*sorted(need_photos().rglob("*.jpg")), *some]):
                    label = path.parent.name if i < 1200 else ("pizza", "not_pizza")[i % 2]
                    (root / label).mkdir(parents=True, exist_ok=True)
                    prefix = "" if i < 1200 else f"stranger{i}"
                    (root / label / f"{prefix}{path.name}").symlink_to(path)
                figures.append(_figures(root))
                if draw == 0 and (python := os.environ.get("CLEANVISION")):
                    print(f"{kind:<10} cleanvision: {of_cleanvision(root, python)}")
            ap, plain, precision, recall = np.mean(figures, axis=0)
            print(
                f"{kind:<10} AP {ap:.3f}, ten nearest {plain:.3f}  "
                f"said: {precision:.0%} right, {recall:.0%} found"
            )


def of_cleanvision(root: Path, python: str) -> str:
    """How many of those that any of its checks names are strangers, and of which share."""
    command = [python, str(Path(__file__).with_name("cleanvision_issues.py")), str(root)]
    issues = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)[
        "issues"
    ]
    named = {name for names in issues.values() for name in names}
    right = sum("stranger" in name for name in named)
    each = {issue: sum("stranger" in name for name in names) for issue, names in issues.items()}
    return f"{right} of {len(named)} named are strangers, of {COUNT}; {each}"


def _figures(root: Path) -> tuple[float, float, float, float]:
    features_ND, names = seen_names(root)
    stranger_N = np.array(["stranger" in name for name in names])
    strange = strangeness(features_ND)
    return (
        average_precision(strange.score, stranger_N),
        average_precision(to_neighbours(features_ND), stranger_N),
        float(stranger_N[strange.strange].mean()) if strange.strange.any() else float("nan"),
        float(strange.strange[stranger_N].mean()),
    )


def seen_names(root: Path) -> tuple[FeatureRows, list[str]]:
    """The features of a folder's pictures, and what they are called."""
    material = seen(root)
    assert material.features_ND is not None
    return material.features_ND, [sample.name for sample in material.dataset.samples]


if __name__ == "__main__":
    main()
