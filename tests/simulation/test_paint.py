"""The painter's truth is exact, and a camera moves it as it moves the picture."""

import math

import numpy as np

from madseg.core.taxonomy import VOID
from madseg.simulation.drawing import Camera, Drawing, Fill
from madseg.simulation.paint import develop, paint
from madseg.simulation.taxonomy import BIRD, CAR, KEEP

RED, BLUE = Fill((1.0, 0.0, 0.0)), Fill((0.0, 0.0, 1.0))


def box() -> Drawing:
    drawing = Drawing()
    drawing.box(30.0, 40.0, 50.0, 52.0, RED, CAR)
    return drawing


def test_a_box_on_the_grid_has_exactly_its_pixels() -> None:
    """20 x 12 pixels, in the picture and in the truth."""
    picture, truth = paint(box(), Camera())
    expected = np.zeros((128, 128), bool)
    expected[40:52, 30:50] = True
    assert np.array_equal(truth == CAR, expected)
    assert np.array_equal(picture[..., 0] > 0.99, expected)


def test_an_edge_within_a_pixel_is_mixed_and_belongs_to_who_covers_half() -> None:
    """Smooth in the picture, crisp in the truth."""
    drawing = Drawing()
    drawing.box(10.25, 10.0, 20.75, 20.0, RED, CAR)
    picture, truth = paint(drawing, Camera())
    assert truth[15, 10] == truth[15, 20] == CAR
    assert np.isclose(picture[15, 10, 0], 0.75, atol=0.01)
    assert truth[15, 9] == truth[15, 21] == 0


def test_an_ellipse_has_its_area() -> None:
    """Within three per cent of pi times its half axes."""
    drawing = Drawing()
    drawing.ellipse(64.0, 64.0, 30.0, 14.0, RED, BIRD, turned=0.6)
    _, truth = paint(drawing, Camera())
    assert math.isclose((truth == BIRD).sum(), math.pi * 30 * 14, rel_tol=0.03)


def test_later_shapes_cover_earlier_ones_unless_they_keep_the_truth() -> None:
    """A shadow darkens and claims nothing; void is a label as any other."""
    drawing = box()
    drawing.box(30.0, 40.0, 40.0, 52.0, BLUE, KEEP)
    drawing.box(40.0, 40.0, 50.0, 46.0, BLUE, VOID)
    picture, truth = paint(drawing, Camera())
    assert (truth == CAR).sum() == 20 * 12 - 10 * 6
    assert (truth == VOID).sum() == 10 * 6
    assert picture[50, 35, 2] > 0.99


def test_a_camera_magnifies_and_rolls() -> None:
    """Twice as near is four times the area; on its side, width and height are exchanged."""
    _, near = paint(box(), Camera(40.0, 46.0, zoom=2.0))
    _, lying = paint(box(), Camera(40.0, 46.0, roll=math.pi / 2))
    assert (near == CAR).sum() == 4 * 20 * 12
    rows, columns = np.nonzero(lying == CAR)
    assert [int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1] == [20, 12]


def test_light_dims_what_does_not_glow() -> None:
    """A lit window stays as bright at night."""
    drawing = box()
    drawing.box(80.0, 40.0, 90.0, 50.0, RED._replace(glows=True), CAR)
    picture, _ = paint(drawing, Camera(), light=(0.25, 0.3, 0.5))
    assert np.isclose(picture[45, 35, 0], 0.25)
    assert np.isclose(picture[45, 85, 0], 1.0)


def test_developing_adds_no_more_noise_than_asked_for() -> None:
    """And the same noise for the same salt."""
    picture = np.full((128, 128, 3), 0.5, np.float32)
    image = develop(picture, 0.02, salt=3)
    assert np.abs(image.astype(int) - 128).max() <= 6
    assert image.std() > 1
    assert np.array_equal(image, develop(picture, 0.02, salt=3))
