"""The command line: parse, call, print. Answers go to standard output, progress to standard error.

Exit codes: 0 done; 1 the answer is "no" (a check failed, a picture could not be read); 2 what was
given cannot be used; 130 stopped with Ctrl-C.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from diptych.errors import DiptychError, GateError, InputError
from diptych.recipe import IMAGE_SIZE

if TYPE_CHECKING:
    from diptych.metrics import Scores


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every foreseen failure is one line."""
    given = vars(_parser().parse_args(arguments))
    code = 0
    try:
        code = given.pop("run")(**given) or 0
    except KeyboardInterrupt:
        print(
            "diptych: stopped; the same command goes on where it was", file=sys.stderr, flush=True
        )
        # Not sys.exit: where the interrupt passed through an exec() of source text, as in many an
        # import, CPython remembers it and would end the process by the signal after all.
        os._exit(130)
    except GateError as error:
        _fail(str(error), 1)
    except DiptychError as error:
        _fail(str(error), 2)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has seen enough; Python must not flush again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        _fail(f"{error.filename or 'writing failed'}: {error.strerror or error}", 2)
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="diptych", description="From a pile of pictures to an image classifier you can trust."
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    verb = _verb(verbs, "train", train, "make a tested bundle of a folder of pictures")
    verb.add_argument("data", type=Path, help="a folder with a folder of pictures for each class")
    verb.add_argument("--out", type=Path, required=True, help="the bundle to write")
    verb.add_argument("--recipe", type=Path, metavar="FILE", help="choices in TOML")
    verb.add_argument("--engine", help="torch (default) or linear")
    verb.add_argument("--network", help="efficientnet_lite0 (default), cnn, mlp or timm/<name>")
    verb.add_argument("--weights", help="pretrained (default), none, or a file")
    verb.add_argument("--train", help="head (fast), all (fine-tune), or auto (default)")
    verb.add_argument("--epochs", type=int, help="at most this many")
    verb.add_argument("--seed", type=int, help="of the split and of the training")
    verb.add_argument(
        *("--set", "-s"), dest="settings", action="append", default=[], metavar="KEY=VALUE",
        help="any other choice of a recipe",
    )  # fmt: skip
    verb.add_argument("--force", action="store_true", help="replace a bundle that exists")

    verb = _verb(verbs, "predict", predict, "say what is on pictures, a line a picture")
    verb.add_argument("bundle", type=Path)
    verb.add_argument(
        "pictures", nargs="*", default=["-"], help="files, folders, patterns; - reads names"
    )

    verb = _verb(verbs, "evaluate", evaluate, "score a bundle on other labelled pictures")
    verb.add_argument("bundle", type=Path)
    verb.add_argument("data", type=Path, help="a folder with a folder of pictures for each class")

    verb = _verb(verbs, "audit", audit, "look at every file: broken, doubled, labelled twice")
    verb.add_argument("data", type=Path, help="a folder with a folder of pictures for each class")
    verb.add_argument("--out", type=Path, metavar="FOLDER", help="where to write audit.csv")
    verb.add_argument("--size", type=int, default=IMAGE_SIZE, help="decode at this many pixels")

    verb = _verb(verbs, "export", export, "write a bundle's weights in another format")
    verb.add_argument("bundle", type=Path)
    verb.add_argument("--to", default="torch", help="torch: for torch.load(weights_only=True)")
    verb.add_argument("--out", type=Path, required=True, help="the file to write")

    verb = _verb(verbs, "cache", cache, "see or clear the cache of decoded pictures and features")
    verb.add_argument("--clear", action="store_true", help="delete what it holds")

    kinds = verbs.add_parser("sample", help="make data to try Diptych on").add_subparsers(
        title="kinds", metavar="KIND", required=True
    )
    verb = _verb(kinds, "plates", plates, "draw pizzas, and round things that are no pizza")
    verb.add_argument("folder", type=Path, help="a folder to make")
    verb.add_argument("--count", type=int, default=400, help="pictures without planted defects")
    verb.add_argument("--seed", type=int, default=0, help="the same seed draws the same pictures")
    verb.add_argument("--no-defects", dest="defects", action="store_false", help="plant no defects")
    return parser


