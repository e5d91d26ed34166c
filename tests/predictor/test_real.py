"""Networks that nobody here made: each is taken in with its card and answers as it does unwrapped."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from madseg.core.taxonomy import VOC
from madseg.predictor.add import add_model
from madseg.predictor.card import load_card
from madseg.predictor.probe import load_probe_images
from madseg.predictor.repository import ModelRepository

ROOT = Path(__file__).parents[2]
CARDS = sorted((ROOT / "tests/real/cards").glob("*.yaml"))
MODELS = Path(os.environ.get("MADSEG_REAL", ROOT.parent / "shared/real")) / "models"
GRID = (513, 513)


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_real_network_is_served_as_it_is(path: Path, tmp_path: Path) -> None:
    """99.9 % of the labels on the worst picture, entropy to a thousandth of a nat, more than one class."""
    network = MODELS / f"{path.stem}.onnx"
    if not network.exists():
        pytest.skip(f"needs {network.name}: set MADSEG_REAL to the folder that has models/")

    added = add_model(
        network,
        load_card(path),
        ModelRepository(tmp_path),
        VOC,
        GRID,
        datetime(2026, 1, 2, tzinfo=UTC),
        load_probe_images(GRID)[1:3],
    )

    assert added.report.agreement >= 0.999
    assert (added.report.entropy_error or 0.0) <= 1e-3
    assert added.report.warnings == ()
