"""`madseg labels` against canned services: images of 2 x 4 pixels of which the models see the middle two columns."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from madseg.core.label_map import decode, encode, from_dense
from madseg.core.taxonomy import taxonomy_of
from madseg.exchange import NamedMask
from madseg.rpc import Server, Service
from madseg.v1 import intake_pb2, intake_pb2_grpc, masks_pb2, masks_pb2_grpc, selector_pb2_grpc, types_pb2
from madseg.v1.masks_pb2_grpc import MasksServiceServicer
from tests.builders import label_map
from tests.cli.terminal import Terminal
from tests.client.canned import CannedIntake, image_id
from tests.client.canned_selector import CLASSES, CannedSelector
from tests.exchange.building import read, write

TAXONOMY = taxonomy_of("served", CLASSES)


class SmallImages(CannedIntake):
    """Image n is called `deep/n.jpg`; the last two have one name."""

    def GetImage(self, request, context):  # type: ignore[no-untyped-def]
        self._require(request.image_id)
        number = min(int(request.image_id, 16), self.known - 1)
        return intake_pb2.GetImageResponse(
            image_id=request.image_id,
            name=f"deep/{number}.jpg",
            original_size=types_pb2.Size(height=2, width=4),
            crop=types_pb2.Box(left=1, top=0, width=2, height=2),
        )


@dataclass
class CannedMasks(MasksServiceServicer):
    """Takes masks of all images but the third, and gives out those of the first three."""

    taken: list[masks_pb2.ImportMasksRequest] = field(default_factory=list)
    asked: list[masks_pb2.ExportMasksRequest] = field(default_factory=list)
    twice: bool = False
    """Whether each image has two masks."""
    breaks_after: int = 9
    """How many masks are given out before the service fails."""
    has_tokens: bool = True
    """Whether masks come with a token to go on with."""

    async def ImportMasks(self, request_iterator, context) -> AsyncIterator[masks_pb2.ImportMasksResponse]:  # type: ignore[no-untyped-def]
        async for request in request_iterator:
            self.taken.append(request)
            third = request.image_id == image_id(3)
            yield masks_pb2.ImportMasksResponse(
                image_id=request.image_id, revision=0 if third else 1, problem="it is accepted" if third else ""
            )

    async def ExportMasks(self, request, context) -> AsyncIterator[masks_pb2.ExportMasksResponse]:  # type: ignore[no-untyped-def]
        self.asked.append(request)
        each = 1 + self.twice
        begin = int(request.resume_token or int(request.after_image_id or "0", 16) * each)
        for place in range(begin, 3 * each):
            if place >= self.breaks_after:
                raise RuntimeError("broken on purpose")
            yield masks_pb2.ExportMasksResponse(
                image_id=image_id(place // each + 1),
                purpose=masks_pb2.MASK_PURPOSE_TEST,
                label_map=encode(label_map("x.cx/x..x")),
                revision=1,
                resume_token=str(place + 1) if self.has_tokens else "",
            )


@pytest.fixture
def masks() -> CannedMasks:
    """The service of masks."""
    return CannedMasks()  # type: ignore[abstract]  # the other calls are not made


@pytest.fixture
def madseg(masks: CannedMasks, utc: None) -> Iterator[Terminal]:
    """Runs commands against the canned services."""
    services = [
        Service("madseg.v1.IntakeService", SmallImages(), intake_pb2_grpc.add_IntakeServiceServicer_to_server),
        Service("madseg.v1.SelectorService", CannedSelector(), selector_pb2_grpc.add_SelectorServiceServicer_to_server),
        Service("madseg.v1.MasksService", masks, masks_pb2_grpc.add_MasksServiceServicer_to_server),
    ]
    server = Server(services, "127.0.0.1:0")
    server.start()
    address = f"127.0.0.1:{server.port}"
    yield Terminal(dict.fromkeys(("MADSEG_INTAKE", "MADSEG_SELECTOR", "MADSEG_LABELLING"), address))
    server.stop()


def voc(folder: Path, **texts: str) -> Path:
    """A VOC folder of masks by name."""
    write("voc", folder, [NamedMask(name, label_map(text)) for name, text in texts.items()], TAXONOMY)
    return folder


def test_masks_come_in_by_id(madseg: Terminal, masks: CannedMasks, tmp_path: Path) -> None:
    """Void outside the part that the models see, under the name of who drew them."""
    answer = madseg("labels", "import", "voc", voc(tmp_path, **{image_id(1): "ccdd/...."}), "--annotator", "ada")
    assert (answer.code, answer.out) == (0, "Masks: 1 taken in; 0 refused.")
    assert [(item.image_id, item.annotator) for item in masks.taken] == [(image_id(1), "ada")]
    assert decode(masks.taken[0].label_map) == label_map("xcdx/x..x")


def test_refused_masks_stand_in_a_table(madseg: Terminal, tmp_path: Path) -> None:
    """Those that can't be read, that have no image or its size, and those that the service refuses; the code is 3."""
    place = voc(tmp_path, **{image_id(1): "....", image_id(3): "..../....", "other": "c", "e" * 32: "c"})
    (place / "SegmentationClass" / "broken.png").write_bytes(b"no picture")
    answer = madseg("labels", "import", "voc", place)
    assert (answer.code, answer.out.splitlines()[0]) == (3, "Masks: 0 taken in; 5 refused.")
    told = " ".join(answer.out.split())
    for reason in ("it has 1x4 pixels", "it is accepted", "its name is no image id", "a mask must be a PNG"):
        assert reason in told
    assert all(len(line) <= 80 for line in answer.out.splitlines())


