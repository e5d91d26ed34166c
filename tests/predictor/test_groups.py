"""What a predictor's process does is a setting."""

import pytest

from madseg.core.errors import InvalidInput
from madseg.predictor.__main__ import Config, build, versions
from madseg.runtime import Part, Worker
from tests.contracts.fakes import FakeBlobs, FakeInference, FakeStream


def parts(groups: str) -> list[Part]:
    """The parts of a process."""
    inference = FakeInference({})
    config = Config(groups=groups)
    return build(config, FakeStream(), FakeBlobs(), inference, versions(config, inference))


@pytest.mark.parametrize(("groups", "workers"), [("live,replay", 3), ("live", 2), ("replay", 2), (" replay , live", 3)])
def test_a_process_does_what_its_groups_say(groups: str, workers: int) -> None:
    """A worker for each, and one that learns of the models."""
    assert sum(isinstance(part, Worker) for part in parts(groups)) == workers


@pytest.mark.parametrize("groups", ["", "live,reply", "all"])
def test_a_group_that_is_none_is_refused(groups: str) -> None:
    """At the start, by name."""
    with pytest.raises(InvalidInput, match="MADSEG_GROUPS names live and replay"):
        parts(groups)
