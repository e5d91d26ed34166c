"""What labelling shows to Prometheus of masks."""

from madseg.labelling.figures import MASKS, figures
from madseg.ports import Database
from tests.labelling.masking.studio import Studio


def masks(database: Database) -> dict[str, float]:
    """Tasks by their state."""
    return {reading.labels[0]: reading.value for reading in figures(database, lambda: 0) if reading.figure == MASKS}


def test_masks_are_counted_by_their_state(studio: Studio) -> None:
    """As they are made, drawn and accepted."""
    studio.otto.create_mask_tasks(double_share=0)
    assert masks(studio.database)["waiting"] == 5
    studio.accepted(studio.person("ann"), studio.person("ben"))
    studio.drawn(studio.person("ann"))
    found = masks(studio.database)
    assert (found["waiting"], found["submitted"], found["accepted"], sum(found.values())) == (3, 1, 1, 5)
