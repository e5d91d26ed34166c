"""Adapters of the file store."""

from madseg.adapters.locations import folder, make_folder, scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Blobs


def open_blobs(url: str) -> Blobs:
    """The store at a URL.

    `file:state/blobs`, `file:///srv/blobs`, `memory:`, which forgets all at its close, or an object store's as in
    `madseg.adapters.blobs.stores`: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.

    Raises:
        InvalidInput: a URL of no known kind, or credentials that aren't right.
        NotFound: there is no such bucket.
        Unavailable: the folder can't be made, the store doesn't answer.
    """
    from obstore.store import MemoryStore

    from madseg.adapters.blobs.files import FolderBlobs
    from madseg.adapters.blobs.objects import ObjectBlobs
    from madseg.adapters.blobs.stores import open_store

    match scheme(url):
        case "file":
            place = folder(url, "file")
            make_folder(place)
            return FolderBlobs(place)
        case "memory":
            return ObjectBlobs(MemoryStore(), "memory")
        case "s3" | "gs" | "az":
            remote = open_store(url)
            return ObjectBlobs(remote.store, remote.name)
        case other:
            raise InvalidInput(
                f"no file store is known by {other!r}: use file:state/blobs, memory:, s3://bucket/prefix, "
                f"gs://bucket/prefix or az://container/prefix, got {url!r}"
            )
