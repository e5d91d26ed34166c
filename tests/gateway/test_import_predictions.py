"""Label maps predicted elsewhere become records like any other, or a refusal that says where they are wrong."""

import numpy as np
import pytest

from madseg.core.errors import InvalidInput, InvalidLabelMap, NotFound
from madseg.core.label_map import encode, from_dense
from madseg.core.messages import Prediction, VersionRef
from madseg.core.taxonomy import VOC
from madseg.gateway import store
from madseg.gateway.accept import Forgotten
from madseg.gateway.import_predictions import ImportPredictions
from madseg.gateway.upload import ImageUpload, ImportedMaps
from madseg.wire import decode_predictions
from tests.databases import KINDS
from tests.gateway.conftest import GRID, POLICY, Parts
from tests.gateway.pictures import noise

A, B = VersionRef("fcn", 1), VersionRef("pspnet", 1)
IMAGE = "ab" * 16


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The gateway's statements run on every kind of database."""
    return str(request.param)


def wire(label: int = 0, height: int = GRID.height, width: int = GRID.width) -> bytes:
    """A map of one label but for its last pixel."""
    labels = np.full((height, width), label, np.uint8)
    labels[-1, -1] = 255
    return encode(from_dense(labels))


def imports(parts: Parts) -> ImportPredictions:
    """The verb under test, where fcn/1 and pspnet/1 are registered."""
    return ImportPredictions(parts.stream, parts.database, POLICY, VOC, {A, B}.__contains__, parts.clock, "t")


def test_maps_without_a_picture(parts: Parts) -> None:
    """One record with both; no hash, the given source, the time of the import."""
    assert imports(parts).take(ImportedMaps(IMAGE, ((A, wire(1)), (B, wire(2))), source="paper")) == IMAGE
    (record,) = parts.records("t.predictions")
    assert record.key == IMAGE
    event = decode_predictions(record.value or b"")
    assert (Prediction(A, wire(1)), Prediction(B, wire(2))) == event.outcomes
    assert (event.image.perceptual_hash, event.image.source, event.image.tags) == (None, "paper", {})


def test_later_maps_of_an_image_carry_the_same_facts(parts: Parts) -> None:
    """What was said first stays, so that all models agree on when and where from."""
    verb = imports(parts)
    for ref, source in ((A, "first"), (B, "second")):
        verb.take(ImportedMaps(IMAGE, ((ref, wire()),), source=source))
    first, second = (decode_predictions(record.value or b"").image for record in parts.records("t.predictions"))
    assert first == second
    assert first.source == "first"


def test_maps_of_an_accepted_picture_carry_its_facts(parts: Parts) -> None:
    """Hash, source, time, tags and lane are those of the picture."""
    intake = parts.intake()
    image = intake.upload(ImageUpload(noise(1), source="camera", tags={"k": "v"})).image_id
    imports(parts).take(ImportedMaps(image, ((A, wire()),), source="other"))
    (record,) = parts.records("t.predictions")
    assert intake.find(image).accepted.image == decode_predictions(record.value or b"").image


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (wire(21), "fcn/1: label 21 at row 0, column 0 is outside taxonomy 'voc', whose labels are 0..20"),
        (wire(0, 13, 16), "fcn/1: it is 13x16, the canonical grid is 12x16"),
        (b"", "fcn/1: a label map must have format version 1, got no bytes"),
        (wire()[:-1], "fcn/1: a label map of .* is broken"),
    ],
)
def test_wrong_maps_are_refused(parts: Parts, data: bytes, message: str) -> None:
    """The version, the label and the place are named; the others of the request are not published either."""
    with pytest.raises(InvalidLabelMap, match=message):
        imports(parts).take(ImportedMaps(IMAGE, ((A, data), (B, wire()))))
    assert parts.records("t.predictions") == []


def test_the_place_of_a_wrong_label(parts: Parts) -> None:
    """Row and column of its first pixel."""
    labels = np.zeros((12, 16), np.uint8)
    labels[3, 5] = 200
    with pytest.raises(InvalidLabelMap, match="label 200 at row 3, column 5"):
        imports(parts).take(ImportedMaps(IMAGE, ((A, encode(from_dense(labels))),)))


def test_requests_are_checked(parts: Parts) -> None:
    """Versions that are not registered, none, one twice; what is no id."""
    verb = imports(parts)
    with pytest.raises(NotFound, match="other/1 is not registered"):
        verb.take(ImportedMaps(IMAGE, ((VersionRef("other", 1), wire()),)))
    for item in (ImportedMaps(IMAGE, ()), ImportedMaps(IMAGE, ((A, wire()),) * 2), ImportedMaps("x", ((A, wire()),))):
        with pytest.raises(InvalidInput):
            verb.take(item)


def test_a_forgotten_image_is_refused(parts: Parts) -> None:
    """By the same ban that pictures meet."""
    with parts.database.write() as tx:
        store.ban(tx, IMAGE, "x", 0)
    with pytest.raises(Forgotten):
        imports(parts).take(ImportedMaps(IMAGE, ((A, wire()),)))
