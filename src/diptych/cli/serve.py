"""`diptych serve`: a page and an API that answer by bundles; and keys for those who may ask."""

from argparse import ArgumentParser, Namespace

from diptych.cli import arguments
from diptych.cli.display import print_json
from diptych.errors import InputError


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(verbs, "serve", serve, "a page and an API that answer by bundles")
    verb.add_argument(
        "bundles", nargs="*", type=arguments.path, metavar="BUNDLE", help="one, or several"
    )
    verb.add_argument("--host", default="127.0.0.1", help="the address (127.0.0.1: only from here)")
    verb.add_argument("--port", type=int, default=8000, help="0 takes any that is free (8000)")
    verb.add_argument("--workers", type=int, default=1, help="processes that answer (1)")
    verb.add_argument(
        "--keys", type=arguments.path, metavar="FILE", help="answer only who has one of these"
    )
    verb.add_argument("--new-key", metavar="NAME", help="add a key to --keys FILE, and print it")
    verb.add_argument(
        "--cors", action="append", default=[], metavar="ORIGIN", help="another page that may ask"
    )
    verb.add_argument(
        "--fastest", action="store_true", help="answer by the fastest export that passed its gate"
    )
    verb.add_argument(
        "--max-drop", type=float, metavar="POINTS",
        help="of accuracy that --fastest may cost (0.5)",
    )  # fmt: skip
    verb.add_argument(
        "--root-path",
        default="",
        metavar="PATH",
        help="that a proxy shows it below, such as /pizza",
    )
    verb.add_argument(
        "--proxy", action="append", default=[], metavar="ADDRESS",
        help="of a proxy, or a network: who asks it, and for what, is believed",
    )  # fmt: skip
    _add_limits(verb)


def _add_limits(verb: ArgumentParser) -> None:
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
        "--timeout", type=float, default=30.0, metavar="SECONDS",
        help="for a request, and for its answer (30)",
    )  # fmt: skip
    verb.add_argument(
        "--queue", type=int, default=128, metavar="N", help="requests at a time of a worker (128)"
    )


def serve(options: Namespace) -> None:
    """Answer by HTTP until it is told to stop, or only make a key."""
    from diptych import serving

    if options.new_key is not None:
        _make_key(options)
        return
    if options.max_drop is not None and not options.fastest:
        raise InputError("--max-drop is for --fastest; add it, or leave this out")
    max_drop = 0.5 if options.max_drop is None else options.max_drop
    limits = serving.Limits(
        options.max_bytes, options.max_pixels, options.max_files, options.timeout
    )
    settings = serving.Settings(
        bundles=tuple(options.bundles),
        host=options.host,
        port=options.port,
        workers=options.workers,
        keys=options.keys,
        origins=tuple(options.cors),
        limits=limits,
        queue=options.queue,
        root_path=options.root_path,
        proxies=tuple(options.proxy),
        max_drop=max_drop if options.fastest else None,
    )
    serving.serve(settings, options.as_json)


def _make_key(options: Namespace) -> None:
    from diptych.serving.keys import add_key

    if options.keys is None:
        raise InputError("--new-key: say with --keys FILE where its hash is kept")
    key = add_key(options.keys, options.new_key)
    if options.as_json:
        print_json({"name": options.new_key, "key": key, "file": str(options.keys)})
    else:
        print(key)
