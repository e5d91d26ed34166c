"""`madseg report --round`."""

from pathlib import Path

import numpy as np
import pytest

from madseg.core.label_map import encode, from_dense
from madseg.security.access import Role
from tests.cli.terminal import Terminal
from tests.gateway.web.canned_rounds import ROUND
from tests.gateway.web.site import Site, site


@pytest.mark.parametrize("round_id", ["newest", ROUND])
def test_a_round_in_one_file(tmp_path: Path, utc: None, round_id: str) -> None:
    """What it says on the terminal and to machines; a round that isn't there is said."""
    with site(tmp_path) as found:
        found.masks.drawn = encode(from_dense(np.zeros((20, 30), np.uint8)))
        madseg = _terminal(found)
        output = tmp_path / "made" / "round.html"
        told = madseg("report", "--round", round_id, "--output", str(output))
        said = madseg("report", "--round", round_id, "--output", str(output), "--json")
        unknown = madseg("report", "--round", "7" * 32)
    assert told.code == 0
    assert "round 1, 1 counterexamples" in " ".join(told.out.split())
    assert said.json == {
        "output": str(output),
        "bytes": output.stat().st_size,
        "round": ROUND,
        "repairs": 1,
    }
    assert "<h1>Round 1 of ours</h1>" in output.read_text()
    assert (unknown.code, "there is no round" in unknown.err) == (1, True)


def _terminal(found: Site) -> Terminal:
    """One who reviews, before the canned services."""
    canned = dict.fromkeys(("MADSEG_INTAKE", "MADSEG_SELECTOR", "MADSEG_MODELS"), found.services.address)
    behind = dict.fromkeys(("MADSEG_LABELLING", "MADSEG_FINETUNE", "MADSEG_ROUNDS"), found.behind)
    return Terminal({**canned, **behind, "MADSEG_TOKEN": found.tokens[Role.REVIEWER]})
