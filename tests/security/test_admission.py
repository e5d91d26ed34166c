"""Who may call what: every method of the protos has its roles, and a server lets nobody else in."""

import re
from collections.abc import AsyncIterator
from importlib import import_module
from itertools import product
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import grpc
import pytest

import madseg.v1
from madseg.core.errors import Forbidden, NotReady, Unauthenticated
from madseg.rpc import Server, Service
from madseg.security.access import Principal, Role, Tokens, add_token
from madseg.security.admission import METHODS, Admission

EVERY = sorted(
    f"/{service.full_name}/{method.name}"
    for module in iter_modules(madseg.v1.__path__)
    if module.name.endswith("_pb2")
    for service in import_module(f"madseg.v1.{module.name}").DESCRIPTOR.services_by_name.values()
    for method in service.methods
)

RATERS_SEE_NO_DISCREPANCY = (
    "ListRankings",
    "ListRankingEntries",
    "WatchRanking",
    "GetDiscrepancyMatrix",
    "ListCandidates",
    "DiffCandidates",
    "ExplainImage",
    "GetLabelMaps",
    "ListOpinions",
    "GetChosenSets",
)


@pytest.fixture
def tokens(tmp_path: Path) -> dict[Role, str]:
    """One of each role, in `tokens.json`."""
    return {role: add_token(tmp_path / "tokens.json", f"the {role}", [role]) for role in Role}


def test_the_table_has_every_method_and_no_other() -> None:
    """A new method is shut until somebody says who may call it."""
    assert sorted(METHODS) == EVERY


def test_a_rater_is_kept_from_what_would_sway_them() -> None:
    """Nothing that tells of discrepancies or of others' scores takes the role."""
    for method in METHODS:
        if method.rpartition("/")[2] in RATERS_SEE_NO_DISCREPANCY:
            assert METHODS[method] != ()
            assert Role.RATER not in METHODS[method]


def test_who_brings_pictures_in_sees_nothing_ranked() -> None:
    """Nor the maps that rankings are made of: a camera's token is the one that is lost first."""
    for method in METHODS:
        if method.rpartition("/")[2] in RATERS_SEE_NO_DISCREPANCY:
            assert Role.SOURCE not in METHODS[method], method


def test_each_role_gets_where_the_table_says(tokens: dict[Role, str], tmp_path: Path) -> None:
    """Every method for every role; an admin everywhere, and nobody to what the table doesn't have."""
    admission = Admission(Tokens(tmp_path / "tokens.json"))
    for method, role in product([*METHODS, "/madseg.v1.SelectorService/Another"], Role):
        takes = METHODS.get(method)
        may = takes is not None and (role in takes or role is Role.ADMIN or not takes)
        shown = [("authorization", f"Bearer {tokens[role]}")]
        if may:
            assert admit(admission, method, shown).name == f"the {role}"
        else:
            with pytest.raises(Forbidden):
                admit(admission, method, shown)


@pytest.mark.parametrize(
    "metadata", [[], [("authorization", "Bearer nobody's")], [("authorization", "Basic YTpi")], [("x", "Bearer a")]]
)
def test_nobody_gets_anywhere_without_a_token(
    metadata: list[tuple[str, str]], tokens: dict[Role, str], tmp_path: Path
) -> None:
    """Not even to what takes anybody."""
    admission = Admission(Tokens(tmp_path / "tokens.json"))
    for method in METHODS:
        with pytest.raises(Unauthenticated):
            admit(admission, method, metadata)


def admit(admission: Admission, method: str, metadata: list[tuple[str, str]]) -> Principal:
    """Who calls, where they may, as a server asks it."""
    who = admission.identify(metadata)
    admission.allow(method, who)
    return who


