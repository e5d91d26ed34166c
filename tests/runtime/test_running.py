"""A process of parts."""

import pytest

from madseg.core.errors import Conflict
from madseg.runtime import Part, run


def test_parts_start_in_order_and_stop_in_reverse() -> None:
    """One that can't start stops those before it."""
    said: list[str] = []

    class Noisy(Part):
        def __init__(self, name: str, fails: bool = False) -> None:
            self.name, self.fails = name, fails

        def start(self) -> None:
            if self.fails:
                raise Conflict(f"{self.name} can't")
            said.append(f"{self.name} starts")

        def stop(self) -> None:
            said.append(f"{self.name} stops")

    with pytest.raises(Conflict, match="third can't"):
        run([Noisy("first"), Noisy("second"), Noisy("third", fails=True)])
    assert said == ["first starts", "second starts", "second stops", "first stops"]
