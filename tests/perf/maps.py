"""Label maps to measure on: six models' maps of photographs where those are at hand, generated ones elsewhere."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from madseg.core.preprocess import CANONICAL, Size, centre_crop
from madseg.core.taxonomy import VOC
from madseg.predictor.card import load_card
from madseg.predictor.source import load_source
from madseg.predictor.wrap import wrap

CARDS = Path(__file__).parent.parent / "real" / "cards"
PHOTOS = 48
MODELS = 6

Dense = NDArray[np.uint8]


def real_folder() -> Path | None:
    """Where the real networks and photographs are, or None."""
    folder = Path(os.environ.get("MADSEG_REAL", Path(__file__).parents[3] / "shared" / "real"))
    return folder if (folder / "models").is_dir() else None


def label_maps(cache: Path) -> tuple[str, list[list[Dense]]]:
    """What the maps are, and per image the (513, 513) uint8 maps of six models.

    Five real networks, and one of them on mirrored photographs as the sixth; made once and kept in `cache`.
    """
    real = real_folder()
    if real is None:
        return "generated maps", [[generated(image, model) for model in range(MODELS)] for image in range(PHOTOS)]
    if not cache.exists():
        maps = np.stack([np.stack(list(_predicted(real, photo))) for photo in photographs(real, PHOTOS)])
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(cache, maps=maps)
    with np.load(cache) as stored:
        return f"maps of real networks on {PHOTOS} photographs", [list(image) for image in stored["maps"]]


def photographs(real: Path, number: int) -> list[Dense]:
    """Photographs on the canonical grid, evenly taken from all there are."""
    files = sorted((real / "photos").iterdir())
    return [canonical(file) for file in files[:: len(files) // number][:number]]


def canonical(file: Path, grid: Size = CANONICAL) -> Dense:
    """(H, W, 3) uint8 RGB of a file on the canonical grid."""
    with Image.open(file) as picture:
        rgb = picture.convert("RGB")
    box = centre_crop(Size(rgb.height, rgb.width), grid)
    corners = (box.left, box.top, box.left + box.width, box.top + box.height)
    return np.asarray(rgb.resize((grid.width, grid.height), Image.Resampling.BILINEAR, box=corners))


def served(real: Path, name: str, threads: int = 2) -> onnxruntime.InferenceSession:
    """A session of a real network in its served form."""
    source = load_source(real / "models" / f"{name}.onnx")
    model = wrap(source.model, load_card(CARDS / f"{name}.yaml"), VOC, (CANONICAL.height, CANONICAL.width))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def names(real: Path) -> Sequence[str]:
    """Names of the real networks."""
    return sorted(path.stem for path in (real / "models").glob("*.onnx"))


_SESSIONS: dict[str, onnxruntime.InferenceSession] = {}


def _predicted(real: Path, photo: Dense) -> list[Dense]:
    maps = []
    for name in names(real):
        session = _SESSIONS.setdefault(name, served(real, name))
        maps.append(session.run(["labels"], {"image": photo[None]})[0][0])
    mirrored = np.ascontiguousarray(photo[None, :, ::-1])
    last = _SESSIONS[names(real)[0]].run(["labels"], {"image": mirrored})[0][0]
    return [*maps, np.ascontiguousarray(last[:, ::-1])]


def generated(image: int, model: int) -> Dense:
    """A map of about a thousand runs: a few large shapes per image, their borders moved a little per model."""
    scene, view = np.random.default_rng(image), np.random.default_rng((image, model))
    y, x = np.mgrid[: CANONICAL.height, : CANONICAL.width]
    dense = np.zeros((CANONICAL.height, CANONICAL.width), np.uint8)
    for _ in range(3):
        label = scene.integers(1, 21) if view.random() < 0.85 else view.integers(1, 21)
        top, left = scene.uniform(60, 450, 2) + view.normal(0, 8, 2)
        height, width = scene.uniform(40, 140, 2) * view.uniform(0.8, 1.2, 2)
        wave = 6 * np.sin((x + y) / scene.uniform(5, 20) + view.uniform(0, 6))
        dense[((y - top) / height) ** 2 + ((x - left + wave) / width) ** 2 < 1] = label
    return dense
