"""The command line: parse, call, print. Answers go to standard output, progress to standard error.

Exit codes: 0 done; 1 the answer is "no" (a check failed, a picture could not be read); 2 what was
given cannot be used; 130 stopped with Ctrl-C.
"""

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from diptych import interrupts
from diptych.errors import DiptychError, GateError, InputError
from diptych.recipe import IMAGE_SIZE

if TYPE_CHECKING:
    from diptych.auditing import Audit
    from diptych.dataset import Dataset
    from diptych.metrics import Scores
    from diptych.predictions import Predictions
    from diptych.predictor import Predictor
    from diptych.recipe import Recipe
    from diptych.splitting import Splits


# With fewer classes, the answers that were never given are told too.
FEW_CLASSES = 4
# So many pictures that were set aside for a reason are named; the others are counted.
NAMED = 3


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every foreseen failure is one line."""
    try:
        code = _ran(arguments)
    except BaseException as error:
        if interrupts.caused(error):
            interrupts.stop("the same command goes on where it was")
        code = _told(error)
    sys.exit(code)


def _ran(arguments: Sequence[str] | None) -> int:
    _open_streams()
    try:
        given = vars(_parser().parse_args(arguments))
        return given.pop("run")(**given) or 0
    finally:
        sys.stdout.flush()


def _told(error: BaseException) -> int:
    """Say a failure in one line; the exit code. Raises those that nobody foresaw."""
    match error:
        case GateError():
            return _complain(str(error), 1)
        case DiptychError():
            return _complain(str(error), 2)
        case BrokenPipeError():
            # The reader of our output, such as `head`, has seen enough.
            _drop_output()
            return 1
        case OSError():
            if not error.filename:
                _drop_output()
            what = error.filename or "reading or writing failed"
            return _complain(f"{what}: {error.strerror or error}", 2)
        case _:
            raise error


def _drop_output() -> None:
    """Python flushes once more at its end, and would complain of what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="diptych", description="From a pile of pictures to an image classifier you can trust."
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    verb = _verb(verbs, "train", train, "make a tested bundle of a folder or table of pictures")
    _data(verb)
    verb.add_argument("--out", type=_path, required=True, help="the bundle to write")
    verb.add_argument("--engine", help="torch (default), tensorflow or linear")
    _choices(verb)
    verb.add_argument("--force", action="store_true", help="replace a bundle that exists")

    verb = _verb(verbs, "compare", compare, "train in two frameworks on the same data")
    _data(verb)
    verb.add_argument("--engines", default="torch,tensorflow", help="two, parted by a comma")
    verb.add_argument("--seeds", type=int, default=3, help="how often each is trained (3)")
    verb.add_argument(
        "--out", type=_path, default=Path("compare.html"), help="the page to write (compare.html)"
    )
    _choices(verb)
    verb.add_argument("--force", action="store_true", help="replace a page that exists")

    verb = _verb(verbs, "predict", predict, "say what is on pictures, a line a picture")
    verb.add_argument("bundle", help="or the address of a server: http://HOST:PORT")
    _pictures(verb)
    verb.add_argument("--key", help="for a server that wants one; or put it into DIPTYCH_KEY")

    verb = _verb(verbs, "explain", explain, "colour what a bundle looked at on pictures")
    verb.add_argument("bundle", type=_path)
    _pictures(verb)
    verb.add_argument(
        "--out", type=_path, default=Path("explained"), metavar="FOLDER",
        help="where to write the heatmaps (explained)",
    )  # fmt: skip
    verb.add_argument("--method", default="occlusion", help="occlusion (default) or gradcam")
    verb.add_argument("--engine", help="for gradcam: torch or tensorflow, if not the bundle's own")
    verb.add_argument(
        "--class", dest="of", metavar="NAME", help="what speaks for it; else for the answer"
    )

    verb = _verb(verbs, "evaluate", evaluate, "score a bundle, or two, on other labelled pictures")
    verb.add_argument(
        "bundles", nargs="+", type=_path, metavar="BUNDLE", help="and DATA, or two and --on DATA"
    )
    verb.add_argument("--on", type=_path, metavar="DATA", help="labelled pictures that both answer")
    verb.add_argument("--out", type=_path, metavar="FOLDER", help="where to write more about it")
    _table(verb)

    verb = _verb(verbs, "audit", audit, "look at every file: broken, doubled, labelled twice")
    _data(verb)
    verb.add_argument("--out", type=_path, metavar="FOLDER", help="where to write audit.csv")
    verb.add_argument("--size", type=int, default=IMAGE_SIZE, help="decode at this many pixels")

    verb = _verb(verbs, "export", export, "write a bundle in other formats, each of them checked")
    verb.add_argument("bundle", type=_path)
    verb.add_argument(
        "--to", required=True, metavar="FORMATS",
        help="onnx, torchscript, torch-export, torch, savedmodel, keras, litert, openvino; "
        "several parted by commas",
    )  # fmt: skip
    verb.add_argument(
        "--out", type=_path, metavar="FOLDER", help="where to write them (BUNDLE's name.exports)"
    )
    verb.add_argument(
        "--data", type=_path, help="what it was trained on, if the cache has it no longer"
    )
    verb.add_argument("--int8", action="store_true", help="in int8 as well, where a format can")
    verb.add_argument("--bf16", action="store_true", help="with bfloat16 weights as well")
    verb.add_argument(
        "--max-drop", type=float, default=0.5, metavar="POINTS",
        help="of accuracy that int8 and bf16 may cost (0.5)",
    )  # fmt: skip
    verb.add_argument("--force", action="store_true", help="replace files that exist")

    _serve(verbs)

    verb = _verb(verbs, "cache", cache, "see or clear the cache of decoded pictures and features")
    verb.add_argument("--clear", action="store_true", help="delete what it holds")

    kinds = verbs.add_parser("sample", help="make data to try Diptych on").add_subparsers(
        title="kinds", metavar="KIND", required=True
    )
    verb = _verb(kinds, "digits", digits, "real handwritten digits, as a CSV of pixels")
    verb.add_argument("file", type=_path, help="a CSV file to write, .gz too")
    verb = _verb(kinds, "plates", plates, "draw pizzas, and round things that are no pizza")
    verb.add_argument("folder", type=_path, help="a folder to make")
    verb.add_argument("--count", type=int, default=400, help="pictures without planted defects")
    verb.add_argument("--seed", type=int, default=0, help="the same seed draws the same pictures")
    verb.add_argument("--no-defects", dest="defects", action="store_false", help="plant no defects")
    return parser


