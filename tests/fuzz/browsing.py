"""Random requests to the routes of the pages' API, and what each answered."""

import json
import random
import re
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel

from madseg.gateway.web.bodies import Body
from tests.fuzz.requests import text

SECONDS = 60.0
"""How long an answer may take."""


@dataclass(frozen=True)
class Fault:
    """An answer that should not be."""

    request: str
    status: int
    said: str


def routes(routers: tuple[APIRouter, ...]) -> list[APIRoute]:
    """The routes that answer and end: events go on for ever."""
    found = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return [route for route in found if not route.path.endswith("/events")]


class Visitor:
    """Asks at random, one request after the other; `faults`, `codes` and `answered` say what came of it."""

    def __init__(self, url: str, asked: list[APIRoute], seed: int, tokens: list[str | None]) -> None:
        self._url, self._asked, self._chance, self._tokens = url, asked, random.Random(seed), tokens
        self._seen: dict[str, deque[Any]] = defaultdict(lambda: deque(maxlen=40))
        self.faults: list[Fault] = []
        self.codes: Counter[int] = Counter()
        self.answered: set[str] = set()

    def ask(self, count: int) -> None:
        """Sends so many requests."""
        with httpx.Client(base_url=self._url, trust_env=False, timeout=SECONDS) as client:
            for route in self._chance.choices(self._asked, k=count):
                self._send(client, route)

    def _send(self, client: httpx.Client, route: APIRoute) -> None:
        method = self._chance.choice(sorted(route.methods or {"GET"}))
        request = client.build_request(
            method,
            "/api" + re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: self._part(found[1]), route.path),
            params={item.alias: self._word(item.alias) for item in route.dependant.query_params if self._toss()},
            headers=self._headers(),
            content=None if method == "GET" else self._content(),
        )
        answer = client.send(request)
        self.codes[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            self.faults.append(Fault(f"{method} {request.url}"[:300], answer.status_code, answer.text[:300]))
        elif answer.is_success:
            self.answered.add(f"{method} {route.path}")
        if answer.headers.get("content-type", "").startswith("application/json"):
            self._learn(answer.json())

    def _headers(self) -> dict[str, str]:
        token = self._chance.choice(self._tokens)
        shown = {"authorization": f"Bearer {token}"} if token else {}
        return {**shown, "X-Madseg": "1"} if self._chance.random() < 0.9 else shown

    def _content(self) -> bytes:
        way = self._chance.random()
        if way < 0.1:
            return self._chance.randbytes(self._chance.randint(0, 2000))
        kind = self._chance.choice(Body.__subclasses__())
        data = json.dumps(self._object(kind)).encode()
        return data[: self._chance.randint(0, len(data))] if way < 0.2 else data

    def _object(self, kind: type[BaseModel]) -> dict[str, Any]:
        return {
            name: self._value(name, str(item.annotation)) for name, item in kind.model_fields.items() if self._toss()
        }

    def _value(self, name: str, kind: str) -> Any:
        if self._toss(0.1):
            return self._chance.choice((None, [], {}, True, -1, 1e308, "x", [[]] * 3))
        if "float" in kind:
            return self._chance.choice((0, 0.5, 1, 2, -1.0, 1e300))
        if "int" in kind:
            return self._chance.choice((0, 1, 2, 3, 5, 40, 10**6, 2**32, -1, 2**70))
        if "bool" in kind:
            return self._toss()
        word = self._word(name)
        return [word] * self._chance.randint(0, 3) if "tuple" in kind or "list" in kind else word

    def _part(self, name: str) -> str:
        """One segment of a path, as it is sent."""
        return httpx.URL("http://x/", params={"a": self._word(name)}).query.decode()[2:] or "x"

    def _word(self, name: str) -> str:
        seen = self._seen.get(name.removesuffix("s")) or self._seen.get(name.rpartition("_")[2].removesuffix("s"))
        return str(self._chance.choice(seen)) if seen and self._toss(0.7) else text(self._chance)

    def _learn(self, value: Any, name: str = "") -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                self._learn(inner, key)
        elif isinstance(value, list):
            for inner in value[:5]:
                self._learn(inner, name)
        elif isinstance(value, str | int):
            self._seen[name.removesuffix("s")].append(value)

    def _toss(self, chance: float = 0.6) -> bool:
        return self._chance.random() < chance
