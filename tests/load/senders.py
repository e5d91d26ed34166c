"""Senders of pictures: each waits for its answer before it sends the next, as a camera's program does."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from madseg.client import Client, TooMany, Unavailable

PAUSE_SECONDS = 0.5
"""Before a picture that was shed is sent again."""


@dataclass
class Sent:
    """What came of the pictures: ids of the accepted, seconds of each accepted call, and how many calls were shed."""

    image_ids: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    shed: int = 0


def send(
    client: Client, pictures: Iterator[bytes], senders: int, until: float, may: Callable[[int], bool] = lambda _: True
) -> Sent:
    """Sends until the monotonic clock says `until`; before each picture, `may` is asked with how many are in.

    A picture that was shed is sent again until it is in. Any other error ends the run.
    """
    sent, lock = Sent(), threading.Lock()

    def work() -> None:
        while time.monotonic() < until:
            if not may(len(sent.image_ids)):
                time.sleep(0.01)
                continue
            picture = next(pictures)
            while not _accepted(client, picture, sent, lock):
                time.sleep(PAUSE_SECONDS)

    with ThreadPoolExecutor(senders) as pool:
        for each in [pool.submit(work) for _ in range(senders)]:
            each.result()
    return sent


def _accepted(client: Client, picture: bytes, sent: Sent, lock: threading.Lock) -> bool:
    began = time.perf_counter()
    try:
        accepted = client.upload(picture, source="load")
    except (TooMany, Unavailable):
        with lock:
            sent.shed += 1
        return False
    with lock:
        sent.image_ids.append(accepted.image_id)
        sent.seconds.append(time.perf_counter() - began)
    return True
