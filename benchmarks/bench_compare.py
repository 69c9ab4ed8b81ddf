"""How good are both engines with the default recipe, and do they differ by more than noise?

`bench_compare.py digits`, `photos` or `mnist` (three seeds each; MNIST takes an hour or so on two
cores); without a name the first two.
"""

import sys
import tempfile
from pathlib import Path

from measuring import SHARED, cold_cache, diptych, machine, measured


def data(name: str, folder: Path, env: dict[str, str]) -> list[str | Path]:
    """The arguments that say what is compared on."""
    match name:
        case "mnist":
            return [SHARED / "mnist_train.csv.gz", "--test", SHARED / "mnist_test.csv.gz"]
        case "photos":
            return [SHARED / "photos", "--train", "head"]
        case "digits":
            measured(diptych("sample", "digits", folder / "digits.csv"), env)
            return [folder / "digits.csv"]
        case _:
            sys.exit(f"no data set '{name}'; it has digits, photos and mnist")


def main() -> None:
    for name in sys.argv[1:] or ["digits", "photos"]:
        with cold_cache() as env, tempfile.TemporaryDirectory() as folder:
            arguments = data(name, Path(folder), env)
            page = Path(folder) / "compare.html"
            answer = measured(diptych("compare", *arguments, "--out", page), env).answer
        for engine, facts in answer["engines"].items():
            by_seed = ", ".join(f"{100 * value:.2f}" for value in facts["accuracy_by_seed"])
            print(
                f"{name}: {engine} {100 * facts['accuracy']['value']:.2f} % of "
                f"{answer['parts']['test']:,} test pictures (seeds: {by_seed})"
            )
        print(f"{name}: {answer['verdict']}")
    print(machine())


main()
