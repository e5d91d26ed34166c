"""`madseg labels` against a labelling service over a real database: out comes what went in, in every format."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from madseg.adapters.databases import open_database
from madseg.client.values.masks import MaskTaskState
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.taxonomy import VOC, Taxonomy
from madseg.exchange import FORMATS, NamedMask
from madseg.labelling.neighbours import Project
from madseg.security.access import Role
from tests.cli.terminal import Terminal
from tests.exchange.building import ROADS, place, read, write
from tests.labelling.fakes import GRID, FakeNeighbours
from tests.labelling.masking.studio import CROP, SIZE, VOID, add_lane
from tests.labelling.serving import Served, serving
from tests.labelling.speaking import speaking

IMAGES = range(100, 104)


class Classes(FakeNeighbours):
    """A project of any taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        super().__init__()
        self.taxonomy = taxonomy

    def project(self) -> Project:
        names, colours = self.taxonomy.names, tuple(item.colour for item in self.taxonomy.classes)
        return Project(names, tuple(names[label] for label in self.taxonomy.ranked), colours, GRID)


def drawn(taxonomy: Taxonomy, image_ids: list[str]) -> Mapping[str, LabelMap]:
    """A mask of an image each: patches of every class and of void, void outside of what the models see."""
    rng, made = np.random.default_rng(7), {}
    for image_id in image_ids:
        pixels = np.full((SIZE.height, SIZE.width), VOID, np.uint8)
        patches = rng.choice([*range(len(taxonomy)), VOID], (CROP.height // 4, CROP.width // 4))
        inside = np.s_[CROP.top : CROP.top + CROP.height, CROP.left : CROP.left + CROP.width]
        pixels[inside] = np.kron(patches, np.ones((4, 4), np.uint8))
        made[image_id] = from_dense(pixels)
    return made


def terminal(served: Served, around: str) -> Terminal:
    """Commands of somebody who draws and may take masks out."""
    token = served.token("ann", Role.ANNOTATOR)
    addresses = {"MADSEG_INTAKE": around, "MADSEG_SELECTOR": around, "MADSEG_LABELLING": served.address}
    return Terminal({**addresses, "MADSEG_TOKEN": token})


@pytest.mark.parametrize("form", list(FORMATS))
def test_masks_go_in_are_accepted_and_come_out_as_they_were(form: str, tmp_path: Path, utc: None) -> None:
    """An import that was cut off, with the service that took its first half, is gone on with by the same command: each
    mask is one revision. What somebody else then accepts comes out to the pixel."""
    around = Classes(ROADS if form == "cityscapes" else VOC)
    ids = [add_lane(around, number) for number in IMAGES]
    masks = drawn(around.taxonomy, ids)
    for name, some in (("half", ids[:2]), ("all", ids)):
        write(form, place(tmp_path / name, form), [NamedMask(x, masks[x]) for x in some], around.taxonomy)
    url = f"sqlite:///{tmp_path}/labelling.db"
    with speaking(around) as others:
        for name, few in (("half", 2), ("all", 4)):
            database = open_database(url, "labelling")
            with serving(database, around, tmp_path) as served:
                served.client("otto").add_mask_tasks(ids, "random_lane")
                answer = terminal(served, others)("labels", "import", form, place(tmp_path / name, form))
                assert (answer.code, answer.out) == (0, f"Masks: {few} taken in; 0 refused.")
            database.close()
        database = open_database(url, "labelling")
        with serving(database, around, tmp_path) as served:
            tasks = list(served.client("otto").mask_tasks())
            assert [(item.state, item.revision) for item in tasks] == [(MaskTaskState.SUBMITTED, 1)] * 4
            rita = served.client("rita")
            while (task := rita.take_review()) is not None:
                rita.decide_review(task.id, 1, "accept")
            where = place(tmp_path / "out", form)
            answer = terminal(served, others)("labels", "export", form, where)
            assert (answer.code, answer.out) == (0, "Masks: 4 written; 0 refused.")
            assert masks == read(form, where, around.taxonomy)
            again = terminal(served, others)("labels", "import", form, where)
            assert (again.code, again.out) == (0, "Masks: 4 taken in; 0 refused.")
            assert {item.revision for item in served.client("otto").mask_tasks()} == {1}
        database.close()