def _serve(verbs: Any) -> None:
    """The verb that serves, whose arguments are many."""
    verb = _verb(verbs, "serve", serve, "a page and an API that answer by bundles")
    verb.add_argument("bundles", nargs="*", type=_path, metavar="BUNDLE", help="one, or several")
    verb.add_argument("--host", default="127.0.0.1", help="the address (127.0.0.1: only from here)")
    verb.add_argument("--port", type=int, default=8000, help="0 takes any that is free (8000)")
    verb.add_argument("--workers", type=int, default=1, help="processes that answer (1)")
    verb.add_argument("--keys", type=_path, metavar="FILE", help="answer only who has one of these")
    verb.add_argument("--new-key", metavar="NAME", help="add a key to --keys FILE, and print it")
    verb.add_argument(
        "--cors", action="append", default=[], metavar="ORIGIN", help="another page that may ask"
    )
    verb.add_argument(
        "--max-bytes", type=int, default=32 * 2**20, metavar="N", help="of a request (32 MiB)"
    )
    verb.add_argument(
        "--max-pixels", type=int, default=10**8, metavar="N", help="of a picture (100 million)"
    )
    verb.add_argument(
        "--max-files", type=int, default=64, metavar="N", help="pictures of a request (64)"
    )
    verb.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="for a request, and for its answer (30)",
    )
    verb.add_argument(
        "--queue", type=int, default=128, metavar="N", help="requests at a time of a worker (128)"
    )


