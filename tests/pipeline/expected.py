"""What must come out: the same networks asked directly, and the dense batch reference over their answers."""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image

from madseg.client import Client
from madseg.core.preprocess import perceptual_hash
from madseg.core.ranking import NEAR
from tests import reference
from tests.pipeline.world import TARGET, TAXONOMY

Key = tuple[str, str, int]
"""Competitor, defender, label."""

DEFENDERS = ("target", "competitor")


class Asked:
    """The served networks of a repository, run by ONNX Runtime without the product."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._session = cache(self._open)

    def image(self, image_id: str, canonical: bytes, models: Iterable[str], lane: bool = False) -> reference.Image:
        """What the models say of a canonical picture."""
        picture = pixels(canonical)
        maps = {name: self.labels(name, picture) for name in models}
        return reference.Image(image_id, maps, perceptual_hash(picture), lane)

    def labels(self, name: str, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The dense label map of a model."""
        labels = self._session(name).run(["labels"], {"image": picture[None]})[0]
        return np.asarray(labels, np.uint8).reshape(picture.shape[:2])

    def _open(self, name: str) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        return ort.InferenceSession(self._repository / name / "1" / "model.onnx", options)


def pixels(content: bytes) -> NDArray[np.uint8]:
    """The (H, W, 3) pixels of a picture's file."""
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))


def rules(excluded: Iterable[str] = ()) -> reference.Rules:
    """Every ranked class, no constraint."""
    return reference.Rules(len(TAXONOMY), TAXONOMY.ranked, excluded=set(excluded))


def rankings(
    images: Sequence[reference.Image], by: reference.Rules, competitors: Sequence[str], target: str = TARGET
) -> dict[Key, list[tuple[float, str]]]:
    """Every ranking by the reference."""
    return {
        (competitor, defender, label): reference.ranking(images, by, target, competitor, defender, label)
        for competitor in competitors
        for defender in DEFENDERS
        for label in by.ranked
    }


def candidates(
    images: Sequence[reference.Image],
    by: reference.Rules,
    competitors: Sequence[str],
    per_ranking: int,
    target: str = TARGET,
) -> dict[str, set[Key]]:
    """M by the reference."""
    return reference.candidates(images, by, target, sorted(competitors), per_ranking, NEAR)


def served_rankings(
    client: Client, competitors: Sequence[str], target: str = TARGET, page_size: int = 7
) -> dict[Key, list[tuple[float, str]]]:
    """Every ranking as the API gives it, page by page."""
    return {
        (competitor, defender, label): [
            (entry.discrepancy, entry.image_id)
            for entry in client.ranking(
                target,
                competitor,
                defender,
                TAXONOMY.names[label],
                keep_near_duplicates=True,
                page_size=page_size,
            )
        ]
        for competitor in competitors
        for defender in DEFENDERS
        for label in TAXONOMY.ranked
    }


def served_candidates(client: Client, per_ranking: int) -> dict[str, set[Key]]:
    """M as the API cuts it."""
    cut = client.cut_candidates(per_ranking=per_ranking)
    return {
        candidate.image_id: {
            (place.key.competitor.model, place.key.defender.value, TAXONOMY.label(place.key.class_name))
            for place in candidate.placements
        }
        for candidate in client.candidates(cut.id)
    }
