"""Labels that are likely wrong, by what all other pictures say.

Axes: N pictures, K classes.
"""

from collections.abc import Iterator

import numpy as np

from diptych.auditing.material import Material
from diptych.auditing.report import Finding
from diptych.auditing.ridge import leave_one_out_scores
from diptych.metrics.label_noise import scaled_to_noise

# With fewer pictures others say little of any of them.
LEAST = 20
# The chance that a label is wrong from which it is said.
SUSPICIOUS = 0.5


def likely_wrong_labels(material: Material) -> Iterator[Finding]:
    """Pictures that look like another class more than chance explains; the score is that chance.

    Each picture is judged by a classifier that has not seen it (`leave_one_out_scores`). How sure
    such a classifier may be, and what share of all labels is wrong, are found together
    (`scaled_to_noise`), so that a hard but clean data set is not accused.
    """
    dataset = material.dataset
    if material.features_ND is None or len(dataset) < LEAST or len(dataset.classes) < 2:
        return
    labels_N = material.labels
    scores_NK = leave_one_out_scores(material.features_ND, labels_N, len(dataset.classes))
    p_NK, noise = scaled_to_noise(scores_NK, labels_N)
    likely_N = p_NK.argmax(1)
    for i in np.flatnonzero((noise.chance_N > SUSPICIOUS) & (likely_N != labels_N)):
        sample, likely = dataset.samples[i], dataset.classes[likely_N[i]]
        detail = (
            f"labelled {sample.label}, looks like {likely}: "
            f"{noise.chance_N[i]:.0%} likely to be wrong, by all other pictures"
        )
        score = float(noise.chance_N[i])
        yield Finding(sample.name, "likely wrong label", detail, False, "", score, likely)
