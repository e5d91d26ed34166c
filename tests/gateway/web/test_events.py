"""Server-sent events."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from madseg.gateway.http_server import GRACE_SECONDS
from madseg.gateway.web.polling import MAX_LISTENERS_EACH
from madseg.security.access import Role, remove_token
from tests.gateway.web.site import Site
from tests.gateway.web.site import site as started

BUS = {"target": "ours", "competitor": "theirs", "defender": "target", "class": "bus"}
EVENTS = "/api/ranking/events"


def events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """(event, data) as they come; a comment is ("", the comment)."""
    name = ""
    for line in answer.iter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)
        elif line.startswith(":"):
            yield "", line


def asked(site: Site) -> int:
    """How often the ranking was asked for."""
    return len(site.services.selector.asked)


def test_a_thing_comes_now_and_when_it_changes(site: Site) -> None:
    """And not in between."""
    with site.visit(Role.REVIEWER) as client, client.stream("GET", EVENTS, params={**BUS, "top": 3}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        heard = events(answer)
        name, first = next(heard)
        assert (name, first["revision"], len(first["entries"])) == ("ranking", 7, 3)
        site.services.selector.revision = 8
        name, second = next(heard)
        assert (name, second["revision"]) == ("ranking", 8)


def test_many_listeners_cost_one_question(site: Site) -> None:
    """And no thread each; none is asked once the last has gone."""
    with site.visit(Role.REVIEWER) as client, site.visit(Role.OPERATOR) as other:
        streams = [somebody.stream("GET", EVENTS, params=BUS) for somebody in (client, other) for _ in range(8)]
        before = threading.active_count()
        heard = [events(stream.__enter__()) for stream in streams]
        assert [next(item)[1]["revision"] for item in heard] == [7] * 16
        assert threading.active_count() - before <= 16
        first, began = asked(site), time.monotonic()
        time.sleep(2.5)
        assert asked(site) - first <= time.monotonic() - began + 1
        for stream in streams:
            stream.__exit__(None, None, None)
    deadline = time.monotonic() + 5
    while True:
        now = asked(site)
        time.sleep(1.5)
        if asked(site) == now:
            break
        assert time.monotonic() < deadline


def test_listeners_are_bounded(site: Site) -> None:
    """One more is told to come back; one that goes makes room."""
    with site.visit(Role.REVIEWER) as client:
        streams = [client.stream("GET", EVENTS, params=BUS) for _ in range(MAX_LISTENERS_EACH)]
        heard = [events(stream.__enter__()) for stream in streams]
        assert all(next(item)[0] == "ranking" for item in heard)
        refused = client.get(EVENTS, params=BUS)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        streams.pop().__exit__(None, None, None)
        time.sleep(0.3)
        with client.stream("GET", EVENTS, params=BUS) as answer:
            assert next(events(answer))[0] == "ranking"
        for stream in streams:
            stream.__exit__(None, None, None)


def test_a_refusal_is_no_stream(site: Site) -> None:
    """What fails at the first question is a plain answer."""
    with site.visit(Role.REVIEWER) as client:
        answer = client.get(EVENTS, params={**BUS, "defender": "nobody"})
    assert (answer.status_code, answer.json()["field"]) == (400, "defender")


def test_silence_has_a_heartbeat(tmp_path: Path) -> None:
    """A comment, which listeners pass over."""
    with (
        started(tmp_path, heartbeat=0.1) as site,
        site.visit(Role.REVIEWER) as client,
        client.stream("GET", EVENTS, params=BUS) as answer,
    ):
        heard = events(answer)
        assert [next(heard)[0], next(heard)] == ["ranking", ("", ": still here")]


def test_a_removed_token_ends_its_stream(tmp_path: Path) -> None:
    """The others go on."""
    with (
        started(tmp_path, heartbeat=0.1) as site,
        site.visit(Role.REVIEWER) as one,
        site.visit(Role.OPERATOR) as two,
        one.stream("GET", EVENTS, params=BUS) as first,
        two.stream("GET", EVENTS, params=BUS) as second,
    ):
        heard, others = events(first), events(second)
        assert [next(heard)[0], next(others)[0]] == ["ranking", "ranking"]
        remove_token(site.file, "the reviewer")
        assert all(name == "" for name, _ in heard)  # it ends
        site.services.selector.revision = 9
        assert next(data["revision"] for name, data in others if name) == 9


def test_trouble_is_told_once_and_ends(site: Site) -> None:
    """As an event of its own, and the thing comes again when its part does."""
    selector = site.services.selector
    with site.visit(Role.REVIEWER) as client, client.stream("GET", EVENTS, params=BUS) as answer:
        heard = events(answer)
        next(heard)
        selector.trouble = "the database is restarting"
        name, problem = next(heard)
        assert (name, problem["status"], problem["detail"]) == ("problem", 503, "the database is restarting")
        selector.trouble = ""
        assert next(heard)[0] == "ranking"


def test_a_stop_ends_all_streams(tmp_path: Path) -> None:
    """At once, not after the server's patience."""
    with started(tmp_path) as site, site.visit(Role.REVIEWER) as client:
        stream = client.stream("GET", EVENTS, params=BUS)
        heard = events(stream.__enter__())
        next(heard)
        began = time.monotonic()
        site.pages.stop()
        assert list(heard) == []
        assert time.monotonic() - began < GRACE_SECONDS
        assert client.get(EVENTS, params=BUS).status_code == 503
        stream.__exit__(None, None, None)