def _data(verb: argparse.ArgumentParser) -> None:
    """The arguments that say what pictures there are."""
    verb.add_argument(
        "data",
        type=_path,
        help="a folder with a folder for each class, or a CSV of pixels or files",
    )
    verb.add_argument("--test", type=_path, metavar="DATA", help="more of it, to test on")
    _table(verb)


def _table(verb: argparse.ArgumentParser) -> None:
    """The arguments that say how a table is meant."""
    verb.add_argument("--shape", metavar="HxWxC", help="of a CSV's pictures, if not inferred")
    verb.add_argument(
        "--range", dest="value_range", metavar="0-255", help="of a CSV's numbers, or 0-1 or 0-16"
    )


def _pictures(verb: argparse.ArgumentParser) -> None:
    """The argument that names pictures to answer for; none at all is fine."""
    pictures = verb.add_argument(
        "pictures", nargs="+", default=["-"], help="files, folders, patterns; - reads names"
    )
    # With nargs="*" argparse takes no picture after an option for one: `explain b --class c x.jpg`.
    pictures.required = False


def _choices(verb: argparse.ArgumentParser) -> None:
    """The arguments that change a recipe, but for the engine."""
    verb.add_argument("--recipe", type=_path, metavar="FILE", help="choices in TOML")
    verb.add_argument("--network", help="efficientnet_lite0, cnn, mlp or timm/<name>")
    verb.add_argument("--weights", help="pretrained (default), none, or a file")
    verb.add_argument("--train", help="head (fast), all (fine-tune), or auto (default)")
    verb.add_argument("--epochs", type=int, help="at most this many")
    verb.add_argument("--seed", type=int, help="of the split and of the training")
    verb.add_argument(
        *("--set", "-s"), dest="settings", action="append", default=[], metavar="KEY=VALUE",
        help="any other choice of a recipe",
    )  # fmt: skip


def _verb(verbs: Any, name: str, run: Any, does: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=does, description=does)
    verb.add_argument("--json", dest="as_json", action="store_true", help="answer in JSON")
    verb.set_defaults(run=run)
    return verb


def _path(text: str) -> Path:
    if not text:
        # An empty variable of a shell; Path would take it for the folder where we are.
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        sys.exit(_complain(f"{message}; see {self.prog} --help", 2))


