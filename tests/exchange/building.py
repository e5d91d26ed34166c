"""Taxonomies, and writing and reading masks in one go."""

from collections.abc import Iterable
from pathlib import Path

from madseg.core.label_map import LabelMap
from madseg.core.taxonomy import Taxonomy, taxonomy_of
from madseg.exchange import FORMATS, NamedMask, Policy, Refused
from madseg.exchange.cityscapes import EVALUATED, NAMES

PETS = taxonomy_of("pets", ["background", "cat", "dog", "eel"])
BARE = taxonomy_of("bare", ["cat", "dog", "eel", "fox"])
"""Without a background: gaps are void."""
ROADS = taxonomy_of("roads", [NAMES[number] for number in EVALUATED][:4])

FILES = {"coco": "a.json", "cvat-mask": "a.zip", "cvat-xml": "a.xml", "label-studio": "a.json"}
"""Formats that are one file, and what it may be called."""

COCO_CATEGORIES = [{"id": 3, "name": "cat"}, {"id": 9, "name": "dog"}]


def place(root: Path, form: str) -> Path:
    """Where a format writes to."""
    return root / FILES.get(form, "folder")


def taxonomy_for(form: str) -> Taxonomy:
    """A taxonomy of four classes that a format can hold."""
    return ROADS if form == "cityscapes" else PETS


def write(form: str, where: Path, masks: Iterable[NamedMask], taxonomy: Taxonomy, *, overwrite: bool = False) -> None:
    """Writes all masks."""
    with FORMATS[form].writer(where, taxonomy, overwrite=overwrite) as writer:
        for mask in masks:
            writer.write(mask)


def read(form: str, where: Path, taxonomy: Taxonomy = PETS, policy: Policy | None = None) -> dict[str, LabelMap | str]:
    """Label maps, or the reasons of refusals, by name."""
    found = FORMATS[form].read(where, taxonomy, policy or Policy())
    return {item.name: item.reason if isinstance(item, Refused) else item.label_map for item in found}
