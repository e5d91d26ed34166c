"""What a campaign needs to know of its images' label maps."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from madseg.core.counterexamples import main_class
from madseg.core.label_map import decode
from madseg.core.messages import VersionRef
from madseg.core.taxonomy import SegmentationClass, Taxonomy
from madseg.labelling.neighbours import CandidateSet, Neighbours, Project

THREADS = 8
"""Images asked about at once."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What raters judge: the SHA-256 of the target's label map, and the image's main class; empty: none."""

    sha256: bytes
    main_class: str


def shown(neighbours: Neighbours, chosen: CandidateSet) -> dict[str, Shown]:
    """By image, what its label maps say. An image without the target's map isn't in it.

    Raises:
        Unavailable: the selector doesn't answer.
    """
    taxonomy = _taxonomy(neighbours.project())

    def one(image: str) -> Shown | None:
        return _shown(neighbours.label_maps(image), chosen, taxonomy)

    images = [item.image_id for item in chosen.candidates]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="maps") as pool:
        return {image: found for image, found in zip(images, pool.map(one, images), strict=True) if found is not None}


def _shown(maps: Mapping[VersionRef, bytes], chosen: CandidateSet, taxonomy: Taxonomy) -> Shown | None:
    target = maps.get(chosen.target)
    if target is None:
        return None
    there = [decode(maps[ref]) for ref in (chosen.target, *chosen.competitors) if ref in maps]
    label = main_class(there, taxonomy)
    return Shown(hashlib.sha256(target).digest(), "" if label is None else taxonomy.names[label])


def _taxonomy(project: Project) -> Taxonomy:
    ranked = set(project.ranked)
    classes = zip(project.class_names, project.colours, strict=True)
    return Taxonomy("project", tuple(SegmentationClass(name, colour, name in ranked) for name, colour in classes))
