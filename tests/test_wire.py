"""Messages and bytes: what goes out comes back, and whatever else comes in is poison and nothing worse."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from madseg import wire
from madseg.core.errors import InvalidInput, Poison
from madseg.core.messages import (
    ImageAccepted,
    ImageFacts,
    Prediction,
    PredictionFailure,
    PredictionRequested,
    PredictionsMade,
    Role,
    RoleChanged,
    VersionPublished,
    VersionRef,
)
from madseg.core.preprocess import Box, Size
from madseg.core.times import micros
from madseg.v1 import events_pb2

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ids = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
moments = st.integers(-(10**15), 10**16).map(lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(0, 0, micros))
names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True)
refs = st.builds(VersionRef, names, st.integers(1, 2**32 - 1))
sizes = st.builds(Size, st.integers(1, 2**31), st.integers(1, 2**31))
facts = st.builds(
    ImageFacts,
    ids,
    st.none() | st.integers(0, 2**64 - 1),
    texts,
    moments,
    st.dictionaries(texts, texts, max_size=3),
    st.booleans(),
    st.none() | moments,
)
boxes = st.builds(Box, *[st.integers(0, 2**31)] * 4)
images = st.builds(ImageAccepted, facts, st.binary(max_size=32), texts, texts, sizes, boxes, texts)
floats = st.floats(width=32, allow_nan=False)
outcomes = st.builds(Prediction, refs, st.binary(max_size=60), st.none() | floats) | st.builds(
    PredictionFailure, refs, texts
)
predictions = st.builds(PredictionsMade, facts, st.lists(outcomes, max_size=5).map(tuple))
requests = st.builds(PredictionRequested, facts, st.lists(refs, max_size=3).map(tuple))
model_events = st.builds(
    RoleChanged, names, st.sampled_from(Role), st.lists(st.integers(1, 2**32 - 1), max_size=3).map(tuple)
) | st.builds(
    VersionPublished,
    refs,
    st.lists(texts, max_size=3).map(tuple),
    texts,
    sizes,
    st.booleans(),
    st.binary(max_size=32),
    st.none() | refs,
    texts,
)

DECODERS = (wire.decode_image, wire.decode_predictions, wire.decode_request, wire.decode_model_event)


@given(images)
def test_an_accepted_image_comes_back(event: ImageAccepted) -> None:
    """With all its facts, times to the microsecond."""
    assert event == wire.decode_image(wire.encode_image(event))


@given(predictions)
def test_predictions_come_back(event: PredictionsMade) -> None:
    """Label maps unread, failures with their reasons, no entropy where there was none."""
    (value,) = wire.encode_predictions(event)
    assert event == wire.decode_predictions(value)


@given(requests)
def test_requests_come_back(event: PredictionRequested) -> None:
    """With the facts that the answer will carry."""
    assert event == wire.decode_request(wire.encode_request(event))


@given(model_events)
def test_model_events_come_back_under_a_key_of_their_own(event: RoleChanged | VersionPublished) -> None:
    """So that compaction keeps each model's role and each version."""
    key, value = wire.encode_model_event(event)
    assert event == wire.decode_model_event(value)
    assert key == (f"role/{event.model}" if isinstance(event, RoleChanged) else f"version/{event.ref}")


@given(st.binary(max_size=200))
def test_hostile_bytes_are_poison_or_a_message(value: bytes) -> None:
    """No other error, whatever the bytes."""
    for decode in DECODERS:
        survives(decode, value)


@given(images, predictions, requests, model_events, st.data())
def test_damaged_records_are_poison_or_a_message(
    image: ImageAccepted,
    event: PredictionsMade,
    request: PredictionRequested,
    model: RoleChanged | VersionPublished,
    data: st.DataObject,
) -> None:
    """Bytes of real records, one changed and some cut off, given to every decoder."""
    values = [wire.encode_image(image), wire.encode_predictions(event)[0], wire.encode_request(request)]
    for value in (*values, wire.encode_model_event(model)[1]):
        damaged = bytearray(value)
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
        for decode in DECODERS:
            survives(decode, bytes(damaged))
            survives(decode, cut)


def survives(decode: Any, value: bytes) -> None:
    """Raises anything but Poison."""
    try:
        decode(value)
    except Poison as error:
        assert "not " in str(error)  # noqa: PT017 (not every input is refused)


@pytest.mark.parametrize("seconds", [253_402_300_800, -62_135_596_801, 2**63 - 1, -(2**63)])
def test_a_time_that_no_calendar_has_is_poison(seconds: int) -> None:
    """Not a defect of ours; the message names the time once, and its field."""
    stamp = Timestamp(seconds=seconds)
    with pytest.raises(InvalidInput, match=r"^captured_from is no time of the years 1 to 9999: ") as refused:
        wire.moment(stamp, "filter.captured_from")
    assert refused.value.field == "filter.captured_from"
    assert str(refused.value).count("no time of the years") == 1
    record = events_pb2.PredictionsMade(image_id="0" * 32, captured_at=stamp)
    with pytest.raises(Poison, match="not predictions"):
        wire.decode_predictions(record.SerializeToString())


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_a_time_of_a_table_is_stamped_as_it_is(at: datetime) -> None:
    """By its microseconds as by itself."""
    assert wire.stamp(micros(at)) == wire.timestamp(at)
    assert wire.moment(wire.stamp(micros(at)), "at") == at


FACTS = ImageFacts("0" * 32, 7, "camera", datetime(2026, 1, 1, tzinfo=UTC))


@given(st.lists(st.integers(0, 1_100_000), min_size=1, max_size=6))
def test_predictions_that_are_large_together_are_split_by_model(lengths: list[int]) -> None:
    """Nothing is lost or moved, and no record is large unless a single map is."""
    event = PredictionsMade(
        FACTS, tuple(Prediction(VersionRef("net", n), bytes(length)) for n, length in enumerate(lengths, 1))
    )
    values = wire.encode_predictions(event)
    parts = [wire.decode_predictions(value) for value in values]
    assert event.outcomes == tuple(outcome for part in parts for outcome in part.outcomes)
    for part, value in zip(parts, values, strict=True):
        assert part.image == FACTS
        assert len(value) <= wire.MAX_RECORD_BYTES + 200 or len(part.outcomes) == 1


def test_an_image_that_nobody_was_asked_about_is_known_all_the_same() -> None:
    """So that what it lacks can be queued."""
    (value,) = wire.encode_predictions(PredictionsMade(FACTS, ()))
    assert wire.decode_predictions(value) == PredictionsMade(FACTS, ())


def test_a_hash_of_another_version_is_no_hash() -> None:
    """They must never be compared."""
    (value,) = wire.encode_predictions(PredictionsMade(FACTS, ()))
    record = events_pb2.PredictionsMade.FromString(value)
    record.perceptual_hash_version += 1
    assert wire.decode_predictions(record.SerializeToString()).image.perceptual_hash is None
