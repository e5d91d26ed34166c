"""Taking images in, and forgetting them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from madseg.client.connection import Connection, seconds
from madseg.client.decode.fill import fill
from madseg.client.decode.images import (
    from_imported,
    from_upload,
    import_outcome,
    to_accepted,
    to_image,
    to_intake_status,
    to_receipt,
    upload_outcome,
)
from madseg.client.errors import InvalidArgument
from madseg.client.pages import Answers, over_pages
from madseg.client.values.images import (
    Accepted,
    Image,
    ImportedMaps,
    IntakeStatus,
    Picture,
    PictureKind,
    Receipt,
    Refused,
    Requeued,
    Upload,
)
from madseg.client.windowed import WINDOW, Window, exchange
from madseg.v1 import intake_pb2
from madseg.v1.intake_pb2_grpc import IntakeServiceStub

_KINDS = {
    PictureKind.CANONICAL: intake_pb2.PICTURE_KIND_CANONICAL,
    PictureKind.ORIGINAL: intake_pb2.PICTURE_KIND_ORIGINAL,
}


class IntakeCalls:
    """The calls of IntakeService."""

    _intake: Connection

    def upload(
        self,
        content: bytes,
        *,
        name: str = "",
        source: str = "",
        captured_at: datetime | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Accepted:
        """Takes one picture in: the file's bytes as they are. The same bytes again are the same image.

        Raises:
            InvalidArgument: it can't be taken in; the message says why.
        """
        upload = Upload(content, name, source, captured_at, tags or {})
        request = fill(intake_pb2.UploadImageRequest, image=from_upload(upload))
        return to_accepted(self._intake.call(self._intake_stub().UploadImage, request), name)

    def upload_many(
        self, uploads: Iterable[Upload], *, window: int = WINDOW, timeout: float | None = None
    ) -> Iterator[Accepted | Refused]:
        """Takes pictures in and yields one result for each, in order; a refusal does not end the call.

        `uploads` is drawn from lazily, in another thread, at most `window` ahead of the results that were taken.
        An error that `uploads` raises comes out after the results of those before it. Without `timeout` there is no
        deadline. After Unavailable the same pictures can be sent again: those that were in are duplicates.

        Raises:
            InvalidArgument: `window` is below 1, or `timeout` not above 0. What a picture has wrong is a refusal.
        """
        deadline = seconds(timeout)

        def request(item: Upload) -> intake_pb2.UploadImagesRequest:
            return fill(intake_pb2.UploadImagesRequest, image=from_upload(item))

        def start(sent: Iterator[intake_pb2.UploadImagesRequest]) -> Answers[intake_pb2.UploadImagesResponse]:
            return self._intake_stub().UploadImages(sent, timeout=deadline)

        return exchange(Window(uploads, request, _refused, window), start, upload_outcome, self._intake)

    def import_predictions(
        self, items: Iterable[ImportedMaps], *, window: int = WINDOW, timeout: float | None = None
    ) -> Iterator[Accepted | Refused]:
        """Takes in label maps that were predicted elsewhere, for models registered as imported; as `upload_many`."""
        deadline = seconds(timeout)

        def start(sent: Iterator[intake_pb2.ImportPredictionsRequest]) -> Answers[intake_pb2.ImportPredictionsResponse]:
            return self._intake_stub().ImportPredictions(sent, timeout=deadline)

        return exchange(Window(items, from_imported, _refused, window), start, import_outcome, self._intake)

    def image(self, image_id: str) -> Image:
        """What is known of an image.

        Raises:
            NotFound: it was never accepted, or is forgotten.
        """
        request = fill(intake_pb2.GetImageRequest, image_id=image_id)
        return to_image(self._intake.call(self._intake_stub().GetImage, request))

    def picture(self, image_id: str, kind: str | PictureKind = PictureKind.CANONICAL) -> Picture:
        """The picture of an image: "canonical" is a PNG on the canonical grid, "original" the bytes as they came in.

        Raises:
            NotFound: it was never accepted, is forgotten, or was imported without a picture.
        """
        if kind not in list(PictureKind):
            raise InvalidArgument(f"kind must be {' or '.join(PictureKind)}, got {kind!r}", field="kind")
        request = fill(intake_pb2.GetPictureRequest, image_id=image_id, kind=_KINDS[PictureKind(kind)])
        answer = self._intake.call(self._intake_stub().GetPicture, request)
        return Picture(answer.content, answer.media_type)

    def images(self, *, page_size: int = 1000, random_lane: bool = False) -> Iterator[str]:
        """Ids of all accepted images in order of acceptance, a page at a time; with `random_lane` of that alone."""

        def fetch(token: str) -> tuple[Sequence[str], str]:
            request = fill(intake_pb2.ListImagesRequest, page_size=page_size, page_token=token, random_lane=random_lane)
            answer = self._intake.call(self._intake_stub().ListImages, request)
            return answer.image_ids, answer.next_page_token

        return over_pages(fetch)

    def requeue(self, image_ids: Iterable[str]) -> Requeued:
        """Publishes accepted images once more, so that what is missing is predicted. At most 1000 ids."""
        request = fill(intake_pb2.RequeueImagesRequest, image_ids=image_ids)
        answer = self._intake.call(self._intake_stub().RequeueImages, request)
        return Requeued(answer.requeued, tuple(answer.unknown))

    def intake_status(self) -> IntakeStatus:
        """Counts of what came in."""
        request = intake_pb2.GetIntakeStatusRequest()
        return to_intake_status(self._intake.call(self._intake_stub().GetIntakeStatus, request))

    def forget(self, image_id: str, reason: str) -> Receipt:
        """Forgets an image everywhere and for ever, whether or not it was ever accepted. Can't be taken back."""
        request = fill(intake_pb2.ForgetImageRequest, image_id=image_id, reason=reason)
        answer = self._intake.call(self._intake_stub().ForgetImage, request)
        return to_receipt(image_id, answer.gone, answer.later, answer.stays)

    def _intake_stub(self) -> IntakeServiceStub:
        return self._intake.stub(IntakeServiceStub)


def _refused(item: Upload | ImportedMaps, error: InvalidArgument) -> Refused:
    return Refused(item.name, str(error))
