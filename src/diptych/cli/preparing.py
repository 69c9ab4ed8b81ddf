"""From what is on the disk to clean parts: `audit`, and what training does first."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.cli.streams import note, print_json
from diptych.errors import InputError

if TYPE_CHECKING:
    from diptych.auditing import Audit
    from diptych.data.dataset import Dataset
    from diptych.data.splitting import Splits
    from diptych.recipe import Recipe


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
    from diptych.bundles.format import refuse_unwritable_folder
    from diptych.cli.display import printable
    from diptych.recipe import Recipe
    from diptych.sources import read
    from diptych.system.files import write_file
    from diptych.system.progress import shown

    if out:
        refuse_unwritable_folder(out)
        refuse_inside(out, data, test)
    size = Recipe(image_size=size).image_size  # which refuses what is too small or too large
    pictures = read(data, test=test, shape=shape, value_range=value_range)
    if pictures.note:
        note(pictures.note)
    found = look(pictures, size=size, track=shown)
    if out:
        write_file(out / "audit.csv", found.to_csv().encode(errors="surrogateescape"))
    if as_json:
        print_json(
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


def refuse_inside(out: Path, *given: Path | None) -> None:
    """Raise InputError where a folder to write would be a class of the data next time."""
    for data in given:
        if data and data.is_dir() and out.resolve().is_relative_to(data.resolve()):
            raise InputError(
                f"{out} lies in {data}, and would be taken for pictures of it; name another --out"
            )


def read_data(
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
    from diptych.networks.choosing import refuse_unknown, refuse_weights
    from diptych.sources import read

    refuse_unknown(chosen(Recipe()))

    pictures = read(data, test=test, shape=shape, value_range=value_range)
    if pictures.note:
        note(pictures.note)
    found = chosen(Recipe.for_pixels(len(pictures)) if pictures.shape else Recipe())
    refuse_weights(found, pictures.shape_at(found.image_size))
    return pictures, found


def prepared(pictures: "Dataset", recipe: "Recipe") -> "tuple[Audit, Splits]":
    """Audited, cleaned and split, with a word on each."""
    from diptych.auditing import audit as look
    from diptych.auditing.cleaning import clean
    from diptych.data.splitting import split
    from diptych.system.progress import shown

    found = look(pictures, size=recipe.image_size, min_side=recipe.min_side, track=shown)
    note(str(found))
    parts = split(
        clean(found.dataset, found),
        valid=recipe.valid_share,
        test=recipe.test_share,
        seed=recipe.seed,
    )
    note(", ".join(f"{len(data):,} for {part}" for part, data in parts._asdict().items()))
    return found, parts
