"""Pictures made ready to train on: each decoded into the cache, once, all at one depth."""

from collections.abc import Iterable
from dataclasses import replace

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.images.decoding import PixelStore, decode_files, pixel_store, stored_pictures
from diptych.images.depth import common_bits
from diptych.system.progress import Track


def at_one_depth(
    parts: Iterable[Dataset], size: int, bits: int, track: Track
) -> tuple[list[Dataset], PixelStore]:
    """The parts with every picture in the cache, decoded at the greatest depth among them.

    That is at least `bits`. Of parts that know none, it is found here, as an audit would. Raises
    InputError as `with_pixels` does.
    """
    parts = list(parts)
    shape = parts[0].shape_at(size)
    bits = max(bits, *(part.bits for part in parts))
    store = pixel_store(shape, bits)
    parts = [with_pixels(part, store, track) for part in parts]
    # What comes in a table has 8 bits, and is much to look through.
    if not bits and not parts[0].shape and (bits := common_bits(_own_bits(parts, store))):
        store = pixel_store(shape, bits)
        parts = [with_pixels(part, store, track) for part in parts]
    return [replace(part, bits=bits) for part in parts], store


def with_pixels(dataset: Dataset, store: PixelStore, track: Track) -> Dataset:
    """The data set with every picture in the cache; raises InputError for one that cannot be."""
    if all(store.has_row(sample.digest) for sample in dataset.samples):
        return dataset
    if dataset.shape:
        raise InputError(f"{dataset.root}: the cache was cleared since it was read; read it again")
    pictures = decode_files((sample.path for sample in dataset.samples), store)
    samples = []
    for sample, picture in zip(
        dataset.samples, track(pictures, "reading pictures", len(dataset)), strict=True
    ):
        if picture.reason:
            raise InputError(
                f"{sample.path}: {picture.reason} ({picture.detail}); "
                "leave such files out with clean(data, audit(data))"
            )
        samples.append(sample._replace(digest=picture.digest))
    return dataset.with_samples(samples)


def _own_bits(parts: Iterable[Dataset], store: PixelStore) -> Iterable[int]:
    """How many bits each picture needs, as the store has noted."""
    return (picture.bits for part in parts for picture in stored_pictures(part.samples, store))