def train(
    data: Path,
    test: Path | None,
    shape: str | None,
    value_range: str | None,
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

    bundle.refuse_unwritable(out, force)
    _refuse_inside(out, data, test)
    pictures, chosen = _read(data, test, shape, value_range, recipe, settings, choices)

    from diptych.classifier import ImageClassifier
    from diptych.display import shown

    found, parts = _prepared(pictures, chosen)
    model = ImageClassifier(chosen).fit(
        parts.train, parts.valid, keep=cache.folder() / "runs", track=shown
    )
    tested = model.evaluate(parts.test, track=shown)
    tested.save(out, audit=found, force=force)
    interrupts.ignore()  # the same command would only be told that the bundle exists
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
    # Without the extra "report" there is only the model card.
    told = next(p for p in (out / "report.html", out / "README.md") if p.exists())
    print(f"{out} written in {time.monotonic() - started:.0f} s; {told} tells more")


def compare(
    data: Path,
    test: Path | None,
    shape: str | None,
    value_range: str | None,
    engines: str,
    seeds: int,
    out: Path,
    recipe: Path | None,
    settings: list[str],
    force: bool,
    as_json: bool,
    **choices: str | int | None,
) -> None:
    """Train in two frameworks on the same data: one table, one verdict."""
    from diptych import bundle

    bundle.refuse_unwritable_file(out, force)
    names = [name.strip() for name in engines.split(",")]
    pictures, chosen = _read(
        data, test, shape, value_range, recipe, settings, {**choices, "engine": names[0]}
    )

    from diptych.comparing import compare as both
    from diptych.comparing import refuse_unfit
    from diptych.comparing.page import comparison_page
    from diptych.display import table

    refuse_unfit(chosen, names, seeds)
    _, parts = _prepared(pictures, chosen)
    found = both(parts, chosen, names, seeds=seeds, progress=True)
    bundle.write_file(out, comparison_page(found).encode(errors="surrogateescape"))
    found.forget_runs()
    if as_json:
        _print_json({"page": str(out), **found.to_json()})
        return
    print(table(("", *(candidate.engine for candidate in found.candidates)), found.rows()))
    for pair in found.tests:
        print(f"McNemar's exact test: {pair}")
    print(f"same answer on {found.agreement:.2%} of the test pictures")
    print(found.verdict())
    print(f"{out} shows it, with the pictures on which they disagree")


def _refuse_inside(out: Path, *given: Path | None) -> None:
    """Raise InputError where a folder to write would be a class of the data next time."""
    for data in given:
        if data and data.is_dir() and out.resolve().is_relative_to(data.resolve()):
            raise InputError(
                f"{out} lies in {data}, and would be taken for pictures of it; name another --out"
            )


def _read(
    data: Path,
    test: Path | None,
    shape: str | None,
    value_range: str | None,
    recipe: Path | None,
    settings: list[str],
    choices: Mapping[str, str | int | None],
) -> "tuple[Dataset, Recipe]":
    """What there is, and a recipe that suits it, changed by what was asked for."""
    from diptych.recipe import Recipe

    given = {key: value for key, value in choices.items() if value is not None}

    def chosen(start: Recipe) -> Recipe:
        read = start.with_toml(recipe) if recipe else start
        return read.with_settings(settings).replace(**given)

    # A mistake in a choice is said before a long look at the data.
    from diptych.engines import refuse_unknown, refuse_weights
    from diptych.sources import read

    refuse_unknown(chosen(Recipe()))

    pictures = read(data, test=test, shape=shape, value_range=value_range)
    if pictures.note:
        _note(pictures.note)
    found = chosen(Recipe.for_pixels(len(pictures)) if pictures.shape else Recipe())
    refuse_weights(found, pictures.shape_at(found.image_size))
    return pictures, found


def _prepared(pictures: "Dataset", recipe: "Recipe") -> "tuple[Audit, Splits]":
    """Audited, cleaned and split, with a word on each."""
    from diptych.auditing import audit as look
    from diptych.cleaning import clean
    from diptych.display import shown
    from diptych.splitting import split

    found = look(pictures, size=recipe.image_size, min_side=recipe.min_side, track=shown)
    _note(str(found))
    parts = split(
        clean(found.dataset, found),
        valid=recipe.valid_share,
        test=recipe.test_share,
        seed=recipe.seed,
    )
    _note(", ".join(f"{len(data):,} for {part}" for part, data in parts._asdict().items()))
    return found, parts


def predict(bundle: str, pictures: list[str], key: str | None, as_json: bool) -> int:
    """Say what is on each picture, a line a picture."""
    from diptych.client import Client, is_address
    from diptych.display import printable
    from diptych.predictor import load
    from diptych.sources.naming import named

    if is_address(bundle):
        stream = Client(bundle, key or os.environ.get("DIPTYCH_KEY")).stream
    elif key:
        raise InputError(f"{bundle}: a bundle wants no key; give the address of a server")
    else:
        stream = load(bundle).stream
    answers = []
    for answer in stream(named(pictures or ["-"], sys.stdin)):
        answers.append(answer)
        if not as_json:
            print(printable(str(answer)), flush=True)
    if not answers:
        raise InputError("no picture was named; give files, folders or patterns")
    if as_json:
        _print_json([answer._asdict() for answer in answers])
    return 1 if any(answer.error for answer in answers) else 0


def explain(
    bundle: Path,
    pictures: list[str],
    out: Path,
    method: str,
    engine: str | None,
    of: str | None,
    as_json: bool,
) -> int:
    """Write a heatmap of each picture: what speaks for a class, and where."""
    from diptych.bundle import refuse_unwritable_folder, write_file
    from diptych.display import printable
    from diptych.explain import Explainer, heatmap_name
    from diptych.predictor import load
    from diptych.preprocess import as_png
    from diptych.sources.naming import named

    refuse_unwritable_folder(out)
    explainer = Explainer(load(bundle), method, engine)
    answers, taken = [], set[str]()
    for found in explainer.stream(named(pictures or ["-"], sys.stdin), of):
        path, label, probability, *_ = answer = found.answer
        heatmap = None
        if found.overlay is not None:
            heatmap = out / heatmap_name(path, taken)
            write_file(heatmap, as_png(found.overlay))
        if not as_json:
            written = f"  heatmap written to {heatmap}" if heatmap else ""
            print(printable(f"{answer}{written}"), flush=True)
        answers.append(
            {
                "path": path,
                "label": label,
                "probability": probability,
                "class": found.explained,
                "heatmap": str(heatmap) if heatmap else None,
                "error": answer.error,
            }
        )
    if not answers:
        raise InputError("no picture was named; give files, folders or patterns")
    if as_json:
        _print_json(answers)
    return 1 if any(answer["error"] for answer in answers) else 0


def evaluate(
    bundles: list[Path],
    on: Path | None,
    out: Path | None,
    shape: str | None,
    value_range: str | None,
    as_json: bool,
) -> None:
    """Score a bundle on other labelled pictures, or say which of two is better there."""
    from diptych.bundle import refuse_unwritable_folder, write_file
    from diptych.display import printable, shown
    from diptych.predictor import load
    from diptych.sources import read

    *paths, data = bundles if on is None else [*bundles, on]
    if len(paths) not in (1, 2):
        raise InputError("name a bundle and data, or two bundles and --on DATA")
    if out:
        refuse_unwritable_folder(out)
        _refuse_inside(out, data)
    pictures = read(data, shape=shape, value_range=value_range)
    if pictures.note:
        _note(pictures.note)
    predictors = [load(path) for path in paths]
    answered = [predictor.evaluate(pictures, track=shown) for predictor in predictors]
    for path, found in zip(paths, answered, strict=True):
        for reason, names in _by_reason(found.dataset).items():
            more = f", … ({len(names) - NAMED:,} more)" if len(names) > NAMED else ""
            named = ", ".join(names[:NAMED])
            _note(printable(f"{path}: {len(names):,} set aside, {reason}: {named}{more}"))
    counts = [count for found in answered for count in found.dataset.counts().items()]
    if absent := sorted({label for label, count in counts if not count}):
        _note(f"no picture of {', '.join(absent)}: nothing is said of how those are answered")
    if len(paths) == 2:
        from diptych.comparing.versus import versus

        both = versus((str(paths[0]), str(paths[1])), answered[0], answered[1])
        if out:
            write_file(out / "changed.csv", both.to_csv().encode(errors="surrogateescape"))
            write_file(out / "set_aside.csv", _set_aside_csv(paths, answered))
        if as_json:
            said = both.to_json()
            for one, found in zip(said["bundles"], answered, strict=True):
                one |= _set_aside(found.dataset)
            _print_json(said)
            return
        for one in both.changed():
            print(printable(f"{one.name}  {one.label}: {one.first} → {one.second}"))
        print(f"McNemar's exact test: {both.test}")
        print(both.verdict())
        return
    predictions = answered[0]
    scores = predictions.scores()
    if out:
        _write_report(predictors[0], predictions, out)
        write_file(out / "set_aside.csv", _set_aside_csv(paths, answered))
    if as_json:
        facts = {"bundle": str(paths[0]), "used": len(predictions.dataset)}
        _print_json({**facts, **_set_aside(predictions.dataset), **scores.to_json()})
        return
    _print_scores(scores)
    if out:
        print(f"{out / 'report.html'} shows where it is right and where not")


def _by_reason(dataset: "Dataset") -> dict[str, list[str]]:
    """The names of what was set aside, by the reason."""
    found: dict[str, list[str]] = {}
    for stray in dataset.strays:
        found.setdefault(stray.reason, []).append(stray.name)
    return found


def _set_aside(dataset: "Dataset") -> dict[str, Any]:
    """What was set aside, as plain data: how many for each reason, and every one."""
    return {
        "set_aside": {reason: len(names) for reason, names in _by_reason(dataset).items()},
        "left_out": [stray._asdict() for stray in dataset.strays],
    }


def _set_aside_csv(paths: Sequence[Path], answered: "Sequence[Predictions]") -> bytes:
    """A row for each picture that a bundle was not scored on: bundle, path, reason, detail."""
    import csv

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["bundle", "path", "reason", "detail"])
    for path, found in zip(paths, answered, strict=True):
        rows.writerows([path, *stray] for stray in found.dataset.strays)
    return text.getvalue().encode(errors="surrogateescape")


