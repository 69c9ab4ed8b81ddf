from pathlib import Path

from diptych.data.dataset import Dataset, Sample
from diptych.data.group_counts import describe_groups
from diptych.data.splitting import Splits


def part(*samples: tuple[str, str]) -> Dataset:
    rows = (Sample(f"{i}", label, Path(f"{i}"), group=g) for i, (label, g) in enumerate(samples))
    return Dataset(Path("x"), ("a", "b"), tuple(rows))


def test_how_many_groups_a_figure_rests_on_is_said() -> None:
    train = part(("a", "1"), ("a", "2"), ("b", "3"), ("b", ""))
    valid, test = part(("a", "4"), ("b", "4")), part(("a", "5"), ("a", "5"))
    said = describe_groups(Splits(train, valid, test))
    assert said.splitlines() == [
        "groups: 4 for train, 1 for valid, 1 for test",
        "of test, a is from one group alone: add pictures of others",
    ]
