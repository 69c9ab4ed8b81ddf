"""`diptych augment`: a page of what augmentation does to some pictures of each class."""

from argparse import Namespace
from pathlib import Path

from diptych.cli import arguments
from diptych.cli.display import print_json
from diptych.cli.preparing import read_data


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "augment", augment, "show how a recipe changes pictures in training"
    )
    arguments.add_data(verb)
    verb.add_argument(
        "--out", type=arguments.path, default=Path("augment.html"),
        help="the page to write (augment.html)",
    )  # fmt: skip
    verb.add_argument(
        "--each", type=arguments.whole, default=3, metavar="N", help="pictures of each class (3)"
    )
    verb.add_argument("--engine", help="torch (default) or tensorflow; both see the same")
    arguments.add_recipe(verb)
    verb.add_argument("--force", action="store_true", help="replace a page that exists")


def augment(options: Namespace) -> None:
    """Write the page, and say how strongly pictures are changed."""
    from diptych.bundles.destinations import only_writer, refuse_unwritable_file
    from diptych.errors import InputError
    from diptych.reporting.augmentation_sheet import augmentation_page, some_pictures
    from diptych.system.files import write_file
    from diptych.training.augmenting import (
        augmentation_policy,
        default_augmentation,
        describe,
    )

    if not 1 <= options.each <= 100:
        raise InputError(f"--each: between 1 and 100 pictures of each class, not {options.each}")
    with only_writer(options.out):
        refuse_unwritable_file(options.out, options.force)
        pictures, recipe = read_data(options, options.engine)
        policy, remark = augmentation_policy(recipe), ""
        if policy is None:
            remark = (
                "This recipe changes no picture: the head alone is trained, or nothing is asked "
                "for. Here is what --train all would do."
            )
            changes = default_augmentation("", pictures.classes, head_only=False)
            policy = augmentation_policy(recipe.replace(**changes))
            assert policy, "there are defaults"
        shown = some_pictures(pictures, recipe.image_size, options.each, recipe.seed)
        title = f"What augmentation does to {pictures.root.name or pictures.root}"
        html = augmentation_page(title, shown, policy, recipe.seed, remark)
        write_file(options.out, html.encode(errors="surrogateescape"))
    if options.as_json:
        print_json(
            {
                "page": str(options.out),
                "pictures": len(shown.samples),
                "used_in_training": not remark,
                "augmentation": {name: value for name, value in policy._asdict().items() if value},
            }
        )
        return
    if remark:
        print(remark)
    print(f"augmentation: {describe(policy)}")
    print(f"{options.out} shows it on {len(shown.samples)} pictures")