def _write_report(predictor: "Predictor", predictions: "Predictions", out: Path) -> None:
    """A page and a table of what a bundle answered, with its pictures made worse as well."""
    from diptych.bundle import write_file
    from diptych.display import shown
    from diptych.reviewing.bundled import reviewed
    from diptych.reviewing.page import review_page

    found = reviewed(predictor, predictions, track=shown)
    title = f"{predictor.bundle.path.name} on {predictions.dataset.root.name}"
    page = review_page(found, title)
    write_file(out / "report.html", page.encode(errors="surrogateescape"))
    write_file(out / "predictions.csv", predictions.to_csv().encode(errors="surrogateescape"))


def audit(
    data: Path,
    test: Path | None,
    shape: str | None,
    value_range: str | None,
    out: Path | None,
    size: int,
    as_json: bool,
) -> None:
    """Look at every file: broken, doubled, too small, labelled twice."""
    from diptych.auditing import audit as look
    from diptych.bundle import refuse_unwritable_folder, write_file
    from diptych.display import printable, shown
    from diptych.recipe import Recipe
    from diptych.sources import read

    if out:
        refuse_unwritable_folder(out)
        _refuse_inside(out, data, test)
    size = Recipe(image_size=size).image_size  # which refuses what is too small or too large
    pictures = read(data, test=test, shape=shape, value_range=value_range)
    if pictures.note:
        _note(pictures.note)
    found = look(pictures, size=size, track=shown)
    if out:
        write_file(out / "audit.csv", found.to_csv().encode(errors="surrogateescape"))
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
        print(printable(f"{name}  {issue}: {detail}" + (f" ({related})" if related else "")))
    print(found)


