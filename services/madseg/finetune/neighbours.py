"""What fine-tuning asks of other services, over gRPC: the gateway's intake, Models, and labelling."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from madseg import client
from madseg.core.errors import NotFound
from madseg.core.preprocess import Box
from madseg.neighbours import told

COUNTEREXAMPLE, RANDOM_LANE = "counterexample", "random_lane"

RELEASE_SECONDS = 1800.0
"""How long Models may take to wrap, check and try a network."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its versions' numbers with the SHA-256 of their served files, those that serve, its card as YAML."""

    name: str
    role: str
    serving: tuple[int, ...]
    versions: dict[int, str]
    card: str

    @property
    def newest(self) -> int:
        """The number of its newest version."""
        return max(self.versions)


class Neighbours(ABC):
    """The other services. Thread-safe. Every call may be made again without another effect.

    Every call raises Unavailable where the service doesn't answer, or may answer otherwise later, and what else it says
    as it says it.
    """

    @abstractmethod
    def model(self, name: str) -> Model:
        """A model; the target for "".

        Raises:
            NotFound: there is none.
        """

    @abstractmethod
    def release(self, network: Path, card: str, key: str, parent: int) -> int:
        """Releases the network in an ONNX file as the next version of the card's model; the number it has.

        Args:
            key: a second call with it answers with the version that the first one released.
            parent: the version it was made from.

        Raises:
            InvalidInput: it can't be served; the message says why.
            Conflict: another network was released with the key.
        """

    @abstractmethod
    def campaigns(self, model: str) -> tuple[str, ...]:
        """Campaigns about a target, oldest first."""

    @abstractmethod
    def masks(self, campaign_id: str) -> Iterator[tuple[str, bytes]]:
        """Image id and accepted mask (wire form, original's grid) of a campaign's counterexamples.

        Raises:
            NotFound: no such campaign.
        """

    @abstractmethod
    def tested(self) -> dict[str, str]:
        """Images that may never be learned from, and why: T of every campaign, and what is drawn of the random lane."""

    @abstractmethod
    def picture(self, image_id: str) -> bytes:
        """The canonical picture, PNG.

        Raises:
            NotFound: no such image (any more).
        """

    @abstractmethod
    def crop(self, image_id: str) -> tuple[Box, bool]:
        """The part of the original that is on the canonical grid, and whether the image is of the random lane.

        Raises:
            NotFound: no such image (any more).
        """


class Remote(Neighbours):
    """The services at the addresses of a client, which is made when it is first needed."""

    def __init__(self, connect: Callable[[], client.Client]) -> None:
        self._connect = connect

    def model(self, name: str) -> Model:
        with told("fine-tuning"):
            if not name:
                targets = [item.name for item in self._client.models() if item.role is client.Role.TARGET]
                if not targets:
                    raise NotFound("there is no target yet: `madseg model add` with `role: target` in the card")
                name = targets[0]
            return _model(self._client.model(name))

    def release(self, network: Path, card: str, key: str, parent: int) -> int:
        with told("fine-tuning"):
            released = self._client.release_version(
                network, card, idempotency_key=key, parent=parent, timeout=RELEASE_SECONDS
            )
        return released.version

    def campaigns(self, model: str) -> tuple[str, ...]:
        with told("fine-tuning"):
            found = list(self._client.campaigns(page_size=1000))
        return tuple(item.id for item in reversed(found) if item.target.model == model)

    def masks(self, campaign_id: str) -> Iterator[tuple[str, bytes]]:
        with told("fine-tuning"):
            for item in self._client.export_masks(campaign_id, purpose=COUNTEREXAMPLE):
                yield item.image_id, item.label_map

    def tested(self) -> dict[str, str]:
        found: dict[str, str] = {}
        with told("fine-tuning"):
            for campaign in self._client.campaigns(page_size=1000):
                if campaign.state is client.CampaignState.CLOSED:
                    chosen = self._client.chosen_sets(campaign.id)
                    found |= {item.image_id: f"T of campaign {campaign.id}" for item in chosen.test}
            lane = self._client.mask_tasks(purpose=RANDOM_LANE, page_size=1000)
            return found | {item.image_id: "the random lane" for item in lane}

    def picture(self, image_id: str) -> bytes:
        with told("fine-tuning"):
            return self._client.picture(image_id).content

    def crop(self, image_id: str) -> tuple[Box, bool]:
        with told("fine-tuning"):
            found = self._client.image(image_id)
        crop = found.crop
        return Box(crop.left, crop.top, crop.width, crop.height), found.random_lane

    @cached_property
    def _client(self) -> client.Client:
        return self._connect()


def _model(found: client.ModelCard) -> Model:
    model = found.model
    if model.role is None or not model.versions:
        raise NotFound(f"model {model.name!r} has no version")
    versions = {item.version: item.sha256 for item in model.versions}
    return Model(model.name, model.role.value, model.serving, versions, found.card)
