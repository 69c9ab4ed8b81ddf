"""What is it worth to look at the labels that an audit doubts, and how many must be looked at?

A fifth of the labels of 840 photographs is changed; 360 others keep theirs and are tested on. A
head is trained on the labels as they are, then on what a person makes of them who looks at every
picture called `likely wrong label`, and no other, and knows the right answer; once, and again after
a second audit of what came of it. Beside it stands the training on labels that nobody changed.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from bench_wrong_labels import flipped, seen
from measuring import machine, need_photos

from diptych import ImageClassifier, Recipe, audit, clean, read
from diptych.auditing.checks.wrong_labels import likely_wrong_labels
from diptych.data.dataset import Dataset
from diptych.data.splitting import split
from diptych.metrics.paired import difference

SHARE, ROUNDS = 0.2, 2


class Trained(NamedTuple):
    """What a head came to on pictures whose labels are right."""

    right_N: npt.NDArray[np.bool_]
    groups: list[str]


def trained(data: Dataset, test: Dataset) -> Trained:
    """A head on the pictures, a sixth of which choose the epoch; tested on others."""
    parts = split(data, valid=0.15, test=0.01, seed=0)
    train = parts.train.with_samples((*parts.train.samples, *parts.test.samples))
    model = ImageClassifier(Recipe()).fit(train, parts.valid)
    right_N = model.evaluate(test).predictions.right()
    return Trained(np.asarray(right_N, bool), [s.group or s.name for s in test.samples])


def doubted(data: Dataset) -> set[str]:
    """The pictures whose labels an audit calls likely wrong."""
    return {finding.name for finding in audit(data, checks=(likely_wrong_labels,)).findings
            if finding.issue == "likely wrong label"}  # fmt: skip


def main() -> None:
    print(machine())
    whole = read(need_photos())
    whole = clean(whole, audit(whole, checks=()))
    material = seen(need_photos())
    assert material.features_ND is not None
    rng = np.random.default_rng(0)
    tested = {whole.samples[i].name for i in rng.permutation(len(whole))[:360]}
    test = whole.with_samples(s for s in whole.samples if s.name in tested)
    pile = whole.with_samples(s for s in whole.samples if s.name not in tested)
    right = {s.name: s.label for s in pile.samples}
    labels_N = np.array(pile.targets(), np.intp)
    changed_N = flipped(material.features_ND, labels_N, SHARE, "any", 0)
    dirty = pile.with_samples(
        s._replace(label=pile.classes[k]) for s, k in zip(pile.samples, changed_N, strict=True)
    )
    wrong = int((changed_N != labels_N).sum())
    states, looked_at = {"as they are": dirty}, set[str]()
    data = dirty
    for number in range(ROUNDS):
        now = doubted(data) - looked_at
        looked_at |= now
        data = data.with_samples(
            s._replace(label=right[s.name]) if s.name in now else s for s in data.samples
        )
        left = sum(s.label != right[s.name] for s in data.samples)
        print(
            f"look {number + 1}: {len(now):,} of {len(pile):,} pictures looked at, "
            f"{wrong - left:,} of {wrong:,} wrong labels right by now"
        )
        states[f"after look {number + 1}"] = data
    states["never changed"] = pile
    before: Trained | None = None
    for title, state in states.items():
        result = trained(state, test)
        line = f"{title:<14} {result.right_N.mean():.1%} of {len(test):,} right"
        if before is None:
            before = result
        else:
            gap = difference(result.right_N[None], before.right_N[None], result.groups)
            line += f", {100 * gap.value:+.1f} points ({gap.reach})"
        print(line, flush=True)


if __name__ == "__main__":
    main()
