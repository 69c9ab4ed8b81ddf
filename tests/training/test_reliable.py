from collections.abc import Callable
from pathlib import Path

from classifiers import SMALL
from diptych import ImageClassifier, audit, clean, read, split
from diptych.data.splitting import Splits


def grouped(parts: Splits) -> Splits:
    """The same, but that every second validation picture is a copy of the one before it."""
    valid = parts.valid
    samples = (s._replace(group=str(i // 2)) for i, s in enumerate(valid.samples))
    return parts._replace(valid=valid.with_samples(samples))


def test_drift_goes_by_pictures_that_the_network_did_not_learn_from(
    folder_of: Callable[..., Path],
) -> None:
    data = read(folder_of(40))
    parts = split(clean(data, audit(data, size=32)), valid=0.3)
    for given, expected in ((parts, len(parts.valid)), (grouped(parts), len(parts.valid) // 2)):
        tested = ImageClassifier(SMALL).fit(given.train, given.valid).evaluate(given.test)
        assert {one.pictures for one in tested.model.drift} == {expected}
