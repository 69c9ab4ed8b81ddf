"""The cache, and pictures to try things with: `cache` and `sample`."""

from pathlib import Path

from diptych.cli.streams import print_json


def cache(clear: bool, as_json: bool) -> None:
    """See or clear the cache of decoded pictures and features."""
    from diptych.images import cache as cached

    held = cached.clear() if clear else cached.usage()
    if as_json:
        facts = {"folder": str(held.folder), "bytes": held.bytes, "rows": held.rows}
        print_json({**facts, "limit": held.limit, "cleared": clear})
        return
    done = "cleared" if clear else f"of at most {held.limit / 2**30:g} GiB"
    print(f"{held.folder}: {held.rows:,} rows, {held.bytes / 2**20:,.0f} MiB {done}")


def digits(file: Path, as_json: bool) -> None:
    """Write real handwritten digits as a CSV of pixels."""
    from diptych.samples.digits import write_digits

    written = write_digits(file)
    if as_json:
        print_json({"file": str(file), "pictures": written})
    else:
        print(f"{file}: {written:,} digits of 8×8 pixels")


def plates(folder: Path, count: int, seed: int, defects: bool, as_json: bool) -> None:
    """Draw pizzas, and round things that are no pizza."""
    from diptych.samples.plates import draw_plates, wanted
    from diptych.system.progress import shown

    total = count + (len(wanted(count)) if defects else 0)
    drawn = sum(1 for _ in shown(draw_plates(folder, count, seed, defects), "drawing", total))
    if as_json:
        print_json({"folder": str(folder), "pictures": drawn})
    else:
        listed = f"; {folder / 'planted.csv'} lists the planted defects" if defects else ""
        print(f"{folder}: {drawn:,} files{listed}")