def test_a_server_asks_before_it_answers(tokens: dict[Role, str], tmp_path: Path) -> None:
    """Every method of every service over the wire: nobody, and one who may not, are refused before it is reached."""
    admission = Admission(Tokens(tmp_path / "tokens.json"))
    server = Server([empty(name) for name in sorted({path.split("/")[1] for path in EVERY})], "127.0.0.1:0", admission)
    server.start()
    with grpc.insecure_channel(server.reachable) as channel:
        for path in EVERY:
            assert code(channel, path, None) is grpc.StatusCode.UNAUTHENTICATED
            assert code(channel, path, tokens[Role.ADMIN]) is grpc.StatusCode.FAILED_PRECONDITION  # reached
            if METHODS[path]:
                other = next(role for role in Role if role not in METHODS[path])
                assert code(channel, path, tokens[other]) is grpc.StatusCode.PERMISSION_DENIED
    server.stop()


def empty(name: str) -> Service:
    """A service none of whose methods does anything."""
    short = name.rpartition(".")[2]
    stubs = import_module(f"{_module(name).__name__}_grpc")
    methods = _module(name).DESCRIPTOR.services_by_name[short].methods
    answers = {method.name: _streamed if method.server_streaming else _answered for method in methods}
    return Service(name, type(short, (), answers)(), getattr(stubs, f"add_{short}Servicer_to_server"))


async def _answered(_self: object, _request: object, _context: object) -> None:
    raise NotReady("it is empty")


async def _streamed(_self: object, _request: object, _context: object) -> AsyncIterator[None]:
    raise NotReady("it is empty")
    yield


def _module(name: str) -> ModuleType:
    """Where a service is described."""
    names = (item.name for item in iter_modules(madseg.v1.__path__) if item.name.endswith("_pb2"))
    found = (import_module(f"madseg.v1.{item}") for item in names)
    return next(item for item in found if name.rpartition(".")[2] in item.DESCRIPTOR.services_by_name)


def code(channel: grpc.Channel, path: str, token: str | None) -> grpc.StatusCode:
    """How a call of a method with an empty request ends."""
    _, name, method_name = path.split("/")
    method = _module(name).DESCRIPTOR.services_by_name[name.rpartition(".")[2]].methods_by_name[method_name]
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    call: Any = getattr(channel, kind)(path)
    metadata = [("authorization", f"Bearer {token}")] if token else []
    given = iter([b""]) if method.client_streaming else b""
    read = list if method.server_streaming else bytes
    with pytest.raises(grpc.RpcError) as refused:
        read(call(given, metadata=metadata, timeout=20))
    assert isinstance(refused.value, grpc.Call)
    return refused.value.code()


PROTOS = Path(__file__).parents[2] / "protos" / "madseg" / "v1"

MEANT = {
    "everybody": frozenset[Role](),
    "everybody but raters": frozenset(Role) - {Role.RATER, Role.ADMIN},
    "readers": frozenset({Role.READER, Role.ANNOTATOR, Role.REVIEWER, Role.OPERATOR}),
}
"""What the protos call several roles together."""


def test_the_protos_say_which_roles_a_method_takes() -> None:
    """In the last sentence before it, by name."""
    told = {}
    for path in PROTOS.glob("*.proto"):
        for comment, method in re.findall(r"((?:  //[^\n]*\n)+)  rpc (\w+)\(", path.read_text()):
            text = " ".join(line.strip().removeprefix("//").strip() for line in comment.splitlines())
            sentence = text.rstrip(".").rpartition(". ")[2].lower()
            named = frozenset(role for role in Role if re.search(rf"\b{role.value}s?\b", sentence)) - {Role.ADMIN}
            told[path.stem, method] = MEANT.get(sentence, named)
    stems = {"FineTuneService": "finetune", "EvaluationService": "evaluation"}
    for name, roles in METHODS.items():
        service, method = name.rpartition(".")[2].split("/")
        stem = stems.get(service, service.removesuffix("Service").lower())
        assert (name, told[stem, method]) == (name, frozenset(roles))