def test_masks_come_in_by_name(madseg: Terminal, masks: CannedMasks, tmp_path: Path) -> None:
    """With or without the image's folder; a name of two images is refused."""
    (tmp_path / "a").mkdir()
    place = voc(tmp_path, **{"deep/1": "..../....", "2": "..../....", "4": "..../....", "none": "..../...."})
    answer = madseg("labels", "import", "voc", place, "--by-name", "--json")
    assert [item.image_id for item in masks.taken] == [image_id(2), image_id(1)]
    found = {item["name"]: item.get("reason", item["outcome"]) for item in answer.lines}
    assert found == {
        "deep/1": "accepted",
        "2": "accepted",
        "4": "2 images have this name: name the mask by its image's id",
        "none": "no image has this name",
    }


def test_accepted_masks_go_out(madseg: Terminal, masks: CannedMasks, tmp_path: Path) -> None:
    """Of a campaign and for a purpose."""
    where = tmp_path / "masks.zip"
    answer = madseg("labels", "export", "cvat-mask", where, "--campaign", "c1", "--purpose", "test")
    assert (answer.code, answer.out) == (0, "Masks: 3 written; 0 refused.")
    assert (masks.asked[0].campaign_id, masks.asked[0].purpose) == ("c1", masks_pb2.MASK_PURPOSE_TEST)
    assert read("cvat-mask", where, TAXONOMY) == {image_id(n): label_map("x.cx/x..x") for n in (1, 2, 3)}
    assert [path.name for path in tmp_path.iterdir()] == ["masks.zip"]


@pytest.mark.parametrize(("form", "name"), [("coco", "masks.json"), ("voc", "masks")])
def test_an_export_that_was_cut_off_is_gone_on_with(
    madseg: Terminal, masks: CannedMasks, tmp_path: Path, form: str, name: str
) -> None:
    """After the last image that was written; another export to the same place is refused."""
    words = ("labels", "export", form, tmp_path / name)
    masks.breaks_after = 2
    assert madseg(*words).code == 1
    other = madseg(*words, "--campaign", "c1")
    assert (other.code, "was left unfinished by" in other.err) == (1, True)
    masks.breaks_after = 9
    answer = madseg(*words)
    assert (answer.code, answer.out) == (0, "Masks: 1 written; 0 refused.")
    assert f"Going on after image {image_id(2)}" in answer.err
    assert masks.asked[-1].after_image_id == image_id(2)
    assert sorted(read(form, tmp_path / name, TAXONOMY)) == [image_id(n) for n in (1, 2, 3)]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_export_goes_on_between_two_masks_of_an_image(madseg: Terminal, masks: CannedMasks, tmp_path: Path) -> None:
    """The second is told of, though the first came before the cut."""
    masks.twice, masks.breaks_after = True, 3
    assert madseg("labels", "export", "npy", tmp_path / "out").code == 1
    masks.breaks_after = 9
    answer = madseg("labels", "export", "npy", tmp_path / "out", "--json")
    assert (answer.code, masks.asked[-1].resume_token) == (3, "3")
    found = [(item["name"], item["outcome"]) for item in answer.lines]
    assert found == [(image_id(2), "refused"), (image_id(3), "written"), (image_id(3), "refused")]


