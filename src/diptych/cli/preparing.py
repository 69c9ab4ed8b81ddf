"""From what is on the disk to clean parts and a recipe: what `train` and `compare` do first."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.cli.arguments import MEANING
from diptych.cli.display import note
from diptych.errors import InputError

if TYPE_CHECKING:
    from diptych.auditing import Audit
    from diptych.data.dataset import Dataset
    from diptych.data.pixel_format import PixelFormat
    from diptych.data.places import Address
    from diptych.data.splitting import Splits
    from diptych.recipe import Recipe

# The arguments of add_recipe() that are fields of a recipe.
FIELDS = ("network", "weights", "train", "epochs", "on_nan", "seed", "balance")


def refuse_inside(out: Path, *data: "Path | Address | None") -> None:
    """Raise InputError where a folder to write would be a class of the data next time."""
    for folder in data:
        if not isinstance(folder, Path) or not folder.is_dir():
            continue
        if out.resolve().is_relative_to(folder.resolve()):
            raise InputError(
                f"{out} lies in {folder}, and would be taken for pictures of it; name another --out"
            )


def read_pictures(
    data: "Path | Address",
    options: Namespace,
    test: "Path | Address | None" = None,
    expected: "PixelFormat | None" = None,
) -> "Dataset":
    """The pictures of a folder or table, with a word on what was inferred of it.

    Numbers mean what they did in the pictures that were `expected`.
    """
    from diptych.data.pixel_format import NO_FORMAT
    from diptych.sources import read

    said = {name: getattr(options, name) for name in MEANING}
    pictures = read(data, test=test, expected=expected or NO_FORMAT, **said)
    if getattr(options, "plan_file", None) or getattr(options, "accept", None):
        pictures = _put_right(pictures, options)
    if pictures.note:
        note(pictures.note)
    return pictures


def _put_right(pictures: "Dataset", options: Namespace) -> "Dataset":
    """The pictures as the plan has it that the options name."""
    from diptych.auditing.planned import with_plan
    from diptych.data.plan import Plan

    if not options.plan_file:
        raise InputError("--accept: it is of a plan; name one with --plan plan.csv")
    plan = Plan.read(options.plan_file)
    for said in options.accept:
        issue, colon, score = said.rpartition(":")
        try:
            least = float(score) if colon else 0.0
        except ValueError as cause:
            raise InputError(f"--accept {said}: the score '{score}' is no number") from cause
        plan = plan.accepting([issue if colon else said], least)
    return with_plan(pictures, plan, new_labels=options.new_labels)


def read_data(options: Namespace, engine: str | None) -> "tuple[Dataset, Recipe]":
    """What there is, and a recipe that suits it, changed by what was asked for."""
    from diptych.recipe import Recipe

    fields = {"engine": engine} | {name: getattr(options, name) for name in FIELDS}
    changes = {name: value for name, value in fields.items() if value is not None}

    def changed(recipe: Recipe) -> Recipe:
        read = recipe.with_toml(options.recipe) if options.recipe else recipe
        return read.with_settings(options.settings).replace(**changes)

    # A mistake in a choice is said before a long look at the data.
    from diptych.bundles.continuing import earlier_bundle, recipe_to_go_on
    from diptych.data.splitting import refuse_small_classes
    from diptych.networks.choosing import refuse_unknown, start
    from diptych.training.augmenting import default_augmentation
    from diptych.training.defaults import default_recipe
    from diptych.training.memory import enough_memory, refuse_huge

    asked = changed(Recipe())
    earlier = earlier_bundle(asked)
    if earlier:
        asked = changed(recipe_to_go_on(earlier.bundle))
    refuse_unknown(asked)
    pictures = read_pictures(options.data, options, options.test)
    refuse_small_classes(pictures)
    show_odd_labels(pictures)
    # Whatever the default is, a network that was asked for stays.
    network = changed(Recipe(network="")).network
    by_default = default_recipe(pictures, asked, network)
    if by_default.note and not earlier:
        note(by_default.note)
    recipe = asked if earlier else changed(by_default.recipe)
    with enough_memory(recipe):
        begun = start(recipe, pictures.shape_at(recipe.image_size), pictures.classes)
        way = begun.way
        if way != "head":
            refuse_huge(recipe, begun.network, begun.weights)
    if earlier or not by_default.photographs:
        return pictures, recipe
    own = default_augmentation(recipe.network, pictures.classes, head_only=way == "head")
    # Changed again, so that what was said counts, also that nothing is done.
    return pictures, changed(by_default.recipe.replace(**own))


def show_odd_labels(pictures: "Dataset", most: int = 10) -> None:
    """A line for each label that is odd, of the first few."""
    from diptych.auditing.checks.label_names import odd_labels

    findings = list(odd_labels(pictures))
    for name, issue, detail, *_ in findings[:most]:
        note(f"{name}  {issue}: {detail}")
    if len(findings) > most:
        note(f"… and {len(findings) - most:,} more odd labels; `diptych audit` says which")


def prepare(pictures: "Dataset", recipe: "Recipe") -> "tuple[Audit, Splits]":
    """Audit, clean and split, with a word on each."""
    from diptych.auditing import audit
    from diptych.auditing.cleaning import clean
    from diptych.auditing.copies.known_pictures import known_parts
    from diptych.bundles.continuing import describe, earlier_bundle
    from diptych.data.group_counts import describe_groups
    from diptych.data.splitting import SHARE, split
    from diptych.system.progress import shown

    size, min_side = recipe.image_size, recipe.min_side
    result = audit(pictures, size=size, min_side=min_side, checks=(), track=shown)
    note(str(result))
    cleaned = clean(result.dataset, result)
    shares = {"valid": recipe.valid_share, "test": recipe.test_share}
    for part in cleaned.parts():
        share = shares.pop(part, SHARE)
        if share != SHARE:
            note(f"{part}_share = {share} is not used: there is a {part} part already")
    earlier, known = earlier_bundle(recipe), dict[str, str]()
    if earlier:
        known = known_parts(earlier.known, cleaned, recipe.image_size, shown)
        note(describe(earlier, cleaned, recipe.image_size, known))
    asked = {part: shares.get(part) for part in ("valid", "test")}
    parts = split(cleaned, **asked, seed=recipe.seed, known=known)
    note(", ".join(f"{len(data):,} for {part}" for part, data in parts._asdict().items()))
    if any(sample.group for sample in pictures.samples):
        note(describe_groups(parts))
    return result, parts
