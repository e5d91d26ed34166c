"""Somebody who works against a `madseg up` that is killed again and again, and remembers what was promised."""

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from madseg.client import Client, DeadlineExceeded, Unavailable
from tests.pipeline.world import RESERVE


@dataclass
class Promised:
    """What the service said is done. Whatever isn't in here may or may not have happened."""

    accepted: dict[str, bool] = field(default_factory=dict)
    """Image to random lane."""
    excluded: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    sets: dict[str, int] = field(default_factory=dict)
    """Candidate set by idempotency key to its size."""
    reserve_joined: bool = False


class Driver:
    """Does seeded work until there is none left or nobody answers; what was cut off is done again in the next life.

    `said` counts the answers of all lives; it may be watched from another thread.
    """

    def __init__(self, pictures: Sequence[bytes], seed: int) -> None:
        self.promised = Promised()
        self.said = 0
        self._waiting = deque(pictures)
        self._random = random.Random(seed)
        self._again: tuple[Callable[[Client], None], str] | None = None
        self._cuts = 0
        self.content: dict[str, bytes] = {}
        """What each accepted image was uploaded as."""
        self.uncertain: set[str] = set()
        """Images that a call that was cut off would have forgotten."""
        self.failures: list[str] = []

    @property
    def done(self) -> bool:
        """True when every picture is in and nothing was cut off."""
        return not self._waiting and self._again is None

    def begin(self, client: Client, joins: bool) -> threading.Thread:
        """Works in a thread, which ends when the client's server does. `joins`: the reserve becomes a competitor."""
        thread = threading.Thread(target=self.work, args=(client, joins), daemon=True)
        thread.start()
        return thread

    def work(self, client: Client, joins: bool = False) -> None:
        """Works until there is nothing left to do."""
        try:
            if self._again is not None:  # before anything else, or it would be lost
                self._do(client, *self._again)
            if joins and not self.promised.reserve_joined:
                self._do(client, self._join, "join")
            while not self.done:
                self._do(client, *self._choose())
        except (Unavailable, DeadlineExceeded):
            pass  # it was killed
        except Exception as error:  # noqa: BLE001 (the test reads what went wrong in this thread)
            self.failures.append(f"{type(error).__name__}: {error}")

    def _do(self, client: Client, act: Callable[[Client], None], name: str) -> None:
        self._again = act, name
        act(client)
        self._again = None
        self.said += 1

    def _choose(self) -> tuple[Callable[[Client], None], str]:
        living = sorted(self.promised.accepted.keys() - self.promised.forgotten)
        draw = self._random.random()
        if len(living) < 8 or draw < 0.72:
            return self._upload, "upload"
        chosen = self._random.sample(living, self._random.randint(1, 3))
        if draw < 0.82:
            return (lambda client: self._exclude(client, chosen)), "exclude"
        if draw < 0.88 and self.promised.excluded:
            back = self._random.choice(sorted(self.promised.excluded))
            return (lambda client: self._restore(client, back)), "restore"
        if draw < 0.93:
            return (lambda client: self._forget(client, chosen[0])), "forget"
        self._cuts += 1
        key = f"cut {self._cuts}"
        return (lambda client: self._cut(client, key)), "cut"

    def _upload(self, client: Client) -> None:
        accepted = client.upload(self._waiting[0])
        self.promised.accepted[accepted.image_id] = accepted.random_lane
        self.content[accepted.image_id] = self._waiting.popleft()

    def _exclude(self, client: Client, images: Sequence[str]) -> None:
        client.exclude(images, "veto")
        self.promised.excluded.update(images)

    def _restore(self, client: Client, image: str) -> None:
        client.restore([image], "veto")
        self.promised.excluded.discard(image)

    def _forget(self, client: Client, image: str) -> None:
        self.uncertain.add(image)
        client.forget(image, "its owner asked for it")
        self.promised.forgotten.add(image)

    def _cut(self, client: Client, key: str) -> None:
        cut = client.cut_candidates(per_ranking=3, idempotency_key=key, allow_incomplete=True)
        self.promised.sets[cut.id] = cut.size

    def _join(self, client: Client) -> None:
        client.set_role(RESERVE, "competitor")
        self.promised.reserve_joined = True
