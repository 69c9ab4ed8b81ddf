"""Pictures made ready to train on: each decoded into the cache, once."""

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.images.decoding import decode_files
from diptych.images.store import Store
from diptych.system.progress import Track


def with_pixels(dataset: Dataset, store: Store, track: Track) -> Dataset:
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
