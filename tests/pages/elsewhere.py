"""Blocks that aren't typed as they stand: why, and which tests show that they do what the page says.

What stands here is by page and heading. Everything else under a heading is run by the test of its page.
"""

from dataclasses import dataclass

from tests.pages.blocks import Block


@dataclass(frozen=True)
class Elsewhere:
    """`tests` are files, or files with `::test_name`."""

    why: str
    tests: tuple[str, ...]


def _by(why: str, *tests: str) -> Elsewhere:
    return Elsewhere(why, tests)


_SETUP = _by("it makes the environment in which tests run", ".ci/run")
_TRAINS = _by("it trains for minutes", "tests/cli/test_finetune.py", "tests/finetune/test_run.py")
_SERVERS = _by("it starts servers", "tests/servers", "tests/pipeline/servers")
_CLUSTER = _by("it takes root and a cluster", "tests/deploy/test_cluster.py", "tests/deploy/cluster/proof.py")
_COMPOSE = _by("it takes Docker", "tests/deploy/test_compose.py")
_FIRST_HOUR = _by("the same way, step by step", "tests/pages/test_first_hour.py", "tests/pages/test_how_to.py")
_LABELLING = _by("the same way, with people", "tests/pages/test_how_to.py", "tests/cli/test_campaign.py")
_MASKS = _by(
    "the same commands", "tests/pages/test_how_to.py", "tests/cli/test_masks.py", "tests/cli/test_labels_served.py"
)

ELSEWHERE: dict[tuple[str, str], Elsewhere] = {
    ("README.md", "madseg"): _by("it takes minutes", "tests/demo/test_demo.py", "tests/demo/test_rounds.py"),
    ("README.md", "On real servers"): _SERVERS,
    ("README.md", "Five minutes with your own models and pictures"): _FIRST_HOUR,
    ("README.md", "From Python"): _by("the same request", "tests/pages/test_how_to.py::test_stream_images"),
    ("CONTRIBUTING.md", "Set up"): _SETUP,
    ("docs/cli.md", "From pictures to candidates"): _FIRST_HOUR,
    ("docs/cli.md", "From candidates to masks"): _LABELLING,
    ("docs/cli.md", "From masks to a new version"): _TRAINS,
    ("docs/client.md", "*"): _by("run from top to bottom", "tests/pipeline/test_client_page.py"),
    ("docs/exchange.md", "Masks to and from other tools"): _by(
        "every format, there and back", "tests/cli/test_labels.py", "tests/cli/test_labels_served.py"
    ),
    ("docs/experiments.md", "Experiments"): _by("it takes hours", "tests/simulation"),
    ("docs/finetune.md", "*"): _TRAINS,
    ("docs/kubernetes.md", "*"): _CLUSTER,
    ("docs/labelling.md", "Roles and tokens"): _by("the same commands", "tests/cli/test_access.py"),
    ("docs/labelling.md", "A campaign"): _LABELLING,
    ("docs/labelling.md", "T before S"): _LABELLING,
    ("docs/labelling.md", "Masks"): _by(
        "it takes images of the random lane", "tests/labelling/masking/test_making.py", "tests/cli/test_masks.py"
    ),
    ("docs/labelling.md", "Drawing"): _MASKS,
    ("docs/labelling.md", "Agreement and cost"): _LABELLING,
    ("docs/labelling.md", "Other tools"): _MASKS,
    ("docs/operations.md", "Single sign-on"): _by(
        "the issuer is another", "tests/security/test_oidc.py::test_the_settings_of_the_manual"
    ),
    ("docs/sizing.md", "Sizes"): _by("it simulates for a while", "tests/deploy/sizing/test_plan.py"),
    ("docs/observability.md", "Logs"): _by("it is jq's", "tests/pipeline/test_traces.py"),
    ("docs/operations.md", "Tokens"): _by("the same commands", "tests/cli/test_access.py"),
    ("docs/operations.md", "Content constraint"): _by("the same command", "tests/cli/test_constraint.py"),
    ("docs/operations.md", "Triton"): _by(
        "the same calls", "tests/adapters", "tests/pages/test_how_to.py", "tests/pipeline/servers"
    ),
    ("docs/operations.md", "Images and Docker Compose"): _COMPOSE,
    ("docs/operations.md", "State"): _by(
        "the same commands", "tests/pages/test_how_to.py", "tests/pipeline/test_backup.py"
    ),
    ("docs/operations.md", "Dead letters"): _by("the same commands", "tests/cli/test_stream_commands.py"),
    ("docs/operations.md", "Encryption"): _by(
        "OpenSSL makes the files", "tests/security/test_manual.py", "tests/pipeline/test_tls.py"
    ),
    ("docs/operations.md", "Export"): _by(
        "the same commands", "tests/cli/test_export.py", "tests/pipeline/test_export.py"
    ),
    **{
        ("docs/rounds.md", heading): _by(
            "it takes versions that learned",
            "tests/cli/test_evaluation.py",
            "tests/rounds/test_comparing.py",
            "tests/rounds/test_competing.py",
        )
        for heading in (
            "Any two versions",
            "The random lane",
            "Competitions of any versions",
            "Against other ways of choosing",
        )
    },
    ("docs/rounds.md", "In short"): _by("the same commands", "tests/pages/test_how_to.py", "tests/cli/test_rounds.py"),
    ("docs/first-hour.md", "1. Install"): _SETUP,
    ("docs/first-hour.md", "2. See it work"): _by("it takes a minute", "tests/demo/test_demo.py"),
    ("docs/how-to/release.md", "What fine-tuning made"): _TRAINS,
    ("docs/how-to/real-servers.md", "Try the servers on one machine"): _SERVERS,
    ("docs/how-to/real-servers.md", "Order"): _by("it takes servers", "tests/pipeline/servers"),
    ("docs/how-to/back-up.md", "On servers"): _by("it takes servers", "tests/pipeline/test_backup_of_servers.py"),
    ("docs/how-to/upgrade.md", "On servers"): _by("it takes servers", "tests/cli/test_migrate.py", "tests/migrations"),
}
"""`*` is the whole page."""


def elsewhere(block: Block) -> Elsewhere | None:
    """Where a block's commands are run; None where it is to be run as it stands."""
    return ELSEWHERE.get((block.page, block.heading)) or ELSEWHERE.get((block.page, "*"))
