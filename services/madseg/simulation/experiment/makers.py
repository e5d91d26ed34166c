"""The networks of one seed: the four shipped designs, made small and quick, trained in the seed's own world."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from madseg.simulation.experiment.pictures import TARGET
from madseg.simulation.experiment.settings import Settings
from madseg.simulation.models import export
from madseg.simulation.networks import NETWORKS
from madseg.simulation.ship import ship
from madseg.simulation.train import COURSES, train
from madseg.simulation.world import World

COMPETITORS = tuple(name for name in NETWORKS if name != TARGET)

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""When every version was added: the same seed gives the same files."""


def make_networks(folder: Path, seed: int, world: World, settings: Settings) -> Path:
    """Trains and wraps what isn't there yet; returns the model repository, which has version 1 of each network."""
    root, bare = folder / "models", folder / "trained"
    for name in NETWORKS:
        if not (bare / f"{name}.yaml").exists():
            epochs = settings.target_epochs if name == TARGET else settings.epochs
            course = replace(COURSES[name], scenes=settings.scenes, epochs=epochs)
            export(train(name, world, seed, course), name, bare)
    if not all((root / name / "1" / "model.onnx").exists() for name in NETWORKS):
        ship(bare, root, _EPOCH)
    return root