def _verb(verbs: Any, name: str, run: Any, does: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=does, description=does)
    verb.add_argument("--json", dest="as_json", action="store_true", help="answer in JSON")
    verb.set_defaults(run=run)
    return verb


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _fail(f"{message}; see {self.prog} --help", 2)


def train(
    data: Path,
    out: Path,
    recipe: Path | None,
    settings: list[str],
    force: bool,
    as_json: bool,
    **choices: str | int | None,
) -> None:
    """Audit, split, train, test and export: a folder of pictures becomes a tested bundle."""
    started = time.monotonic()
    from diptych import bundle, cache
    from diptych.recipe import Recipe

    bundle.refuse_unwritable(out, force)
    chosen = (Recipe().with_toml(recipe) if recipe else Recipe()).with_settings(settings)
    chosen = chosen.replace(**{key: value for key, value in choices.items() if value is not None})

    from diptych.auditing import audit as look
    from diptych.classifier import ImageClassifier
    from diptych.cleaning import clean
    from diptych.display import shown
    from diptych.sources import read
    from diptych.splitting import split

    found = look(read(data), size=chosen.image_size, min_side=chosen.min_side, track=shown)
    _note(str(found))
    parts = split(
        clean(found.dataset, found),
        valid=chosen.valid_share,
        test=chosen.test_share,
        seed=chosen.seed,
    )
    _note(", ".join(f"{len(data):,} for {part}" for part, data in parts._asdict().items()))
    model = ImageClassifier(chosen).fit(
        parts.train, parts.valid, keep=cache.folder() / "runs", track=shown
    )
    tested = model.evaluate(parts.test, track=shown)
    tested.save(out, audit=found, force=force)
    model.forget_checkpoints()
    scores, baseline = tested.predictions.scores(), tested.baseline.scores()
    if as_json:
        _print_json(
            {
                "bundle": str(out),
                "files": found.files,
                "used": found.used,
                "set_aside": found.set_aside,
                "seconds": round(time.monotonic() - started, 2),
                "parts": {part: len(data) for part, data in parts._asdict().items()},
                "test": scores.to_json(),
                "baseline": baseline.to_json(),
            }
        )
        return
    print(found)
    _print_scores(scores)
    print(f"linear baseline: {baseline.accuracy} accuracy")
    print(f"{out} written in {time.monotonic() - started:.0f} s; {out / 'README.md'} tells more")


def predict(bundle: Path, pictures: list[str], as_json: bool) -> int:
    """Say what is on each picture, a line a picture."""
    from diptych.predictor import load

    predictor = load(bundle)
    answers = []
    for answer in predictor.stream(_named(pictures or ["-"])):
        answers.append(answer)
        if not as_json:
            print(answer, flush=True)
    if as_json:
        _print_json([answer._asdict() for answer in answers])
    return 1 if any(answer.error for answer in answers) else 0


def evaluate(bundle: Path, data: Path, as_json: bool) -> None:
    """Score a bundle on other labelled pictures."""
    from diptych.display import shown
    from diptych.predictor import load
    from diptych.sources import read

    predictions = load(bundle).evaluate(read(data), track=shown)
    scores, strays = predictions.scores(), predictions.dataset.strays
    aside: dict[str, int] = {}
    for stray in strays:
        aside[stray.reason] = aside.get(stray.reason, 0) + 1
    if as_json:
        used = len(predictions.dataset)
        _print_json({"bundle": str(bundle), "used": used, "set_aside": aside, **scores.to_json()})
        return
    for stray in strays:
        print(f"{stray.name}  set aside: {stray.reason}")
    _print_scores(scores)


