"""The other services in memory, over the small world: its target has one version, two campaigns chose its S and T."""

import hashlib
import io
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image

from madseg.core.errors import InvalidInput, NotFound, Unavailable
from madseg.core.label_map import encode, from_dense
from madseg.core.masks import to_original
from madseg.core.preprocess import Box, Size
from madseg.finetune.neighbours import Model, Neighbours
from madseg.project import taxonomy_document
from tests.finetune.small import CLASSES, TAXONOMY, scene, served

SIZE, CROP = Size(20, 24), Box(0, 2, 24, 16)
"""Of the originals, whose crop is on the canonical grid."""

FIRST, SECOND = "c" * 31 + "1", "c" * 31 + "2"
"""The campaigns, oldest first."""

CARD = {
    "name": "small",
    "classes": list(CLASSES),
    "taxonomy": "small",
    "role": "target",
    "source": "drawn by hand",
    "input": {"mean": [0, 0, 0], "std": [1, 1, 1]},
}

CHANGES = {"learning_rates": [0.05], "batch": 2, "epochs": 6, "patience": 0, "colour": 0.0}
"""What makes the modern recipe learn the small world within seconds."""


def image(number: int) -> str:
    """The id of image `number`."""
    return f"{number:032x}"


class FakeNeighbours(Neighbours):
    """Services that have what a test puts in. While `away` they don't answer, while `broken` they fail."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self.versions: dict[int, str] = {}
        self.card = str(yaml.safe_dump(CARD))
        self.released: list[tuple[str, bytes]] = []
        """Cards and networks, in the order of their release."""
        self.accepted: dict[str, dict[str, bytes]] = {FIRST: {}, SECOND: {}}
        self.pictures: dict[str, bytes] = {}
        self.gone: set[str] = set()
        """Images that the gateway has no more; their masks are still there."""
        self.lane: set[str] = set()
        self.test: dict[str, str] = {}
        self.refusal = ""
        self.lost_answers = 0
        """Releases that are done, and whose answer is lost."""
        self.keys: dict[str, int] = {}
        """The versions that were released with a key."""
        self.slow = 0.0
        """Seconds that a release takes, whether or not whoever asked for it still waits."""
        self.away = self.broken = False
        self.asked: Callable[[str], None] = lambda _: None
        """Hears of every picture that is asked for, and may raise."""
        self._turn = threading.Lock()

    def model(self, name: str) -> Model:
        self._answer()
        if name not in ("", "small"):
            raise NotFound(f"no model {name!r}: there are small")
        return Model("small", "target", tuple(self.versions)[-2:], dict(self.versions), self.card)

    def release(self, network: Path, card: str, key: str, parent: int) -> int:
        self._answer()
        if self.refusal:
            raise InvalidInput(self.refusal)
        assert parent in self.versions
        with self._turn:
            time.sleep(self.slow)
            if key not in self.keys:
                self.released.append((card, network.read_bytes()))
                self.keys[key] = self.follow(network.read_bytes(), card)
            if self.lost_answers:
                self.lost_answers -= 1
                raise Unavailable("models: its answer is lost")
        return self.keys[key]

    def follow(self, network: bytes, card: str) -> int:
        """The next version, by whomever; its number."""
        self.card, number = card, max(self.versions) + 1
        self.versions[number] = hashlib.sha256(network).hexdigest()
        return number

    def campaigns(self, model: str) -> tuple[str, ...]:
        self._answer()
        return tuple(self.accepted)

    def masks(self, campaign_id: str) -> Iterator[tuple[str, bytes]]:
        self._answer()
        if campaign_id not in self.accepted:
            raise NotFound(f"no campaign {campaign_id}")
        yield from sorted(self.accepted[campaign_id].items())

    def tested(self) -> dict[str, str]:
        self._answer()
        return dict(self.test)

    def picture(self, image_id: str) -> bytes:
        self._answer()
        self.asked(image_id)
        self._must_be_there(image_id)
        if image_id not in self.pictures:
            raise NotFound(f"no image {image_id}")
        return self.pictures[image_id]

    def crop(self, image_id: str) -> tuple[Box, bool]:
        self._answer()
        self._must_be_there(image_id)
        return CROP, image_id in self.lane

    def add(self, number: int, picture: NDArray[np.uint8], truth: NDArray[np.uint8], campaign: str = FIRST) -> str:
        """An accepted counterexample; its id."""
        name = image(number)
        self.pictures[name] = png(picture)
        self.accepted[campaign][name] = encode(to_original(from_dense(truth), SIZE, CROP))
        return name

    def add_test(self, number: int, picture: NDArray[np.uint8], why: str = "T of a campaign") -> str:
        """An image that may never be learned from; its id."""
        name = image(number)
        self.pictures[name] = png(picture)
        self.test[name] = why
        return name

    def serve(self, number: int, content: bytes) -> None:
        """A version, with its file in the repository."""
        file = self._repository / "small" / str(number) / "model.onnx"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        self.versions[number] = hashlib.sha256(content).hexdigest()

    def _must_be_there(self, image_id: str) -> None:
        if image_id in self.gone:
            raise NotFound(f"no image {image_id}")

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("labelling does not answer")
        if self.broken:
            raise Unavailable(f"labelling: internal error {uuid.uuid4().hex}: see the server's log")


class World:
    """Neighbours, a model repository, a taxonomy, and the folders S0 and T0."""

    def __init__(self, root: Path) -> None:
        self.root, self.repository = root, root / "models"
        self.around = FakeNeighbours(self.repository)
        self.around.serve(1, served().SerializeToString())
        self.taxonomy = root / "taxonomy.json"
        self.taxonomy.write_text(json.dumps(taxonomy_document(TAXONOMY)))
        self.s0 = make_folder(root / "s0", [(200 + index, (1,)) for index in range(6)])
        self.t0 = make_folder(root / "t0", [(300 + index, (1, 2) if index % 2 else (1,)) for index in range(12)])
        for index in range(6):
            self.around.add(index, *scene(100 + index, (1, 2)), FIRST if index < 4 else SECOND)
        for index in range(3):
            self.around.add_test(50 + index, scene(500 + index, (1, 2))[0])


def make_folder(folder: Path, scenes: list[tuple[int, tuple[int, ...]]]) -> Path:
    """A folder as S0 and T0 are, of pictures by seed and colours."""
    for name in ("pictures", "masks"):
        (folder / name).mkdir(parents=True)
    for seed, colours in scenes:
        add_pair(folder, f"p{seed}", *scene(seed, colours))
    return folder


def add_pair(folder: Path, name: str, picture: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
    """A picture with its mask."""
    Image.fromarray(picture).save(folder / "pictures" / f"{name}.png")
    mask = Image.fromarray(truth).convert("P")
    mask.putdata(truth.reshape(-1).tolist())
    mask.save(folder / "masks" / f"{name}.png")


def png(picture: NDArray[np.uint8]) -> bytes:
    """A PNG file."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()