def export(
    bundle: Path,
    to: str,
    out: Path | None,
    data: Path | None,
    int8: bool,
    bf16: bool,
    max_drop: float,
    force: bool,
    as_json: bool,
) -> int:
    """Write a bundle in other formats, each checked by its own runtime."""
    from diptych.bundle import open_bundle
    from diptych.display import printable, table
    from diptych.exporting import export as written
    from diptych.exporting import export_weights, page

    formats = [name.strip() for name in to.split(",") if name.strip()]
    opened = open_bundle(bundle)
    if formats == ["torch"] and out is not None and out.suffix in (".pt", ".pth"):
        export_weights(opened, out, force)
        if as_json:
            _print_json({"file": str(out), "format": "torch", "bytes": out.stat().st_size})
        else:
            print(f"{out} written")
        return 0
    kinds = [kind for kind, wanted in (("int8", int8), ("bf16", bf16)) if wanted]
    folder = out or Path(f"{bundle.resolve().name.removesuffix('.bundle')}.exports")
    found = written(
        opened, formats, folder, data=data, kinds=kinds, max_drop=max_drop, force=force, tell=_note
    )
    if as_json:
        _print_json(found.to_json())
        return 1 if found.refused else 0
    if lines := list(page.cells(found.rows)):
        print(table(page.HEAD, lines))
    for row in found.rows:
        if row.refusal or row.fidelity:
            print(printable(str(row)))
    print(f"compared with {found.reference}")
    if advice := page.recommendation(found.rows):
        print(advice)
    print(f"{folder / 'README.md'} says how to use them")
    return 1 if found.refused else 0


