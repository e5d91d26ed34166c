"""Whatever is sent to whichever route, it is answered by a problem that names the fault."""

import json
import os

import pytest

from madseg.core.preprocess import Size
from madseg.gateway.web.application import Pages, Settings
from madseg.gateway.web.callers import Door
from madseg.security.access import Tokens
from tests.fuzz.browsing import Visitor, routes
from tests.pipeline.running import Up
from tests.pipeline.world import TAXONOMY

CALLS = 15_000 if os.environ.get("MADSEG_SOAK") else 1_000


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_no_request_is_answered_by_an_internal_error(up: Up, tokens: list[str | None]) -> None:
    """Random paths, queries and bodies, in the name of an admin and of nobody."""
    door = Door(Tokens(up.state / "tokens.json"), insecure=False)
    pages = Pages(Settings(door, lambda _: up.client, TAXONOMY, Size(24, 32), dict))
    asked = routes(pages.routers)
    http = json.loads(up.endpoints.read_text())["http"]
    visitor = Visitor(http, asked, 1, tokens)
    visitor.ask(CALLS)
    known = {f"{method} {route.path}" for route in asked for method in route.methods or ()}
    print(f"{visitor.codes.total()} requests to {len(asked)} routes: {dict(visitor.codes.most_common())}")
    print("never answered:", sorted(known - visitor.answered))
    assert not visitor.faults, "\n".join(map(str, visitor.faults[:20]))
    assert visitor.codes[200] > 0.05 * CALLS, "next to nothing was said that the pages understood"
    assert "Traceback" not in up.log.read_text()
    assert up.terminate() == 0
