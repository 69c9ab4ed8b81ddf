"""Pictures at an address that somebody names to have them predicted: s3://bucket/new."""

from collections.abc import Sequence

from diptych.data.places import Address, Member, Place
from diptych.errors import ImageError, InputError
from diptych.sources.stores import is_store, pictures_in
from diptych.sources.trees.archive_tree import is_named_table
from diptych.sources.trees.shown import shown

Named = Sequence[tuple[str, Place | ImageError]]


def pictures_at(address: Address) -> Named:
    """Every file below an address, or in the archive that is there, but hidden ones, by its name.

    Where it cannot be reached, or there is nothing to answer for, the address has the reason.
    """
    try:
        return _pictures_at(address)
    except InputError as error:
        why = str(error).removeprefix(f"{address}: ").removeprefix("cannot be read: ")
        return [(str(address), ImageError("unreadable", why))]


def _pictures_at(address: Address) -> Named:
    from diptych.sources.trees.addresses import at_address, local_copy

    place = at_address(address)
    if not isinstance(place, Member):
        names = shown(place.names)
        if not names:
            raise InputError(f"{address}: there is no file")
        return [(str(member := place.place(name)), member) for name in names]
    if is_store(place.name):
        inside = pictures_in(local_copy(place, address))
        if inside is None:
            raise InputError(f"{address}: an archive of tables; download it, and give the file")
        return [(f"{address}/{member.within}", member) for member in inside]
    if is_named_table(place.name):
        raise InputError(f"{address}: a table at an address; download it, and give the file")
    return [(str(address), place)]
