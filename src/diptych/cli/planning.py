"""`train --preset` and `--time`: what is trained, and what it will take, said before it starts."""

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from diptych.cli import arguments
from diptych.cli.display import note
from diptych.cli.preparing import FIELDS
from diptych.errors import InputError
from diptych.system.files import read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from diptych.data.dataset import Dataset
    from diptych.data.splitting import Splits
    from diptych.recipe import Recipe
    from diptych.tuning.presets import Preset

# A quick look at how well a head does: so many pictures, whose features are computed anyway.
QUICK_LOOK = 200


class Plan(NamedTuple):
    """What a preset and a budget ask for, before the pictures are looked at closely."""

    preset: "Preset"
    budget: float | None  # seconds
    deadline: float | None  # on the monotonic clock
    expected_seconds: float | None  # of heads; what is trained on pixels is tried later


class Settled(NamedTuple):
    """The recipe that is trained, and what --json says of how it was found."""

    recipe: "Recipe"
    answer: dict[str, Any]


def add_plan(verb: ArgumentParser) -> None:
    """The arguments that leave choices to Diptych."""
    verb.add_argument(
        "--preset", help="quick (the default recipe), good (minutes) or best (chosen by trials)"
    )
    verb.add_argument(
        "--time", type=arguments.duration, metavar="10m",
        help="a budget: 90s, 10m, 1h30m; what does not fit is left out",
    )  # fmt: skip


def planned(options: Namespace, pictures: "Dataset", recipe: "Recipe", started: float) -> Plan:
    """What is to be done, with a word on how long it takes here.

    Raises InputError for an unknown preset, and a time that the least does not fit into.
    """
    from diptych.bundles.continuing import earlier_bundle
    from diptych.networks.choosing import way_to_train
    from diptych.tuning import budget
    from diptych.tuning.presets import preset

    if options.preset and earlier_bundle(recipe):
        raise InputError(
            f"--preset {options.preset}: {recipe.weights} goes on by its own recipe; "
            "leave --preset out"
        )
    wanted = preset(options.preset or "quick", recipe, _said(options))
    for sentence in wanted.overruled:
        note(sentence)
    deadline = started + options.time if options.time else None
    if way_to_train(recipe) != "head" or recipe.engine == "linear":
        return Plan(wanted, options.time, deadline, None)
    # In a hurry the default is better than nothing.
    least = preset("quick", recipe)
    names = [one.network for one in (*wanted.networks, *least.networks * bool(deadline))]
    pace = budget.measured_pace(recipe, names, pictures)
    note(pace.describe())
    if deadline:
        every, left = wanted.networks, deadline - time.monotonic()
        wanted = budget.affordable(wanted, least, pace, len(pictures), left)
        if missing := [one.network for one in every if one not in wanted.networks]:
            note(f"left out, as they do not fit into the time: {', '.join(missing)}")
    seconds = budget.expected_seconds(wanted, pace, len(pictures))
    note(f"expected time: {budget.duration(seconds)}")
    return Plan(wanted, options.time, deadline, seconds)


def settled(plan: Plan, parts: "Splits", keep: "Path") -> Settled:
    """The recipe that a plan comes to on these parts.

    Where the clock has a say, a run that was killed goes on by the recipe that it had: it is kept
    until `forget`. Raises InputError where the time is too short for an epoch.
    """
    from diptych.recipe import Recipe
    from diptych.system.files import write_file

    file = _file(plan, parts, keep)
    if plan.deadline and file.exists():
        note("the plan is that of the run that was stopped")
        recipe = Recipe().with_toml(file)
        return Settled(recipe, _answer(plan, recipe, "as planned before", ()))
    result = _settled(plan, parts)
    if plan.deadline:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, result.recipe.to_toml().encode())
    return result


def forget(plan: Plan, parts: "Splits", keep: "Path") -> None:
    """Delete the plan that was kept for the case that the run is killed."""
    import shutil

    shutil.rmtree(_file(plan, parts, keep).parent, ignore_errors=True)


def _settled(plan: Plan, parts: "Splits") -> Settled:
    from diptych.images.decoding import pixel_store
    from diptych.networks.choosing import way_to_train
    from diptych.system.progress import shown
    from diptych.training.pictures import at_one_depth
    from diptych.tuning import budget, choice

    recipe = plan.preset.networks[0]
    if way_to_train(recipe) != "head":
        (train, valid), store = at_one_depth(parts[:2], recipe.image_size, 0, shown)
        if not plan.deadline:
            seconds = budget.measured_pixel_pace(recipe, train, valid, store).expected(recipe)
            note(f"expected time: {budget.duration(seconds)}")
            return Settled(recipe, _answer(plan._replace(expected_seconds=seconds), recipe, "", ()))
        left = plan.deadline - time.monotonic()
        recipe, seconds = budget.epochs_that_fit(recipe, train, valid, store, left)
        reason = f"at most {recipe.epochs} epochs, {recipe.fine_epochs} after a head, fit"
        note(f"{reason} into the time")
        return Settled(recipe, _answer(plan._replace(expected_seconds=seconds), recipe, reason, ()))
    if plan.expected_seconds is None or not choice.can_choose(parts.train):
        reason = "too few pictures of a class to choose by" if plan.preset.open else ""
        return Settled(recipe, _answer(plan, recipe, reason, ()))
    store = pixel_store(parts.train.shape_at(recipe.image_size), parts.train.bits)
    if plan.preset.open:
        # What comes afterwards takes as long as was expected of all of it, at most.
        spare = plan.deadline and plan.deadline - time.monotonic() - plan.expected_seconds
        found = choice.best_of(plan.preset, parts.train, store, track=shown, seconds=spare)
        for one in found.candidates:
            note(f"  {one.describe()}")
        note(found.reason)
    else:
        some = budget.some_of_each(parts.train, QUICK_LOOK)
        if not choice.can_choose(some):
            return Settled(recipe, _answer(plan, recipe, "", ()))
        found = choice.best_of(plan.preset, some, store, track=shown)
        note(
            f"expected accuracy: {found.chosen.accuracy} by cross-validation on "
            f"{len(some):,} pictures; with all {len(parts.train):,} it is as a rule better"
        )
    recipe = found.chosen.recipe
    return Settled(recipe, _answer(plan, recipe, found.reason, found.candidates))


def _answer(plan: Plan, recipe: "Recipe", reason: str, candidates: Sequence[Any]) -> dict[str, Any]:
    return {
        "preset": plan.preset.name,
        "expected_seconds": plan.expected_seconds,
        "network": recipe.network,
        "reason": reason,
        "candidates": [one.to_json() for one in candidates],
    }


def _said(options: Namespace) -> set[str]:
    """The keys of a recipe that the command line says itself."""
    said = {name for name in FIELDS if getattr(options, name) is not None}
    said |= {setting.partition("=")[0] for setting in options.settings}
    if options.recipe:
        said |= read_toml(options.recipe).keys()
    return said


def _file(plan: Plan, parts: "Splits", keep: "Path") -> "Path":
    import hashlib
    from dataclasses import asdict

    choices = [asdict(plan.preset.networks[0]), plan.preset.name, plan.budget]
    facts = json.dumps([choices, parts.train.fingerprint(), parts.valid.fingerprint()])
    return keep / f"plan-{hashlib.sha256(facts.encode()).hexdigest()[:16]}" / "recipe.toml"
