"""The comparison of the served form with the unwrapped network: what passes, and what each refusal says."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from madseg.core.errors import InvalidModel
from madseg.predictor.card import ModelCard
from madseg.predictor.check import Report, check
from madseg.predictor.probe import load_probe_images
from madseg.predictor.reference import bilinear, mean_entropy, nearest
from madseg.predictor.wrap import wrap
from tests.predictor.networks import COLOURS, GRID, card, network, noise, picture

PICTURES = [picture(), noise(1), noise(2)]


def compare(folder: Path, bare: onnx.ModelProto, served: onnx.ModelProto, of: ModelCard) -> Report:
    """`check` of two networks, the second wrapped."""
    path = folder / "net.onnx"
    onnx.save(bare, path)
    return check(path, wrap(served, of, COLOURS, GRID).SerializeToString(), of, COLOURS, GRID, PICTURES)


def ended_by(operator: str, constant: float) -> onnx.ModelProto:
    """The network with one more operation on its answer."""
    model = network()
    model.graph.node[-1].CopyFrom(helper.make_node(operator, [model.graph.node[-1].input[0], "last"], ["answer"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array(constant, np.float32), "last"))
    return model


def test_equal_networks_agree_fully(tmp_path: Path) -> None:
    """The report has the figures, the classes answered, and no warning."""
    report = compare(tmp_path, network(stride=2), network(stride=2), card())

    assert (report.images, report.agreement, report.warnings) == (3, 1.0, ())
    assert report.classes == COLOURS.names
    assert report.entropy_error is not None
    assert report.entropy_error < 1e-6
    assert report.figures().keys() == {"images", "agreement", "mean_agreement", "entropy_error"}


def test_times_come_from_the_clock(tmp_path: Path) -> None:
    """Medians in milliseconds: the clock ticks a quarter of a second at each look."""
    ticks = iter(number / 4 for number in range(100))
    onnx.save(network(), tmp_path / "net.onnx")
    served = wrap(network(), card(), COLOURS, GRID).SerializeToString()

    report = check(tmp_path / "net.onnx", served, card(), COLOURS, GRID, PICTURES, clock=lambda: next(ticks))

    assert (report.bare_ms, report.served_ms) == (250.0, 250.0)


def test_another_network_is_told_by_its_labels(tmp_path: Path) -> None:
    """The message has worst and mean share and what was wanted."""
    with pytest.raises(InvalidModel, match=r"worst of 3 pictures .* gives \d+\.\d+% of .* \(mean .*; wanted 99\.9%\)"):
        compare(tmp_path, network(), network(colour="BGR"), card())


def test_another_temperature_is_told_by_its_entropy(tmp_path: Path) -> None:
    """Equal labels, other logits."""
    with pytest.raises(InvalidModel, match=r"the served entropy is off by 0\.\d+ nats \(allowed 0\.001\)"):
        compare(tmp_path, network(), ended_by("Mul", 2.0), card())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    """With their share, the picture, and where to look."""
    model = ended_by("Add", value)

    with pytest.raises(InvalidModel, match=r"100\.00% of the logits on picture 1 are not finite numbers: check scale"):
        compare(tmp_path, model, model, card())


def test_probabilities_given_out_for_logits_are_refused(tmp_path: Path) -> None:
    """A softmax would be taken twice."""
    model = network(answer="probabilities")

    with pytest.raises(InvalidModel, match=r"are probabilities \(they add up to 1\): say card\.output\.kind: prob"):
        compare(tmp_path, model, model, card())


def test_logits_given_out_for_probabilities_are_refused(tmp_path: Path) -> None:
    """They don't add up to 1."""
    with pytest.raises(InvalidModel, match=r"the probabilities on picture 1 don't add up to 1 .*: say .*kind: logits"):
        compare(tmp_path, network(), network(), card(output={"kind": "probabilities"}))


def test_labels_beyond_the_card_are_refused(tmp_path: Path) -> None:
    """The message names the first and both ways out."""
    model = network(answer="labels")
    given = card(classes=["dark", "red", "green"], output={"kind": "labels"})

    with pytest.raises(
        InvalidModel, match=r"answers label 3, the card lists 3 classes \(0\.\.2\): add the classes, or"
    ):
        compare(tmp_path, model, model, given)


