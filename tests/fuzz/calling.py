"""Calls of any method of a running deployment, and what each answered."""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import madseg.v1
from tests.fuzz.requests import Memory, draw, spoilt

WATCHED_SECONDS = 0.3
"""How long a stream of answers is listened to."""

SECONDS = 60.0
"""How long any other answer may take."""

RAW_SHARE = 0.1
"""Of the requests that aren't even whole messages."""

FAULTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNIMPLEMENTED)
"""What no request may be answered with."""


@dataclass(frozen=True)
class Method:
    """A method and where it is served."""

    address: str
    descriptor: MethodDescriptor

    @property
    def path(self) -> str:
        """As HTTP/2 names it."""
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"


@dataclass(frozen=True)
class Fault:
    """An answer that should not be, and the request that had it."""

    path: str
    code: str
    said: str
    request: str


def methods(endpoints: Path, addresses: Mapping[str, str]) -> list[Method]:
    """Every method of the protos; `addresses` says under which key of `endpoints` a service stands."""
    written = json.loads(endpoints.read_text())
    found = []
    for module in iter_modules(madseg.v1.__path__):
        if module.name.endswith("_pb2"):
            described = import_module(f"madseg.v1.{module.name}").DESCRIPTOR
            for name, service in described.services_by_name.items():
                found += [Method(written[addresses[f"madseg.v1.{name}"]], method) for method in service.methods]
    return found


class Caller:
    """Asks at random. Each has its own seed and connections; `faults`, `codes` and `understood` say what came of it."""

    def __init__(self, asked: list[Method], seed: int, memory: Memory, tokens: list[str | None]) -> None:
        self._asked, self._chance, self._memory, self._tokens = asked, random.Random(seed), memory, tokens
        self._channels = {address: grpc.insecure_channel(address) for address in {item.address for item in asked}}
        self.faults: list[Fault] = []
        self.codes: Counter[str] = Counter()
        self.understood: Counter[str] = Counter()

    def ask(self, count: int) -> None:
        """Calls so many methods, one after the other."""
        weights = [_weight(item.descriptor) for item in self._asked]
        for method in self._chance.choices(self._asked, weights, k=count):
            self._call(method)
        for channel in self._channels.values():
            channel.close()

    def _call(self, method: Method) -> None:
        count = self._chance.choice((0, 1, 2, 4)) if method.descriptor.client_streaming else 1
        requests = [self._request(method.descriptor) for _ in range(count)]
        try:
            for answer in self._answers(method, requests):
                message = GetMessageClass(method.descriptor.output_type)()
                message.ParseFromString(answer)
                self._memory.learn(message)
            code = grpc.StatusCode.OK
        except grpc.RpcError as error:
            code = error.code()
            late = code is grpc.StatusCode.DEADLINE_EXCEEDED and not method.descriptor.server_streaming
            if code in FAULTS or late:
                shown = b"|".join(requests)[:300].hex()
                self.faults.append(Fault(method.path, code.name, str(error.details())[:300], shown))
        self.codes[code.name] += 1
        if code is grpc.StatusCode.OK:
            self.understood[method.path] += 1

    def _answers(self, method: Method, requests: list[bytes]) -> Iterator[bytes]:
        channel, streams = self._channels[method.address], method.descriptor
        kind = (
            f"{'stream' if streams.client_streaming else 'unary'}_{'stream' if streams.server_streaming else 'unary'}"
        )
        start: Callable[..., Any] = getattr(channel, kind)(method.path)
        token = self._chance.choice(self._tokens)
        metadata = [("authorization", f"Bearer {token}")] if token else []
        given = iter(requests) if streams.client_streaming else requests[0]
        seconds = WATCHED_SECONDS if streams.server_streaming else SECONDS
        answered = start(given, metadata=metadata, timeout=seconds)
        if streams.server_streaming:
            yield from islice(answered, 50)
            answered.cancel()
        else:
            yield answered

    def _request(self, method: MethodDescriptor) -> bytes:
        message: Message = draw(method.input_type, self._chance, self._memory)
        data = message.SerializeToString()
        return spoilt(data, self._chance) if self._chance.random() < RAW_SHARE else data


def _weight(method: MethodDescriptor) -> float:
    """A stream of answers is listened to for a while each time, and where all is forgotten little can be asked."""
    return 0.02 if "Forget" in method.name else 0.1 if method.server_streaming else 1.0


def ask_together(callers: list[Caller], count: int) -> None:
    """All callers at once, `count` calls between them."""
    threads = [threading.Thread(target=caller.ask, args=(count // len(callers),)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
