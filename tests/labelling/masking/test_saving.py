"""What may be saved, and that it stays."""

import threading

import grpc
import numpy as np
import pytest

from madseg.client import AlreadyExists, Forbidden, InvalidArgument, NotReady, Stale
from madseg.client.values.masks import MaskTask
from madseg.core.label_map import LabelMap, encode, from_dense
from madseg.core.masks import to_original
from madseg.core.preprocess import Box, Size, centre_crop
from madseg.v1 import masks_pb2
from madseg.v1.masks_pb2_grpc import MasksServiceStub
from tests.labelling.masking.studio import Studio, add_lane, mask


@pytest.fixture
def task(studio: Studio) -> MaskTask:
    """One that `ann` draws."""
    studio.otto.create_mask_tasks(double_share=0)
    found = studio.person("ann").take_mask_task()
    assert found is not None
    return found


def test_a_save_follows_the_last_revision(studio: Studio, task: MaskTask) -> None:
    """A stale one is refused and loses nothing; the same key answers with the same revision."""
    ann = studio.person("ann")
    assert ann.save_mask(task.id, mask(1), 0, idempotency_key="a") == 1
    assert ann.save_mask(task.id, mask(1), 0, idempotency_key="a") == 1
    assert ann.save_mask(task.id, mask(2), 1, idempotency_key="b") == 2
    assert ann.save_mask(task.id, mask(1), 0, idempotency_key="a") == 1
    for label, after in ((3, 0), (1, 1), (3, 2)):
        with pytest.raises(AlreadyExists, match="'a' came with other arguments before, and made revision 1"):
            ann.save_mask(task.id, mask(label), after, idempotency_key="a")
    for follows in (0, 1, 3):
        with pytest.raises(Stale, match=f"at revision 2, and this save follows {follows}"):
            ann.save_mask(task.id, mask(3), follows)
    assert ann.mask_task(task.id).revision == 2
    assert ann.save_mask(task.id, mask(1), 2) == 3


def test_of_saves_at_once_one_wins(studio: Studio, task: MaskTask) -> None:
    """Eight windows of the same person save after the same revision."""
    ann, won, lost = studio.person("ann"), list[int](), list[Exception]()

    def save(label: int) -> None:
        try:
            won.append(ann.save_mask(task.id, mask(label), 0))
        except NotReady as error:
            lost.append(error)

    threads = [threading.Thread(target=save, args=(label,)) for label in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (won, len(lost)) == ([1], 7)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (mask(1, size=Size(20, 16), crop=Box(0, 2, 16, 16)), "picture's size 16x20, got 20x16"),
        (mask(21), r"labels must be 0\.\.20"),
        (mask(254), r"labels must be 0\.\.20"),
        (mask(1, crop=Box(0, 0, 20, 16)), r"outside the crop 16x16 at row 0, column 2 .*row 0, column 0"),
        (b"", "no bytes"),
        (b"\x01", "broken"),
        (mask(1)[:-1], "broken"),
        (mask(1) + b"\x05\x01", "broken"),
        (b"\x02" + mask(1)[1:], "format version"),
        (b"\x01\x81\x80\x01\x81\x80\x01\x00\x01", "too large"),
        (b"<svg onload=alert(1)>", "format version"),
        (bytes([1]) + b"\x00" * (16 << 20), "at most 16777216 bytes"),
    ],
)
def test_a_wrong_mask_is_refused(studio: Studio, task: MaskTask, data: bytes, problem: str) -> None:
    """Of another size, with an unknown class, with something outside the crop, or no label map at all."""
    ann = studio.person("ann")
    with pytest.raises(InvalidArgument, match=problem):
        ann.save_mask(task.id, data, 0)
    assert ann.mask_task(task.id).revision == 0


def test_a_mask_may_be_void_in_part(studio: Studio, task: MaskTask) -> None:
    """Void is a label that is always there, and so is every class."""
    ann = studio.person("ann")
    assert ann.save_mask(task.id, mask(255), 0) == 1
    assert ann.save_mask(task.id, mask(20), 1) == 2


def test_200_megabytes_are_refused(studio: Studio, task: MaskTask) -> None:
    """By the limit on messages, at the server and before that in the client; the service goes on."""
    ann = studio.person("ann")
    request = masks_pb2.SaveMaskRequest(task_id=task.id, label_map=bytes(200 << 20), follows=0)
    unbounded = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(studio.served.address, options=unbounded) as channel:
        token = (("authorization", f"Bearer {studio.served.token('ann')}"),)
        with pytest.raises(grpc.RpcError) as refused:
            MasksServiceStub(channel).SaveMask(request, metadata=token)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    with pytest.raises(InvalidArgument, match="a message is too large"):
        ann.save_mask(task.id, bytes(200 << 20), 0)
    assert ann.save_mask(task.id, mask(1), 0) == 1


def test_somebody_elses_task_is_refused(studio: Studio, task: MaskTask) -> None:
    """For whatever would change it; and one that was never taken."""
    ben, waiting = studio.person("ben"), next(iter(studio.otto.mask_tasks(state="waiting")))
    for wanted in (task, waiting):
        for call in (
            lambda found: ben.save_mask(found.id, mask(1), 0),
            lambda found: ben.submit_mask(found.id, 0),
            lambda found: ben.send_back_image(found.id, "mine"),
            lambda found: ben.return_mask_task(found.id),
        ):
            with pytest.raises(Forbidden):
                call(wanted)
    with pytest.raises(Forbidden, match="is ann's"):
        ben.take_mask_task(task.id)


@pytest.mark.parametrize("size", [Size(3000, 4000), Size(16384, 16384)])
def test_a_large_mask_is_saved(studio: Studio, size: Size) -> None:
    """Of twelve megapixels, and the largest there is."""
    crop = centre_crop(size, Size(513, 513))
    studio.otto.add_mask_tasks([add_lane(studio.around, 100, size, crop)], "random_lane")
    ann = studio.person("ann")
    task = ann.take_mask_task()
    assert task is not None
    begun = ann.mask_start(task.id)
    assert ann.save_mask(task.id, begun.label_map, 0) == 1
    drawn = encode(to_original(_checkers(), size, crop))
    assert ann.save_mask(task.id, drawn, 1) == 2
    assert ann.mask_revision(task.id).label_map == drawn
    with pytest.raises(InvalidArgument, match=f"picture's size {size}"):
        ann.save_mask(task.id, mask(1), 2)


def _checkers() -> LabelMap:
    """27 by 27 fields on the canonical grid."""
    fields = np.add.outer(7 * np.arange(27), 3 * np.arange(27)) % 21
    return from_dense(np.repeat(np.repeat(fields.astype(np.uint8), 19, 0), 19, 1))


def test_masks_are_what_was_drawn(studio: Studio, task: MaskTask) -> None:
    """Scripts in a name or a message are text."""
    ann = studio.person("ann")
    pixels = [[255] * 2 + [(row * column) % 21 for column in range(16)] + [255] * 2 for row in range(16)]
    drawn = encode(from_dense(np.array(pixels, np.uint8)))
    ann.save_mask(task.id, drawn, 0)
    assert ann.mask_revision(task.id).label_map == drawn
    assert ann.post_message(task.id, "<script>alert(1)</script>").text == "<script>alert(1)</script>"
