"""What mining is worth, by hand."""

from madseg.client import Candidate, Defender, Placement, RankingKey, Version
from madseg.demo.judging import Judged, judge, worth
from tests.builders import label_map

NAMES = ("ground", "car", "dog", "elk")


def candidate(image_id: str, *classes: str) -> Candidate:
    keys = (RankingKey(Version("a", 1), Version("b", 1), Defender.TARGET, name) for name in classes)
    return Candidate(1, image_id, 0.9, tuple(Placement(key, 1, 0.9) for key in keys), ())


def test_a_prediction_is_judged_by_the_truth() -> None:
    """Its true mIoU, whether that is a failure, and the classes that either shows."""
    right = judge("a", label_map("..cc"), label_map("..cc"), NAMES)
    wrong = judge("b", label_map("...."), label_map("ccc."), NAMES)
    assert (right.true_miou, right.failed, right.classes) == (1.0, False, frozenset({"ground", "car"}))
    assert (wrong.true_miou, wrong.failed) == (0.125, True)


def test_worth_compares_mined_failures_with_drawing_at_random() -> None:
    """Two failures among 100 images: finding both at random takes 100 looks, mining took the three it proposed."""
    judged = {f"{n}": Judged(f"{n}", 0.1 if n < 2 else 0.9, frozenset({"car"})) for n in range(100)}
    (row,) = worth([candidate("0", "car"), candidate("1", "car", "dog"), candidate("5", "car")], judged, ["car"])
    assert (row.mined, row.mined_failures, row.failures, row.images) == (3, 2, 2, 100)
    assert row.at_random == 100.0


def test_a_class_without_failures_has_no_price() -> None:
    """Nothing to find is not the same as found for nothing."""
    judged = {"0": Judged("0", 0.9, frozenset({"car"}))}
    (row,) = worth([candidate("0", "car")], judged, ["car"])
    assert row.at_random is None
