"""Rankings, cuts and watching by time, source and tag, over gRPC, equal to the batch computation over just those."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from madseg.client import Client, ImageFilter, Refused, Upload
from tests import reference
from tests.pipeline import expected
from tests.pipeline.driving import settled
from tests.pipeline.expected import Asked
from tests.pipeline.running import Up
from tests.pipeline.world import COMPETITORS, TARGET, TAXONOMY, picture

MIDNIGHT = datetime(2026, 3, 14, tzinfo=UTC)

FILTERS: list[tuple[ImageFilter, Callable[[Upload], bool]]] = [
    (
        ImageFilter(since=MIDNIGHT + timedelta(hours=10), until=MIDNIGHT + timedelta(hours=30)),
        lambda sent: 10 <= hours(sent) < 30,
    ),
    (ImageFilter(source="gate"), lambda sent: sent.source == "gate"),
    (ImageFilter(tags={"sky": "grey"}), lambda sent: sent.tags.get("sky") == "grey"),
    (
        ImageFilter(since=MIDNIGHT + timedelta(hours=5), source="door", tags={"sky": "blue"}),
        lambda sent: hours(sent) >= 5 and sent.source == "door" and sent.tags.get("sky") == "blue",
    ),
]


def sent(number: int) -> Upload:
    """A picture an hour after the one before it."""
    source = "gate" if number % 3 else "door"
    tags = {"sky": "grey" if number % 2 else "blue"} if number % 5 else {}
    moment = MIDNIGHT + timedelta(hours=number)
    return Upload(picture(number), f"{number}.png", source=source, captured_at=moment, tags=tags)


def hours(upload: Upload) -> float:
    """When it was taken."""
    assert upload.captured_at is not None
    return (upload.captured_at - MIDNIGHT) / timedelta(hours=1)


def test_every_query_takes_a_filter(up: Up, asked: Asked) -> None:
    """A page, the first page of a watcher, a cut: images outside the filter might as well not be there."""
    client = up.start(MADSEG_RANDOM_LANE="0")
    uploads = [sent(number) for number in range(48)]
    images = []
    for result in client.upload_many(uploads):
        assert not isinstance(result, Refused)
        content = client.picture(result.image_id).content
        images.append(asked.image(result.image_id, content, (TARGET, *COMPETITORS)))
    settled(client, images)
    for which, takes in FILTERS:
        chosen = [image for image, upload in zip(images, uploads, strict=True) if takes(upload)]
        assert 2 < len(chosen) < len(images)
        check(client, which, chosen)


def check(client: Client, which: ImageFilter, chosen: list[reference.Image]) -> None:
    """What the queries say of the images that are chosen."""
    by = expected.rules()
    for (competitor, defender, label), rows in expected.rankings(chosen, by, COMPETITORS).items():
        name = TAXONOMY.names[label]
        found = client.ranking(TARGET, competitor, defender, name, images=which, keep_near_duplicates=True, page_size=3)
        assert rows == [(entry.discrepancy, entry.image_id) for entry in found]
    page = next(client.watch(TARGET, "beta", "target", "blue", top=5, images=which, timeout=20))
    near = list(client.ranking(TARGET, "beta", "target", "blue", images=which))[:5]
    assert [(entry.rank, entry.image_id) for entry in near] == [(entry.rank, entry.image_id) for entry in page.entries]
    cut = client.cut_candidates(per_ranking=3, images=which)
    wanted = expected.candidates(chosen, by, COMPETITORS, 3)
    assert set(wanted) == {candidate.image_id for candidate in client.candidates(cut.id)}
