"""What every version of the target says of the whole stream, and how true that is."""

from collections.abc import Mapping
from dataclasses import dataclass

from madseg.client import Client, Version
from madseg.core.confusion import confusion, mean_iou
from madseg.core.label_map import decode
from madseg.demo.world import Known
from madseg.simulation.taxonomy import TAXONOMY


@dataclass(frozen=True)
class Answers:
    """A version's label maps in wire form and their true mIoU in [0, 1], both by image id."""

    wires: Mapping[str, bytes]
    mious: Mapping[str, float]


def answers_of(client: Client, model: str, known: Mapping[str, Known]) -> dict[Version, Answers]:
    """The answers of each version of a model that has one for every image of `known`."""
    wires: dict[Version, dict[str, bytes]] = {}
    for image_id in known:
        for stored in client.label_maps(image_id):
            if stored.version.model == model:
                wires.setdefault(stored.version, {})[image_id] = stored.label_map
    whole = {version: found for version, found in wires.items() if len(found) == len(known)}
    return {version: Answers(found, _judged(found, known)) for version, found in sorted(whole.items())}


def _judged(wires: Mapping[str, bytes], known: Mapping[str, Known]) -> dict[str, float]:
    return {
        image_id: mean_iou(confusion(known[image_id].truth, decode(wire), len(TAXONOMY)))
        for image_id, wire in wires.items()
    }
