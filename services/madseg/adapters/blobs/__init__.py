"""Adapters of the file store."""

from madseg.adapters.locations import folder, make_folder, scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Blobs


def open_blobs(url: str) -> Blobs:
    """The store at a URL: `file:state/blobs`, `file:///srv/blobs`, or `memory:`, which forgets all at its close.

    Raises:
        InvalidInput: a URL of no known kind.
        Unavailable: the folder can't be made.
    """
    from obstore.store import LocalStore, MemoryStore

    from madseg.adapters.blobs.objects import ObjectBlobs

    match scheme(url):
        case "file":
            place = folder(url, "file")
            make_folder(place)
            return ObjectBlobs(LocalStore(place), str(place))
        case "memory":
            return ObjectBlobs(MemoryStore(), "memory")
        case other:
            raise InvalidInput(f"no file store is known by {other!r}: use file:state/blobs or memory:, got {url!r}")
