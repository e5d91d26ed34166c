"""What one image costs each part, as `python -m tests.load.parts` measures it; kept in `measured.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MEASURED = Path(__file__).with_name("measured.json")


@dataclass(frozen=True)
class Costs:
    """Of one image, with `networks` of them: seconds of one core by part, and bytes that it leaves behind.

    `services` are the parts that are scaled by replicas: gateway, predictor, selector. `servers` are those that they
    stand on: kafka, postgres, s3, and triton without its networks. `stored` are bytes an image in kafka, postgres and
    s3. `batch_seconds` is what the selector spends on a batch, however many images are in it.
    """

    processor: str
    networks: int
    services: Mapping[str, float]
    servers: Mapping[str, float]
    stored: Mapping[str, float]
    batch_seconds: float

    def of(self, networks: int) -> "Costs":
        """With another number of networks; what comes after the gateway grows with them."""
        share = networks / self.networks
        grown = {"predictor", "selector", "triton", "kafka", "postgres"}

        def scaled(costs: Mapping[str, float]) -> dict[str, float]:
            return {name: value * share if name in grown else value for name, value in costs.items()}

        return Costs(
            self.processor, networks, scaled(self.services), scaled(self.servers), scaled(self.stored),
            self.batch_seconds,
        )  # fmt: skip


def measured(path: Path = MEASURED) -> Costs:
    """The costs that are on record."""
    return Costs(**json.loads(path.read_text()))
