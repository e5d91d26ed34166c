"""How far back images go: those accepted earlier are removed everywhere, in small batches.

The selector first, so that nothing ranks whose picture is gone; then the files; then a tombstone on the stream; the row
last, since it says what is still to be done. Whatever a kill cuts off, the next call does again. Until its row is gone
an image is in: the same bytes are a duplicate of it, and from then on a new image.
"""

from collections.abc import Callable, Sequence

from madseg.events import IMAGE_FORGOTTEN, event
from madseg.gateway import store
from madseg.ports import Blobs, Database, Stream
from madseg.wire import images_topic

AT_ONCE = 50
"""Images of a batch. Their rows are locked while their files are deleted: a second where the store is far away."""

DAY_MICROS = 24 * 3600 * 1_000_000


class History:
    """Keeps images for `days`. Processes may do this side by side.

    `selector(image_ids, accepted_before)` removes images from the selector and raises Unavailable where it can't be
    reached. `clock` gives microseconds since 1970, as `accepted_before` is.
    """

    def __init__(
        self,
        stream: Stream,
        database: Database,
        blobs: Blobs,
        selector: Callable[[Sequence[str], int], None],
        clock: Callable[[], int],
        prefix: str,
        days: float,
    ) -> None:
        self._stream, self._database, self._blobs, self._selector = stream, database, blobs, selector
        self._clock, self._kept, self._topic = clock, round(days * DAY_MICROS), images_topic(prefix, 1).name

    def expire(self) -> int:
        """Removes the oldest images that are past their time; how many that were.

        Raises:
            Unavailable: a part is away; the next call goes on.
        """
        before = self._clock() - self._kept
        with self._database.snapshot() as tx:
            expired = store.older_images(tx, before, AT_ONCE)
        if not expired:
            return 0
        self._selector(expired, before)
        with self._database.write(beside=True) as tx:
            # One that another process removed meanwhile may be in again, as a new image: its files stay.
            there = store.lock_older_images(tx, expired, before)
            for uris in there.values():
                for uri in uris:
                    self._blobs.delete(uri)
            self._stream.publish([event(IMAGE_FORGOTTEN, self._topic, image, None) for image in there])
            return store.remove_older(tx, expired, list(there), before)