def test_an_export_goes_on_by_image_where_a_service_has_no_tokens(
    madseg: Terminal, masks: CannedMasks, tmp_path: Path
) -> None:
    """As with services and marks of before."""
    masks.has_tokens, masks.breaks_after = False, 2
    assert madseg("labels", "export", "npy", tmp_path / "out").code == 1
    masks.breaks_after = 9
    assert madseg("labels", "export", "npy", tmp_path / "out").out == "Masks: 1 written; 0 refused."
    assert (masks.asked[-1].after_image_id, masks.asked[-1].resume_token) == (image_id(2), "")


def test_a_second_mask_of_an_image_replaces_none(madseg: Terminal, masks: CannedMasks, tmp_path: Path) -> None:
    """It is refused, and the way out is told."""
    masks.twice = True
    answer = madseg("labels", "export", "npy", tmp_path / "out")
    assert (answer.code, answer.out.splitlines()[0]) == (3, "Masks: 3 written; 3 refused.")
    assert "--campaign or --purpose" in " ".join(answer.out.split())


def test_an_export_replaces_no_file_unasked(madseg: Terminal, tmp_path: Path) -> None:
    """Nothing is left lying about, and with --overwrite it is replaced."""
    words = ("labels", "export", "coco", tmp_path / "masks.json")
    madseg(*words)
    answer = madseg(*words, "--campaign", "c1")
    assert (answer.code, "is there already" in answer.err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["masks.json"]
    assert madseg(*words, "--overwrite").code == 0


def test_masks_go_out_by_name(madseg: Terminal, tmp_path: Path) -> None:
    """As their images were called when they came in."""
    assert madseg("labels", "export", "npy", tmp_path / "out", "--by-name").code == 0
    assert sorted(read("npy", tmp_path / "out", TAXONOMY)) == ["deep/1", "deep/2", "deep/3"]


def test_formats_are_converted_without_a_service(tmp_path: Path, utc: None) -> None:
    """Masks that are there already are left as they are; the classes come from the taxonomy."""
    folder = tmp_path / "arrays"
    folder.mkdir()
    np.save(folder / "a.npy", np.array([[0, 8, -1]]))
    words = ("labels", "convert", "npy", folder, "voc", tmp_path / "voc")
    assert Terminal()(*words).out == "Masks: 1 written; 0 refused."
    np.save(folder / "b.npy", np.array([[77]], np.int64))
    answer = Terminal()(*words)
    assert (answer.code, answer.out.splitlines()[0]) == (3, "Masks: 0 written, 1 there already; 1 refused.")
    assert Terminal()(*words, "--map", "77=cat").out == "Masks: 1 written, 1 there already; 0 refused."
    expected = {"a": from_dense(np.array([[0, 8, 255]], np.uint8)), "b": from_dense(np.array([[8]], np.uint8))}
    assert read("voc", tmp_path / "voc", taxonomy_of("many", map(str, range(21)))) == expected


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--overlaps", "above"), "refuse or later or smaller or z-order"),
        (("--gaps", "none"), "background or void"),
        (("--unknown", "any"), "refuse or void"),
        (("--map", "cat"), "THEIRS=OURS"),
    ],
)
def test_a_choice_that_is_none_is_wrong_usage(tmp_path: Path, utc: None, words: tuple[str, ...], problem: str) -> None:
    """The error says which there are."""
    answer = Terminal()("labels", "convert", "npy", tmp_path, "voc", tmp_path / "out", *words)
    assert (answer.code, problem in answer.err) == (2, True)


def test_a_format_that_is_none_is_an_error(tmp_path: Path, utc: None) -> None:
    """Nothing is written."""
    answer = Terminal()("labels", "convert", "yolo", tmp_path, "voc", tmp_path / "out")
    assert (answer.code, "got 'yolo'" in answer.err) == (1, True)
    assert not list(tmp_path.iterdir())
