"""`madseg status`: the services that a deployment may do without, and what people are waited for."""

from collections.abc import Iterator

import pytest

from madseg.core.errors import Forbidden
from madseg.rpc import Server, Service
from madseg.v1 import finetune_pb2, scoring_pb2
from madseg.v1.finetune_pb2_grpc import add_FineTuneServiceServicer_to_server
from madseg.v1.rounds_pb2_grpc import add_RoundsServiceServicer_to_server
from madseg.v1.scoring_pb2_grpc import add_ScoringServiceServicer_to_server
from tests.cli.terminal import Terminal
from tests.client.running import Running
from tests.gateway.web.canned_finetune import RUN, CannedFineTune
from tests.gateway.web.canned_rounds import CannedRounds
from tests.gateway.web.canned_scoring import CannedScoring, campaign
from tests.paged import one_a_page


class Labelling(CannedScoring):
    """Three campaigns: one is open, one scored, one closed."""

    forbidden = False

    def ListCampaigns(self, request, context):  # type: ignore[no-untyped-def]
        if self.forbidden:
            raise Forbidden("only people see campaigns")
        found = [campaign(), campaign(), campaign()]
        found[1].state = scoring_pb2.CAMPAIGN_STATE_SCORED
        found[2].state = scoring_pb2.CAMPAIGN_STATE_CLOSED
        page, more = one_a_page(found, request.page_token)
        return scoring_pb2.ListCampaignsResponse(campaigns=page, next_page_token=more)


@pytest.fixture
def labelling() -> Labelling:
    """The campaigns."""
    return Labelling()


@pytest.fixture
def finetune() -> CannedFineTune:
    """The run."""
    return CannedFineTune()


@pytest.fixture
def beside(labelling: Labelling, finetune: CannedFineTune) -> Iterator[str]:
    """Where labelling, fine-tuning and rounds are."""
    services = [
        Service("madseg.v1.ScoringService", labelling, add_ScoringServiceServicer_to_server),
        Service("madseg.v1.FineTuneService", finetune, add_FineTuneServiceServicer_to_server),
        Service("madseg.v1.RoundsService", CannedRounds(), add_RoundsServiceServicer_to_server),
    ]
    server = Server(services, "127.0.0.1:0")
    server.start()
    try:
        yield server.reachable
    finally:
        server.stop()


def reaching(services: Running, **others: str) -> Terminal:
    """A terminal that knows intake, selector and models, and others."""
    basic = dict.fromkeys(("MADSEG_INTAKE", "MADSEG_SELECTOR", "MADSEG_MODELS"), services.address)
    return Terminal(basic | {f"MADSEG_{name.upper()}": address for name, address in others.items()})


def rows(out: str) -> dict[str, str]:
    """The table of services: state and words of each."""
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    names = ("intake", "selector", "models", "labelling", "finetune", "rounds")
    return {line[0]: line[1] for line in reversed(lines) if line and line[0] in names and len(line) == 2}


def test_what_is_not_over_is_told(services: Running, beside: str, utc: None) -> None:
    """Campaigns, runs and rounds, and which of them wait for somebody."""
    madseg = reaching(services, labelling=beside, finetune=beside, rounds=beside)
    answer = madseg("status")
    found = rows(answer.out)
    assert answer.code == 0
    assert found["labelling"].split() == "up 1 campaign open, 1 scored and not yet chosen from".split()
    assert found["finetune"].split() == "up 0 runs under way, 1 to be promoted".split()
    assert found["rounds"].split() == "up 1 round under way; ours is at drawing, 3 of 9".split()
    document = madseg("status", "--json").json
    assert [item["state"] for item in document["campaigns"]] == ["open", "scored"]
    assert [len(document[name]) for name in ("runs", "rounds")] == [1, 1]


def test_what_a_run_waits_for_is_told(services: Running, beside: str, finetune: CannedFineTune, utc: None) -> None:
    """With the run's id."""
    finetune.state = finetune_pb2.RUN_STATE_TRAINING
    answer = reaching(services, finetune=beside)("status")
    assert f"1 run under way, 0 to be promoted; {RUN} waits: labelling <b>is away" in " ".join(answer.out.split())


def test_what_a_deployment_does_without_is_no_problem(services: Running, utc: None) -> None:
    """Nor is it said to be down."""
    answer = reaching(services)("status")
    found = rows(answer.out)
    assert answer.code == 0
    assert [found[name][:1] for name in ("labelling", "finetune", "rounds")] == ["–"] * 3


def test_one_whose_address_is_given_is_missed(services: Running, utc: None) -> None:
    """As the others are."""
    answer = reaching(services, rounds="127.0.0.1:1")("status")
    assert (answer.code, rows(answer.out)["rounds"][:4]) == (1, "down")
    assert "nothing answers at 127.0.0.1:1" in answer.out


def test_what_is_not_for_the_caller_is_no_problem(
    services: Running, labelling: Labelling, beside: str, utc: None
) -> None:
    """A program's token sees no campaigns."""
    labelling.forbidden = True
    answer = reaching(services, labelling=beside)("status", "--json")
    assert (answer.code, answer.json["campaigns"], answer.json["problems"]) == (0, None, {})
