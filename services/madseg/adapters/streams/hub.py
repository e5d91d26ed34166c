"""What the threads of one process share about a stream: who writes, who reads which partition, and wake-up calls."""

import threading
from collections import defaultdict
from collections.abc import Hashable
from weakref import WeakValueDictionary


class Hub:
    """One per stream and process. Thread-safe."""

    def __init__(self) -> None:
        self.writing = threading.Lock()
        """Held around write transactions: threads queue here, since SQLite's own waiting is sleeping in steps."""
        self._lock = threading.Lock()
        self._bells: dict[str, Bell] = defaultdict(Bell)
        self._groups: dict[tuple[str, str], Group] = defaultdict(Group)

    def bell(self, topic: str) -> "Bell":
        """Rings whenever records were appended to a topic."""
        with self._lock:
            return self._bells[topic]

    def group(self, topic: str, name: str) -> "Group":
        """The members that one group has in this process, on one topic."""
        with self._lock:
            return self._groups[topic, name]


class Bell:
    """Counts rings; a waiter names the count it has seen, so that no ring is lost between looking and waiting."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.rings = 0

    def ring(self) -> None:
        """Wakes every waiter."""
        with self._condition:
            self.rings += 1
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Returns at once where it rang since `seen`, else at the next ring or after `seconds`."""
        with self._condition:
            self._condition.wait_for(lambda: self.rings != seen, seconds)


class Group:
    """Members in the order in which they joined: number i of n has the partitions p with p % n == i."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: list[Hashable] = []
        self.generation = 0
        """Grows with every join and leave: whoever holds an older assignment asks for a new one."""

    def join(self, member: Hashable) -> None:
        """Takes its share from the others at their next poll."""
        with self._lock:
            self._members.append(member)
            self.generation += 1

    def leave(self, member: Hashable) -> None:
        """Gives its share to the others; does nothing for one who isn't in."""
        with self._lock:
            if member in self._members:
                self._members.remove(member)
                self.generation += 1

    def share(self, member: Hashable, partitions: int) -> tuple[int, list[int]]:
        """The generation, and the partitions that the member has in it."""
        with self._lock:
            number, count = self._members.index(member), len(self._members)
            return self.generation, [partition for partition in range(partitions) if partition % count == number]


_hubs: WeakValueDictionary[Hashable, Hub] = WeakValueDictionary()
_hubs_lock = threading.Lock()


def hub_of(place: Hashable) -> Hub:
    """The hub of a stream, shared by all who hold it: services of one process open the same file several times."""
    with _hubs_lock:
        hub = _hubs.get(place)
        if hub is None:
            hub = _hubs[place] = Hub()
        return hub