def serve(
    bundles: list[Path],
    host: str,
    port: int,
    workers: int,
    keys: Path | None,
    new_key: str | None,
    cors: list[str],
    max_bytes: int,
    max_pixels: int,
    max_files: int,
    timeout: float,
    queue: int,
    as_json: bool,
) -> None:
    """Answer by HTTP until it is told to stop, or only make a key."""
    from diptych.server import Limits, Settings
    from diptych.server import serve as answer

    if new_key is not None:
        from diptych.server.keys import added

        if keys is None:
            raise InputError("--new-key: say with --keys FILE where its hash is kept")
        key = added(keys, new_key)
        if as_json:
            _print_json({"name": new_key, "key": key, "file": str(keys)})
        else:
            print(key)
        return
    limits = Limits(max_bytes, max_pixels, max_files, timeout)
    settings = Settings(tuple(bundles), host, port, workers, keys, tuple(cors), limits, queue)
    answer(settings, as_json)


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


def digits(file: Path, as_json: bool) -> None:
    """Write real handwritten digits as a CSV of pixels."""
    from diptych.samples.digits import write_digits

    written = write_digits(file)
    if as_json:
        _print_json({"file": str(file), "pictures": written})
    else:
        print(f"{file}: {written:,} digits of 8×8 pixels")


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


def _print_scores(scores: "Scores") -> None:
    print(f"accuracy {scores.accuracy} on {scores.n:,} pictures, macro F1 {scores.macro_f1}")
    width = max(map(len, scores.per_class))
    for label, found in scores.per_class.items():
        print(f"  {label:<{width}}  precision {found.precision}  recall {found.recall}")
    print(f"  in brackets: intervals at {scores.method}")
    for label, counts in zip(scores.per_class, scores.confusion, strict=True):
        named = zip(scores.per_class, counts, strict=True)
        said = ", ".join(f"{n:,} as {c}" for c, n in named if n or len(counts) < FEW_CLASSES)
        print(f"  {label:<{width}}  answered {said}")


def _open_streams() -> None:
    """Standard streams that are there and take any name.

    One that was closed is empty instead: what is opened next would get its number otherwise. Names
    of files may be bytes that are no text: read as they are, written as escapes. Progress that
    cannot be shown stops no work.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
    ours = os.name == "posix" and sys.stderr is sys.__stderr__
    if ours and isinstance(sys.stderr, io.TextIOWrapper):
        shown = _Lossy(sys.stderr.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(shown), sys.stderr.encoding, sys.stderr.errors, line_buffering=True
        )


class _Lossy(io.FileIO):
    """A file of which nobody minds what does not fit."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print_json(answer: Any) -> None:
    ascii_only = (sys.stdout.encoding or "ascii").lower() not in ("utf-8", "utf8")
    print(json.dumps(answer, indent=2, ensure_ascii=ascii_only))


def _complain(message: str, code: int) -> int:
    from diptych.display import printable

    print(printable(f"diptych: {message}"), file=sys.stderr)
    return code
