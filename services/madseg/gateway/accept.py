"""Takes pictures in.

Order of effects: both files, then the record on the stream, then the row, then the answer. Whatever a kill cuts off
was not acknowledged, and sending the same bytes again redoes all of it, since only the row says that an image is in.
A ban that was committed while an upload was under way is found with the row, and the upload takes itself back. Where
that fails, or anything before it, the ban is opened again, so that the chore which finishes bans removes what was left.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from madseg.core.errors import InvalidImage, InvalidInput, MadsegError, NotFound
from madseg.core.messages import ImageAccepted, ImageFacts, checked_image_id
from madseg.core.preprocess import Size, grid_id, image_id, in_random_lane, picture_keys
from madseg.core.times import moment
from madseg.events import IMAGE_ACCEPTED, IMAGE_FORGOTTEN, event
from madseg.gateway import store
from madseg.gateway.canonical import Canonical, canonical
from madseg.gateway.caps import Cap, Caps
from madseg.gateway.decode import LIMITS, Decoded, Limits, decode
from madseg.gateway.upload import Accepted, ImageUpload, checked, shown
from madseg.observing.uploading import uploading
from madseg.ports import Blobs, Database, Stream
from madseg.wire import encode_image, images_topic

MAX_REQUEUED = 1000
"""Images of one request to publish once more."""


class Forgotten(InvalidImage):
    """An image that was forgotten for ever."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How images are taken in: grid, share of the random lane in [0, 1], limits, decoders at work at once, and how many
    of a source."""

    grid: Size
    random_lane: float = 0.02
    limits: Limits = LIMITS
    decoders: int = 4
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """Counts of what came in; `duplicates` and `refused` since the process started."""

    stored: store.Counts
    duplicates: int
    refused: int


class Intake:
    """Pictures in, files and records out. Thread-safe.

    `clock` gives microseconds since 1970; `prefix` begins the names of the topics.
    """

    def __init__(
        self, stream: Stream, database: Database, blobs: Blobs, policy: Policy, clock: Callable[[], int], prefix: str
    ) -> None:
        self._stream, self._database, self._blobs = stream, database, blobs
        self.policy, self._clock = policy, clock
        self._topic = images_topic(prefix, 1).name
        # Bounds memory: 100 megapixels take 400 MB while they are decoded, 1.2 GB with alpha.
        self._decoding = threading.BoundedSemaphore(policy.decoders)
        self.caps = Caps(policy.caps, database, clock)
        self._counting = threading.Lock()
        self._duplicates = self._refused = 0
        self._settled = 0
        """A sequence number that no image comes to light below."""

    def upload(self, upload: ImageUpload) -> Accepted:
        """Takes one picture in; when it returns nothing can lose it.

        Raises:
            InvalidImage: it can't be taken in, or was forgotten; the message names the cause and the fix.
            InvalidInput: a field outside its bounds.
            TooMany: the source has had as many images as it may bring in for now; the message says when it may again.
            Unavailable: nothing was acknowledged; the same upload may succeed later.
        """
        try:
            with uploading(len(upload.content)) as seen:
                accepted = self._upload(checked(upload))
                seen.acknowledged(accepted.image_id, duplicate=accepted.duplicate)
            return accepted
        except InvalidInput:
            with self._counting:
                self._refused += 1
            raise

    def find(self, image: str) -> store.StoredImage:
        """Raises NotFound for an image that was never accepted or is forgotten."""
        with self._database.snapshot() as tx:
            found = store.find_images(tx, [checked_image_id(image)])
        if image not in found:
            raise NotFound(f"no image {image}: it was never accepted, or it is forgotten")
        return found[image]

    def picture(self, image: str, *, original: bool) -> tuple[bytes, str]:
        """The file of an image and its media type. Raises NotFound."""
        stored = self.find(image)
        if original:
            return self._blobs.get(stored.accepted.original_uri), stored.media_type
        return self._blobs.get(stored.accepted.canonical_uri), "image/png"

    def page(self, after: int, limit: int, *, random_lane: bool = False) -> list[tuple[int, str]]:
        """(sequence, id) of at most `limit` images after a sequence number, in order of acceptance; with `random_lane`
        of that alone.

        Numbers are given out before they are committed, so an image may come to light behind one with a larger number.
        A page therefore ends where nothing is under way any more.
        """
        found = self._settled_page(after, limit, random_lane=random_lane)
        if len(found) < limit:
            with self._database.write() as tx:  # whose turn comes when all that was under way has ended
                settled = store.last_sequence(tx)
            self._settled = max(self._settled, settled)
            found = self._settled_page(after, limit, random_lane=random_lane)
        return found

    def _settled_page(self, after: int, limit: int, *, random_lane: bool) -> list[tuple[int, str]]:
        with self._database.snapshot() as tx:
            return store.list_images(tx, after, self._settled, limit, random_lane=random_lane)

    def requeue(self, images: Sequence[str]) -> tuple[int, list[str]]:
        """Publishes images once more: (how many, ids that were never accepted or are forgotten).

        Raises:
            InvalidInput: more than 1000 ids, or one that is none.
        """
        if len(images) > MAX_REQUEUED:
            raise InvalidInput(f"at most {MAX_REQUEUED} images are requeued at once, got {len(images)}")
        wanted = list(dict.fromkeys(checked_image_id(image) for image in images))
        with self._database.snapshot() as tx:
            found = store.find_images(tx, wanted)
        self._publish([stored.accepted for stored in found.values()])
        with self._database.snapshot() as tx:
            gone = found.keys() - store.find_images(tx, list(found)).keys()
        self._bury(sorted(gone))
        return len(found) - len(gone), [image for image in wanted if image not in found or image in gone]

    def status(self) -> Status:
        """Counts of what came in."""
        with self._database.snapshot() as tx:
            stored = store.counts(tx)
        with self._counting:
            return Status(stored, self._duplicates, self._refused)

    def random_lane(self) -> int:
        """How many images the random lane has."""
        with self._database.snapshot() as tx:
            return store.count_random_lane(tx)

    def check(self) -> None:
        """Raises Unavailable where the database or the stream does not answer."""
        with self._database.snapshot() as tx:
            store.banned(tx, [])
        self._stream.end_offsets(self._topic)

    def _upload(self, upload: ImageUpload) -> Accepted:
        sha256 = hashlib.sha256(upload.content).digest()
        image = image_id(sha256)
        with self._database.snapshot() as tx:
            if store.banned(tx, [image]):
                raise _forgotten(image)
            known = store.find_images(tx, [image]).get(image)
            if known is None:
                self.caps.check(tx, upload.source)
        if known:
            return self._duplicate(known.accepted.image)
        with self.caps.place(upload.source, image) as place:
            picture = self._decoded(upload)
            with self._reopening(image):
                stored = self._stored(upload, sha256, picture)
                self._publish([stored.accepted])
                with self._database.write(beside=True) as tx:  # a ban waits for it, and is found by what comes after
                    gone = store.reopen_ban(tx, image)
                    new = not gone and store.add_image(tx, stored)
            place.used = new
        if gone:
            self._take_back(stored.accepted)
            raise _forgotten(image)
        if not new:
            return self._duplicate(stored.accepted.image)
        return Accepted(image, False, stored.accepted.image.random_lane)

    @contextmanager
    def _reopening(self, image: str) -> Iterator[None]:
        """Where anything fails once files may have been stored, a ban that came meanwhile is carried out once more."""
        done = False
        try:
            yield
            done = True
        finally:
            if not done:
                with suppress(MadsegError), self._database.write(beside=True) as tx:  # away too: the chore does it
                    store.reopen_ban(tx, image)

    def _decoded(self, upload: ImageUpload) -> tuple[Size, str, Canonical]:
        """The picture: its size, its media type, and what models see."""
        with self._decoding:
            decoded: Decoded = decode(upload.content, self.policy.limits)
            return decoded.size, decoded.media_type, canonical(decoded.picture, self.policy.grid)

    def _stored(self, upload: ImageUpload, sha256: bytes, decoded: tuple[Size, str, Canonical]) -> store.StoredImage:
        """Stores both files."""
        size, media_type, picture = decoded
        image, now = image_id(sha256), moment(self._clock())
        original_key, canonical_key = picture_keys(image)
        facts = ImageFacts(
            image_id=image,
            perceptual_hash=picture.perceptual_hash,
            source=upload.source,
            captured_at=upload.captured_at or now,
            tags=dict(upload.tags),
            random_lane=in_random_lane(image, self.policy.random_lane),
            accepted_at=now,
        )
        accepted = ImageAccepted(
            image=facts,
            sha256=sha256,
            original_uri=self._blobs.put(original_key, upload.content, media_type),
            canonical_uri=self._blobs.put(canonical_key, picture.png, "image/png"),
            original_size=size,
            crop=picture.crop,
            grid_id=grid_id(self.policy.grid),
        )
        return store.StoredImage(accepted, media_type, shown(upload.name, ""))

    def _duplicate(self, facts: ImageFacts) -> Accepted:
        with self._counting:
            self._duplicates += 1
        return Accepted(facts.image_id, True, facts.random_lane)

    def _publish(self, images: Sequence[ImageAccepted]) -> None:
        if images:
            self._stream.publish(
                [event(IMAGE_ACCEPTED, self._topic, item.image.image_id, encode_image(item)) for item in images]
            )

    def _bury(self, images: Sequence[str]) -> None:
        if images:
            self._stream.publish([event(IMAGE_FORGOTTEN, self._topic, image, None) for image in images])

    def _take_back(self, accepted: ImageAccepted) -> None:
        """Undoes an upload that a ban overtook."""
        self._bury([accepted.image.image_id])
        self._blobs.delete(accepted.original_uri)
        self._blobs.delete(accepted.canonical_uri)


def _forgotten(image: str) -> Forgotten:
    return Forgotten(f"image {image} was forgotten for ever and can't be taken in again")
