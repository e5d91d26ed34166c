"""Forgets an image everywhere and for ever.

The ban comes first: from its commit on, no upload, import or selector transaction lets the image in. All that follows
may be repeated, and is, until every part has answered: a ban is finished last.
"""

from collections.abc import Callable
from dataclasses import dataclass

from madseg.core.errors import InvalidInput, MadsegError, Unavailable
from madseg.core.messages import checked_image_id
from madseg.core.preprocess import picture_keys
from madseg.events import IMAGE_FORGOTTEN, event
from madseg.gateway import store
from madseg.gateway.upload import checked_text
from madseg.ports import Blobs, Database, Stream
from madseg.wire import dead_topic, images_topic, predictions_topic, requests_topic

MAX_REASON = 1000
"""Characters of the reason that the audit keeps."""

REOPENED_MICROS = 7 * 24 * 3600 * 1_000_000
"""How far back bans are carried out once more at a start: longer than a process stays down."""

LATELY_MICROS = 3600 * 1_000_000
"""How far back bans are opened again while it runs: longer than an upload is under way."""

AT_ONCE = 100
"""Unfinished bans that one pass goes through."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is gone now, what retention removes later, what stays; one sentence each."""

    gone: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


Part = Callable[[str, str], Receipt]
"""Makes another service forget an image, for a reason, and returns its receipt; raises Unavailable where it is away."""


def together(*parts: Part) -> Part:
    """Several services as one part, asked one after the other."""

    def forget(image: str, reason: str) -> Receipt:
        said = [part(image, reason) for part in parts]
        return Receipt(
            tuple(line for item in said for line in item.gone),
            tuple(line for item in said for line in item.later),
            tuple(line for item in said for line in item.stays),
        )

    return forget


class Forgetting:
    """Forgets images. Thread-safe.

    `elsewhere` is the part of the other services. `clock` gives microseconds since 1970.
    """

    def __init__(
        self,
        stream: Stream,
        database: Database,
        blobs: Blobs,
        elsewhere: Part,
        clock: Callable[[], int],
        prefix: str,
    ) -> None:
        self._stream, self._database, self._blobs, self._elsewhere = stream, database, blobs, elsewhere
        self._clock = clock
        self._images, predictions = images_topic(prefix, 1), predictions_topic(prefix, 1)
        requests = requests_topic(prefix, 1)
        dead = [dead_topic(topic.name).name for topic in (self._images, predictions, requests)]
        self._later = (
            f"records on {self._images.name}: when the topic is next compacted",
            f"label maps on {predictions.name}: within {predictions.retention_hours} hours",
            f"requests for predictions on {requests.name}: within {requests.retention_hours} hours",
            f"records set aside on {dead[0]}, {dead[1]} and {dead[2]}: within 30 days",
        )

    def forget(self, image: str, reason: str) -> Receipt:
        """Forgets an image, accepted or not; doing it again completes what a kill left and repeats the receipt.

        Raises:
            InvalidInput: no image id; no reason, or one that is too long.
            Unavailable: the ban holds, the rest is made up for later by itself or by the same call.
        """
        checked_image_id(image)
        if not reason.strip():
            raise InvalidInput("a reason is required: it is kept for the audit", field="reason")
        checked_text("reason", reason.replace("\n", " "), MAX_REASON)
        with self._database.write() as tx:
            store.ban(tx, image, reason, self._clock())
        return self._carry_out(image, reason)

    def reopen(self, back: int = REOPENED_MICROS) -> None:
        """Has the bans of the last so many microseconds carried out once more, for uploads that a kill or a server that
        was away cut off after the ban overtook them."""
        with self._database.write() as tx:
            store.reopen_bans(tx, self._clock() - back)

    def finish(self) -> int:
        """Carries out what a kill or a missing part left undone; returns how many images that were.

        One that is refused keeps none behind it from their turn; a part that is away is asked no further.

        Raises:
            Unavailable: a part is still missing.
            MadsegError: a part refuses; of several failures the first.
        """
        with self._database.snapshot() as tx:
            open_bans = store.unfinished_bans(tx, AT_ONCE)
        failures: list[MadsegError] = []
        for image, reason in open_bans:
            try:
                self._carry_out(image, reason)
            except MadsegError as error:
                failures.append(error)
                if isinstance(error, Unavailable):
                    break
        if failures:
            raise failures[0]
        return len(open_bans)

    def _carry_out(self, image: str, reason: str) -> Receipt:
        self._stream.publish([event(IMAGE_FORGOTTEN, self._images.name, image, None)])
        with self._database.snapshot() as tx:
            uris = store.image_uris(tx, image)
        # Without a row there may be files of an upload that was cut off.
        for uri in uris or map(self._blobs.uri, picture_keys(image)):
            self._blobs.delete(uri)
        with self._database.write() as tx:
            store.remove_image(tx, image)
        theirs = self._elsewhere(image, reason)
        with self._database.write() as tx:
            store.finish_ban(tx, image)
        return Receipt(
            gone=("the original and the canonical picture", "the gateway's record of the image", *theirs.gone),
            later=(*self._later, *theirs.later),
            stays=(
                "the ban itself: the id, the reason and the time, so that the image never comes back",
                *theirs.stays,
                "weights of models that were trained on the image",
            ),
        )
