"""The generated world as a project of its own: taxonomy, content constraint, pictures, and what is known of each."""

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from madseg.client import Upload
from madseg.core.content import ContentConstraint, Method, learn
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.preprocess import Size, perceptual_hash
from madseg.demo.folder import REPOSITORY
from madseg.demo.streaming import Streamed
from madseg.project import taxonomy_document
from madseg.simulation.stream import wild_scene
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE, WORLD, World, render

SEED = 1
"""The stream of the demo: the same images every time."""

MASKS = 400
"""Training masks that the content constraint is learnt from."""

LANE = 0.05
"""Share of the stream in the random lane. The usual 2 % of a short stream would say nothing with any certainty."""


@dataclass
class Known:
    """What the generator knows of an image: its truth on the grid, what is the matter with it, and its hash."""

    truth: LabelMap
    mode: str
    perceptual_hash: int


def project(output: Path) -> dict[str, str]:
    """Writes the world's taxonomy and content constraint, and a model repository with the shipped networks, to which
    new versions may come; the settings that name them."""
    taxonomy, constraint, repository = output / "taxonomy.json", output / "constraint.json", output / REPOSITORY
    shutil.copytree(REPOSITORY, repository, dirs_exist_ok=True)
    taxonomy.write_text(json.dumps(taxonomy_document(TAXONOMY), indent=1))
    bounds = {TAXONOMY.names[label]: item for label, item in content().bounds.items()}
    document = {"taxonomy": TAXONOMY.id, "grid": str(Size(SIZE, SIZE)), "method": Method.QUARTILES, "bounds": bounds}
    constraint.write_text(json.dumps(document, indent=1))
    return {
        "MADSEG_TAXONOMY": str(taxonomy.absolute()),
        "MADSEG_CONSTRAINT": str(constraint.absolute()),
        "MADSEG_GRID": str(Size(SIZE, SIZE)),
        "MADSEG_REPOSITORY": str(repository.absolute()),
        "MADSEG_RANDOM_LANE": str(LANE),
    }


def content() -> ContentConstraint:
    """The usual sizes of each class, learnt from training masks."""
    masks = (from_dense(render(0, index).truth).present for index in range(MASKS))
    shares = ({label: area / SIZE**2 for label, area in mask.items()} for mask in masks)
    return learn(shares, TAXONOMY.ranked, Method.QUARTILES).constraint


def uploads(images: int, known: list[Known], world: World = WORLD) -> Iterator[Upload]:
    """Renders the stream; notes what is known of each image on the way."""
    for index in range(images):
        scene = wild_scene(SEED, index, world)
        known.append(Known(from_dense(scene.truth), scene.mode, perceptual_hash(scene.image)))
        file = io.BytesIO()
        Image.fromarray(scene.image).save(file, "PNG", compress_level=1)
        yield Upload(file.getvalue(), f"{index:06}.png", "generated world")


def by_id(streamed: Streamed, known: list[Known]) -> dict[str, Known]:
    """What is known of each image that was taken in, by its id."""
    return {image_id: item for image_id, item in zip(streamed.image_ids, known, strict=True) if image_id is not None}