def audit(data: Path, out: Path | None, size: int, as_json: bool) -> None:
    """Look at every file: broken, doubled, too small, labelled twice."""
    from diptych.auditing import audit as look
    from diptych.display import shown
    from diptych.sources import read

    found = look(read(data), size=size, track=shown)
    if out:
        from diptych.bundle import write_file

        write_file(out / "audit.csv", found.to_csv().encode())
    if as_json:
        _print_json(
            {
                "files": found.files,
                "used": found.used,
                "set_aside": found.set_aside,
                "findings": [finding._asdict() for finding in found.findings],
            }
        )
        return
    for name, issue, detail, _, related in found.findings:
        print(f"{name}  {issue}: {detail}" + (f" ({related})" if related else ""))
    print(found)


def export(bundle: Path, to: str, out: Path, as_json: bool) -> None:
    """Write a bundle's weights in another format."""
    from diptych.bundle import open_bundle
    from diptych.exporting import export_weights

    export_weights(open_bundle(bundle), to, out)
    if as_json:
        _print_json({"file": str(out), "format": to, "bytes": out.stat().st_size})
    else:
        print(f"{out} written")


def cache(clear: bool, as_json: bool) -> None:
    """See or clear the cache of decoded pictures and features."""
    from diptych import cache as cached

    held = cached.clear() if clear else cached.usage()
    if as_json:
        facts = {"folder": str(held.folder), "bytes": held.bytes, "rows": held.rows}
        _print_json({**facts, "limit": held.limit, "cleared": clear})
        return
    done = "cleared" if clear else f"of at most {held.limit / 2**30:g} GiB"
    print(f"{held.folder}: {held.rows:,} rows, {held.bytes / 2**20:,.0f} MiB {done}")


def plates(folder: Path, count: int, seed: int, defects: bool, as_json: bool) -> None:
    """Draw pizzas, and round things that are no pizza."""
    from diptych.display import shown
    from diptych.samples.plates import draw_plates, wanted

    total = count + (len(wanted(count)) if defects else 0)
    drawn = sum(1 for _ in shown(draw_plates(folder, count, seed, defects), "drawing", total))
    if as_json:
        _print_json({"folder": str(folder), "pictures": drawn})
    else:
        listed = f"; {folder / 'planted.csv'} lists the planted defects" if defects else ""
        print(f"{folder}: {drawn:,} files{listed}")


def _named(pictures: Iterable[str]) -> Iterator[Path]:
    """The files that arguments stand for; a file that does not exist is left to the predictor."""
    for name in pictures:
        path = Path(name)
        if name == "-":
            yield from (Path(line.rstrip("\n")) for line in sys.stdin if line.strip())
        elif path.is_dir():
            yield from _shown_files(path)
        elif not path.exists() and any(sign in name for sign in "*?["):
            matches = sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))))
            if not matches:
                raise InputError(f"{name}: no file matches")
            yield from matches
        else:
            yield path


def _shown_files(folder: Path) -> Iterator[Path]:
    """Every file below a folder but the hidden ones."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _print_scores(scores: "Scores") -> None:
    print(f"accuracy {scores.accuracy} on {scores.n:,} pictures, macro F1 {scores.macro_f1}")
    width = max(map(len, scores.per_class))
    for label, found in scores.per_class.items():
        print(f"  {label:<{width}}  precision {found.precision}  recall {found.recall}")
    print(f"  in brackets: intervals at {scores.method}")
    for label, counts in zip(scores.per_class, scores.confusion, strict=True):
        named = ", ".join(f"{n:,} as {c}" for c, n in zip(scores.per_class, counts, strict=True))
        print(f"  {label:<{width}}  answered {named}")


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print_json(answer: Any) -> None:
    print(json.dumps(answer, indent=2, ensure_ascii=False))


def _fail(message: str, code: int) -> NoReturn:
    print(f"diptych: {message}", file=sys.stderr)
    sys.exit(code)
