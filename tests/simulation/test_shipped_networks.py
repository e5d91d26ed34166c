"""The networks in `model_repository/` are good in the training domain and fail in the wild."""

from pathlib import Path

import numpy as np
import pytest

from madseg.core.confusion import class_iou, confusion, mean_iou
from madseg.core.label_map import from_dense
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import TRAINING, Scene, render

onnxruntime = pytest.importorskip("onnxruntime", reason="pip install 'madseg[predictor]'")

REPOSITORY = Path(__file__).parents[2] / "model_repository"
NAMES = ("unet", "dilated", "overview", "pyramid")
COUNT = 24


def predicted(name: str, scenes: list[Scene]) -> list[np.ndarray[tuple[int, int], np.dtype[np.uint8]]]:
    """Label maps of a served network: uint8 NHWC in, uint8 labels out."""
    versions = sorted(REPOSITORY.glob(f"{name}/*/model.onnx"))
    if not versions:
        pytest.skip(f"{REPOSITORY / name} is absent: make models, then madseg model add build/models/{name}.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(versions[-1]), options, providers=["CPUExecutionProvider"])
    images = np.stack([scene.image for scene in scenes])
    maps = next(out for out in session.run(None, {session.get_inputs()[0].name: images}) if out.dtype == np.uint8)
    return list(maps)


def image_miou(name: str, mode: str) -> float:
    """Mean of per-image mIoU over fresh images of a mode."""
    scenes = [render(31, index, mode) for index in range(COUNT)]
    pairs = zip(scenes, predicted(name, scenes), strict=True)
    k = len(TAXONOMY)
    return float(np.mean([mean_iou(confusion(from_dense(s.truth), from_dense(m), k)) for s, m in pairs]))


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_good_in_the_training_domain(name: str) -> None:
    """At least 0.7 over all pixels of scenes it never saw."""
    scenes = [render(32, index) for index in range(4 * COUNT)]
    k = len(TAXONOMY)
    pairs = zip(scenes, predicted(name, scenes), strict=True)
    total = np.sum([confusion(from_dense(s.truth), from_dense(m), k) for s, m in pairs], axis=0)
    assert np.nanmean(class_iou(total)) > 0.7


@pytest.mark.parametrize("mode", ["night", "snow", "rolled", "repainted", "poster"])
def test_the_target_fails_in_the_wild(mode: str) -> None:
    """It loses at least 0.2 against the training domain."""
    assert image_miou("unet", mode) < image_miou("unet", TRAINING) - 0.2


def test_a_competitor_sees_at_night_where_the_target_does_not() -> None:
    """Which is what mining by discrepancy lives on."""
    assert image_miou("dilated", "night") > image_miou("unet", "night") + 0.2


def test_no_network_sees_through_a_poster() -> None:
    """The blind spot all share: there mining is worth nothing."""
    assert max(image_miou(name, "poster") for name in NAMES) < 0.4
