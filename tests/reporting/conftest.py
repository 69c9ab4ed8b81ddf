import pytest

from conftest import BLUE, RED, picture
from diptych import ImageClassifier, Recipe, audit, clean, read, split
from diptych.reporting.evaluation import Evaluation
from diptych.reporting.report import Report

SMALL = Recipe(engine="torch", network="cnn", image_size=32, epochs=3, patience=3)


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Report]:
    """Reds and blues that are hard to tell apart, some of them under the other's name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        root = tmp_path_factory.mktemp("photos")
        for i in range(160):
            label = "red" if i % 2 else "blue"
            hue = RED if (i % 2 == 1) != (i % 20 == 3) else BLUE
            (root / label).mkdir(exist_ok=True)
            picture(i, 48, hue=hue).save(root / label / f"{i:03}.png")
        data = read(root)
        parts = split(clean(data, audit(data, size=32)), test=0.3)
        tested = ImageClassifier(SMALL).fit(parts.train, parts.valid).evaluate(parts.test)
        return tested, tested.report()
