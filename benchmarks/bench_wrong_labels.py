"""Are planted wrong labels found, by the audit and by cleanlab on the same and on plain scores?

Some labels of 1,200 photographs, and of 2,500 small pictures of ten classes (CIFAR-10), are
changed: to any other class, or to the one that looks most like theirs. Of two classes both are one.
"AP" is the average precision of the ranking; "said" are those called `likely wrong label`.
`cleanlab` (pip install cleanlab) is beside it where it is installed.
"""

import importlib.util
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measuring import SHARED, machine, need_photos

from diptych import audit, read
from diptych.auditing.material import Material
from diptych.auditing.ridge import leave_one_out_scores
from diptych.metrics.label_noise import scaled_to_noise
from diptych.runtimes.features import FeatureRows

SHARES, DRAWS, EACH = (0.05, 0.2), 3, 250
SUSPICIOUS = 0.5

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.intp]


def average_precision(score_N: Floats, wrong_N: npt.NDArray[np.bool_]) -> float:
    """The mean over wrong labels of the precision down to each, the most suspicious first."""
    found_N = wrong_N[np.argsort(-score_N, kind="stable")]
    precision_N = np.cumsum(found_N) / np.arange(1, len(found_N) + 1)
    return float(precision_N[found_N].mean())


def seen(folder: Path) -> Material:
    """What the checks of an audit see of a folder."""
    kept: list[Material] = []

    def keep(material: Material) -> tuple[()]:
        kept.append(material)
        return ()

    audit(read(folder), checks=(keep,))
    return kept[0]


def flipped(
    features_ND: FeatureRows, labels_N: Labels, share: float, kind: str, draw: int
) -> Labels:
    """The labels with a share of them changed."""
    rng, classes = np.random.default_rng(draw), int(labels_N.max()) + 1
    changed, some = labels_N.copy(), rng.permutation(len(labels_N))[: round(share * len(labels_N))]
    if kind == "any":
        changed[some] = (labels_N[some] + rng.integers(1, classes, len(some))) % classes
        return changed
    mean_KD = np.stack([features_ND[np.flatnonzero(labels_N == k)].mean(0) for k in range(classes)])
    mean_KD /= np.linalg.norm(mean_KD, axis=1, keepdims=True)
    changed[some] = (mean_KD @ mean_KD.T - 2 * np.eye(classes)).argmax(1)[labels_N[some]]
    return changed


def plain_scores(features_ND: FeatureRows, labels_N: Labels) -> Floats:
    """What somebody would do: logistic regression of scikit-learn, in five folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    return np.asarray(
        cross_val_predict(model, features_ND[:], labels_N, cv=5, method="predict_proba")
    )


def cleanlab_finds(p_NK: Floats, labels_N: Labels) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Its score of each label, turned so that more is more suspicious, and what it calls wrong."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    quality_N = get_label_quality_scores(labels_N, p_NK)
    return -quality_N, find_label_issues(labels_N, p_NK)


def ours(p_NK: Floats, chance_N: Floats, labels_N: Labels) -> npt.NDArray[np.bool_]:
    return np.asarray((chance_N > SUSPICIOUS) & (p_NK.argmax(1) != labels_N))


def main() -> None:
    print(machine())
    have = importlib.util.find_spec("cleanlab") is not None
    with tempfile.TemporaryDirectory() as name:
        with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
            names = sorted(one for one in archive.namelist() if one.startswith("test/"))
            for label in sorted({one.split("/")[1] for one in names}):
                archive.extractall(name, [one for one in names if f"/{label}/" in one][:EACH])
        for title, folder in (("photographs", need_photos()), ("CIFAR", Path(name) / "test")):
            material = seen(folder)
            features_ND, labels_N = material.features_ND, material.labels
            assert features_ND is not None
            p_NK, noise = scaled_to_noise(
                leave_one_out_scores(features_ND, labels_N, int(labels_N.max()) + 1), labels_N
            )
            said = int(ours(p_NK, noise.chance_N, labels_N).sum())
            print(f"{title}, as they are: {said} of {len(labels_N):,} said to be wrong")
            for kind in ("any", "alike")[: 1 + (labels_N.max() > 1)]:
                for share in SHARES:
                    _compare(
                        f"{title}, {share:.0%} {kind}", features_ND, labels_N, share, kind, have
                    )


def _compare(
    title: str, features_ND: FeatureRows, labels_N: Labels, share: float, kind: str, have: bool
) -> None:
    rows: dict[str, list[tuple[float, float, float]]] = {}

    def put(who: str, score_N: Floats, said_N: npt.NDArray[np.bool_]) -> None:
        right = float(wrong_N[said_N].mean()) if said_N.any() else float("nan")
        row = (average_precision(score_N, wrong_N), right, float(said_N[wrong_N].mean()))
        rows.setdefault(who, []).append(row)

    for draw in range(DRAWS):
        labels = flipped(features_ND, labels_N, share, kind, draw)
        wrong_N = labels != labels_N
        scores_NK = leave_one_out_scores(features_ND, labels, int(labels_N.max()) + 1)
        p_NK, noise = scaled_to_noise(scores_NK, labels)
        put("diptych", noise.chance_N, ours(p_NK, noise.chance_N, labels))
        if have:
            put("cleanlab, our probabilities", *cleanlab_finds(p_NK, labels))
            put("cleanlab, plain ones", *cleanlab_finds(plain_scores(features_ND, labels), labels))
    for who, of in rows.items():
        ap, precision, recall = np.mean(of, axis=0)
        print(f"{title:<24} {who:<28} AP {ap:.3f}  said: {precision:.0%} right, {recall:.0%} found")


if __name__ == "__main__":
    main()
