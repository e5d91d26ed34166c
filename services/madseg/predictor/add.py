"""From a stranger's network to a model in the repository: read, wrap, check, write.

The command line and the Models service both come through here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from madseg.core.messages import VersionRef
from madseg.core.taxonomy import Taxonomy
from madseg.predictor.card import ModelCard
from madseg.predictor.check import Report, check
from madseg.predictor.probe import load_probe_images
from madseg.predictor.reference import Bytes
from madseg.predictor.repository import ModelRepository, TryOut, untried
from madseg.predictor.source import load_source
from madseg.predictor.wrap import wrap

Verify = Callable[[Path, ModelCard, Taxonomy, tuple[int, int], Sequence[Bytes] | None], tuple[bytes, Report]]
"""What reads, wraps and checks a network: `verified` here and now, `Apart` where the network is a stranger's."""


@dataclass(frozen=True)
class Added:
    """A version that was taken in, and how its served form compared with the network."""

    name: str
    version: int
    report: Report
    tried: tuple[str, ...] = ()
    """What its trial found, if it had one."""


def verified(
    source: Path, card: ModelCard, taxonomy: Taxonomy, grid: tuple[int, int], images: Sequence[Bytes] | None = None
) -> tuple[bytes, Report]:
    """The served form of a network and how it compared; nothing is written. Arguments and errors as `add_model`."""
    read = load_source(source)
    served = wrap(read.model, card, taxonomy, grid, source_sha256=read.sha256).SerializeToString()
    pictures = load_probe_images(grid) if images is None else images
    return served, check(source, served, card, taxonomy, grid, pictures)


def add_model(
    source: Path,
    card: ModelCard,
    repository: ModelRepository,
    taxonomy: Taxonomy,
    grid: tuple[int, int],
    now: datetime,
    images: Sequence[Bytes] | None = None,
    *,
    verify: Verify = verified,
    trial: Callable[[VersionRef, Path], str] | None = None,
) -> Added:
    """Wrap a network, check the result, and add it as a new model.

    Args:
        source: the network's ONNX file.
        grid: (height, width) of the canonical grid, in pixels.
        now: when it is added; with a time zone.
        images: (H,W,3) uint8 RGB on the grid to check on; default: the shipped probe pictures.
        verify: what reads and checks it.
        trial: what it must pass where it will serve, and a sentence on that.

    Raises:
        InvalidModel: the network can't be served, or not verified; nothing was written.
        AlreadyExists: the name is taken, or there is a target already.
    """
    served, report = verify(source, card, taxonomy, grid, images)
    tried, noting = _noting(trial)
    version = repository.add(served, created=now.isoformat(), check=report.figures(), trial=noting)
    return Added(card.name, version, report, tuple(tried))


def release_model(
    source: Path,
    name: str,
    repository: ModelRepository,
    taxonomy: Taxonomy,
    grid: tuple[int, int],
    now: datetime,
    images: Sequence[Bytes] | None = None,
    *,
    verify: Verify = verified,
    card: ModelCard | None = None,
    parent: int | None = None,
    trial: Callable[[VersionRef, Path], str] | None = None,
    key: str | None = None,
) -> Added:
    """Wrap a network, check the result, and add it as the next version of a model; arguments as `add_model`.

    Args:
        card: where the new network differs from the version before; default: that version's card.
        parent: the version it was made from; default: the newest.
        key: a second release with it is the first one's, and writes nothing.

    Raises:
        InvalidModel: as `add_model`, or the version doesn't fit the model; nothing was written.
        NotFound: no such model or parent.
        AlreadyExists: another network was released with the key, or from another parent.
    """
    stored = repository.card(name)
    given = replace(card or stored, name=name, role=stored.role)
    served, report = verify(source, given, taxonomy, grid, images)
    tried, noting = _noting(trial)
    version = repository.release(
        name, served, created=now.isoformat(), parent=parent, check=report.figures(), trial=noting, key=key
    )
    return Added(name, version, report, tuple(tried))


def _noting(trial: Callable[[VersionRef, Path], str] | None) -> tuple[list[str], TryOut]:
    """A list, and a trial that puts into it what was found."""
    tried: list[str] = []
    return tried, untried if trial is None else lambda ref, path: tried.append(trial(ref, path))
