"""What came of an export, for people: a line for each file, and which of them to take."""

from collections.abc import Iterator, Sequence

from diptych.exporting.row import Row

HEAD = (
    *("file", "MiB", "Δ probability", "Δ OOD score", "accuracy"),
    *("one picture (p50 / p95)", "pictures/s", "batch"),
)


def cells(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """A line of the table for each file that is there."""
    for row in rows:
        if row.refusal or row.speed is None:
            continue
        speed, ood_score = row.speed, row.ood_score_difference
        yield (
            row.files[0],
            f"{row.bytes / 2**20:.2f}",
            f"{row.max_difference:.1e}",
            "–" if ood_score is None else f"{ood_score:.1e}",
            str(row.accuracy),
            f"{speed.p50:.2f} / {speed.p95:.2f} ms",
            f"{speed.rate:,.0f}",
            str(speed.batch),
        )


def recommendation(rows: Sequence[Row]) -> str:
    """Which of the files to take on this machine; "" where there are none to choose from."""
    speeds = {row.files[0]: row.speed for row in rows if row.speed and _is_as_good(row)}
    if not speeds:
        return ""
    for_many = max(speeds, key=lambda file: speeds[file].rate)
    for_one = min(speeds, key=lambda file: speeds[file].p50)
    rate, wait = f"{speeds[for_many].rate:,.0f} pictures/s", f"{speeds[for_one].p50:.2f} ms"
    of = "Of the files that are as accurate as the network within noise,"
    if for_many == for_one:
        return f"{of} {for_many} is the fastest on this machine: {rate}, {wait} for one."
    return (
        f"{of} {for_many} is the fastest for many pictures on this machine ({rate}), "
        f"{for_one} for one at a time ({wait})."
    )


def _is_as_good(row: Row) -> bool:
    """Whether it is there, knows outliers, and is as accurate within noise."""
    accurate = row.fidelity is None or row.fidelity.drop.low <= 0
    return not row.refusal and row.ood_score_difference is not None and accurate
