"""How a campaign is to be run: what may be asked for, and what holds where nothing is said."""

import json
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from madseg.core.errors import InvalidInput

MAX_SEED = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign's plan; the fields are those of the proto.

    Raises:
        InvalidInput: a value outside its range; the message names both.
    """

    seed: int
    raters: int = 3
    counterexamples: int = 100
    test_reserved: int = 40
    test_reported: int = 30
    test_per_class: int = 4
    adaptive: bool = False
    full_share: float = 0.1
    repeat_share: float = 0.05
    lease_seconds: int = 900

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:  # NaN is in no range
                raise InvalidInput(f"{name} must be {low}..{high}, got {value}", field=f"plan.{name}")
        if self.test_reported > self.test_reserved:
            raise InvalidInput(
                f"test_reported must be at most test_reserved ({self.test_reserved}), got {self.test_reported}",
                field="plan.test_reported",
            )

    def dumped(self) -> str:
        """As text, for a column."""
        return json.dumps(asdict(self))


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("seed", 0, MAX_SEED),
    ("raters", 1, 50),
    ("counterexamples", 1, 10_000),
    ("test_reserved", 0, 10_000),
    ("test_reported", 0, 10_000),
    ("test_per_class", 1, 10_000),
    ("full_share", 0, 1),
    ("repeat_share", 0, 1),
    ("lease_seconds", 10, 86_400),
)


@lru_cache(maxsize=64)
def loaded(text: str) -> Plan:
    """The plan of a column. What a later release put into it is passed over."""
    known = {item.name for item in fields(Plan)}
    values: dict[str, Any] = json.loads(text)
    return Plan(**{name: value for name, value in values.items() if name in known})
