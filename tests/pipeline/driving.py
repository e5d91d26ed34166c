"""What tests do to a running `madseg up` again and again."""

from collections.abc import Iterable, Sequence

from madseg.client import Client, ContestState, Refused, Upload
from tests import reference
from tests.pipeline.expected import Asked
from tests.pipeline.running import until
from tests.pipeline.world import COMPETITORS, TARGET


def accept(
    client: Client, asked: Asked, pictures: Iterable[bytes], models: Sequence[str] = (TARGET, *COMPETITORS)
) -> list[reference.Image]:
    """Uploads pictures, and has the networks asked about what was made of them."""
    found = []
    for result in client.upload_many(Upload(content) for content in pictures):
        assert not isinstance(result, Refused), result.reason
        canonical = client.picture(result.image_id).content
        found.append(asked.image(result.image_id, canonical, models, result.random_lane))
    return found


def settled(client: Client, images: Sequence[reference.Image], seconds: float = 60) -> None:
    """Waits until the selector knows all images and every contest that goes on is complete."""
    ids = [image.image_id for image in images]

    def complete() -> bool:
        going = [contest for contest in client.contests() if contest.state is not ContestState.RETIRED]
        unknown = [
            image for start in range(0, len(ids), 1000) for image in client.find_unknown(ids[start : start + 1000])
        ]
        return (
            not unknown
            and client.selector_status().lag == 0
            and bool(going)
            and all(contest.state is ContestState.COMPLETE for contest in going)
        )

    until(complete, seconds)


def request_missing(client: Client, *, failed_too: bool = False) -> int:
    """Has asked what images lack; returns how many images that were."""
    missing = list(client.list_missing(include_failed=failed_too))
    parts = [missing[start : start + 1000] for start in range(0, len(missing), 1000)]
    return sum(client.request_predictions(part, include_failed=failed_too).requested for part in parts)
