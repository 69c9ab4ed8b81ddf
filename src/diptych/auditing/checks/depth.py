"""What an audit says of pictures of more than 8 bits, and of more bands than colours."""

from collections.abc import Iterator, Mapping

from diptych.auditing.report import Finding
from diptych.images.decoding import Picture
from diptych.images.depth import usual


def unclear_depth(pictures: Mapping[str, Picture], bits: int) -> Iterator[Finding]:
    """The brightest picture, where others by themselves would be taken for ones of fewer bits.

    `bits` is the depth at which all are decoded.
    """
    deep = {name: picture.bits for name, picture in pictures.items() if picture.bits}
    if not deep:
        return
    brightest, darkest = max(deep, key=deep.__getitem__), min(deep, key=deep.__getitem__)
    if usual(deep[darkest]) < usual(deep[brightest]):
        detail = (
            f"its brightest level needs {bits} bits, that of others {deep[darkest]}; "
            f"{2**bits - 1:,} is white in all {len(deep):,} pictures of more than 8 bits"
        )
        yield Finding(brightest, "unclear depth", detail, False, darkest)


def extra_bands(pictures: Mapping[str, Picture]) -> Iterator[Finding]:
    """The first picture with bands beside its colours, such as infrared, which are not used."""
    wide = {name: picture.extra_bands for name, picture in pictures.items() if picture.extra_bands}
    for name, count in list(wide.items())[:1]:
        bands = "one band" if count == 1 else f"{count} bands"
        detail = f"{bands} beside its colours is left out; so in {len(wide):,} pictures"
        yield Finding(name, "extra bands", detail, False)