def test_labels_in_the_card_s_void_are_fine(tmp_path: Path) -> None:
    """They are answered as void."""
    model = network(answer="labels")
    given = card(classes=["dark", "red", "green"], output={"kind": "labels"}, void=[3])

    assert compare(tmp_path, model, model, given).classes == ("dark", "red", "green")


def test_labels_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    """Logits with a single channel look like a label map."""
    model = network(classes=["red"])

    with pytest.raises(InvalidModel, match=r"labels are not whole numbers: is its output logits\?"):
        compare(tmp_path, model, model, card(output={"kind": "labels"}))


def test_a_constant_answer_is_warned_of(tmp_path: Path) -> None:
    """The wrong scale: bytes taken for 0..1, so that all is dark."""
    given = card(input={"scale": 1.0e-6})

    report = compare(tmp_path, network(), network(), given)

    assert report.classes == ("dark",)
    assert report.warnings[0].startswith("the network answers 'dark' for every pixel of all 3 pictures")


def test_a_served_form_of_another_card_is_refused(tmp_path: Path) -> None:
    """What was wrapped must be what is checked."""
    onnx.save(network(), tmp_path / "net.onnx")
    served = wrap(network(), card(), COLOURS, GRID).SerializeToString()

    with pytest.raises(InvalidModel, match=r"made with another card \(input\.mean\)"):
        check(tmp_path / "net.onnx", served, card(input={"mean": [1, 1, 1]}), COLOURS, GRID, PICTURES)


def test_an_unwrapped_file_is_refused(tmp_path: Path) -> None:
    """It has no metadata of ours."""
    onnx.save(network(), tmp_path / "net.onnx")

    with pytest.raises(
        InvalidModel, match=r"is not in the served form: give the network and its card to `madseg model"
    ):
        check(tmp_path / "net.onnx", network().SerializeToString(), card(), COLOURS, GRID, PICTURES)


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], r"at least one picture, got none"),
        ([np.zeros((5, 5, 3), np.uint8)], r"must be uint8 \[24, 32, 3\] \(the canonical grid\), got uint8 \[5, 5, 3\]"),
        ([np.zeros((*GRID, 3), np.float32)], r"got float32"),
    ],
)
def test_pictures_off_the_grid_are_refused(tmp_path: Path, pictures: list[np.ndarray], message: str) -> None:
    """Shape and type stand in the message."""
    onnx.save(network(), tmp_path / "net.onnx")
    served = wrap(network(), card(), COLOURS, GRID).SerializeToString()

    with pytest.raises(InvalidModel, match=message):
        check(tmp_path / "net.onnx", served, card(), COLOURS, GRID, pictures)


def test_half_precision_networks_agree(tmp_path: Path) -> None:
    """Float16 in and out."""
    model = network(dtype=TensorProto.FLOAT16, stride=2)

    assert compare(tmp_path, model, model, card()).agreement >= 0.999


def test_bilinear_keeps_a_ramp() -> None:
    """Half-pixel: values at the new centres, clamped at the border; aligned corners: from corner to corner."""
    ramp = np.array([[[0.0, 1.0]]])

    assert bilinear(ramp, (1, 4))[0, 0].tolist() == [0.0, 0.25, 0.75, 1.0]
    assert bilinear(ramp, (1, 5), align_corners=True)[0, 0].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_nearest_takes_the_pixel_under_the_centre() -> None:
    """Three to two: the centres 0.75 and 2.25."""
    assert nearest(np.array([[10, 20, 30]], np.uint8), (1, 2)).tolist() == [[10, 30]]


def test_mean_entropy_is_in_nats() -> None:
    """Half certain, half undecided between two."""
    logits = np.array([[[0.0, 1000.0]], [[0.0, 0.0]]], np.float32)

    assert mean_entropy(logits, "logits") == pytest.approx(np.log(2) / 2)


@pytest.mark.parametrize("grid", [(513, 513), (128, 96)])
def test_probe_pictures_come_on_the_grid(grid: tuple[int, int]) -> None:
    """Four different ones, of all brightnesses."""
    pictures = load_probe_images(grid)

    assert [(each.shape, each.dtype.name) for each in pictures] == [((*grid, 3), "uint8")] * 4
    assert all(np.ptp(each) > 150 for each in pictures)
    assert len({each.tobytes() for each in pictures}) == 4
