"""Commands that change something on the servers."""

from madseg.v1 import selector_pb2
from tests.cli.terminal import Terminal
from tests.client.canned import image_id
from tests.client.running import Running


def requests(services: Running) -> list[selector_pb2.RequestPredictionsRequest]:
    """What the selector was asked to have predicted."""
    return [item for item in services.selector.asked if isinstance(item, selector_pb2.RequestPredictionsRequest)]


def test_reconciling_queues_missing_and_lost_images(madseg: Terminal, services: Running) -> None:
    """What images lack is requested of the selector; the accepted one that never arrived there comes in once more."""
    found = madseg("reconcile", "--json").json
    (replay,) = found.pop("replays")
    assert found == {
        "missing": 2,
        "never_seen": 1,
        "requested": 2,
        "requeued": 1,
        "without_picture": 0,
    }
    assert (replay["version"], replay["missing"]) == ("theirs/1", 345)
    (asked,) = requests(services)
    assert (list(asked.image_ids), asked.include_failed) == ([image_id(2), image_id(3)], False)
    assert services.intake.requeued == [image_id(5)]


def test_failed_images_are_queued_on_request(madseg: Terminal, services: Running) -> None:
    """A failure may have been a full GPU."""
    madseg("reconcile", "--failed")
    (asked,) = requests(services)
    assert image_id(1) in asked.image_ids
    assert asked.include_failed


def test_a_dry_run_queues_nothing(madseg: Terminal, services: Running) -> None:
    """It only counts."""
    assert "Nothing was queued" in madseg("reconcile", "--dry-run").out
    assert services.intake.requeued == []
    assert requests(services) == []


def test_excluding_sends_ids_and_reason(madseg: Terminal, services: Running) -> None:
    """And tells how many were new."""
    answer = madseg("exclude", image_id(1), image_id(2), "--reason", "training")
    assert answer.out == "Newly kept out for 'training': 2 of 2."
    assert services.selector.excluded == [((image_id(1), image_id(2)), "training")]
    assert madseg("exclude", image_id(1), "--json").json == {"excluded": 1, "reason": "veto"}


def test_restoring_takes_it_back(madseg: Terminal, services: Running) -> None:
    """For the same reason."""
    assert madseg("restore", image_id(1)).out == "Taken back for 'veto': 1 of 1."
    assert services.selector.restored == [((image_id(1),), "veto")]


def test_forgetting_asks_first(madseg: Terminal, services: Running) -> None:
    """No is no."""
    answer = madseg("forget", image_id(1), "--reason", "asked", input="n\n")
    assert (answer.code, services.intake.forgotten) == (1, [])
    assert madseg("forget", image_id(1), "--reason", "asked", input="y\n").code == 0
    assert services.intake.forgotten == [(image_id(1), "asked")]


def test_the_receipt_is_one_document(madseg: Terminal) -> None:
    """For the file of whoever asked."""
    found = madseg("forget", image_id(1), "--reason", "asked", "--yes", "--json").json
    assert found["gone"] == ["the original and the canonical picture"]


def test_a_role_changes(madseg: Terminal, services: Running) -> None:
    """By name."""
    assert madseg("model", "role", "theirs", "retired").out == "theirs is retired now."
    answer = madseg("model", "role", "theirs", "champion")
    assert (answer.code, "target, competitor, retired" in answer.err) == (1, True)


def test_versions_are_chosen_and_rolled_back(madseg: Terminal) -> None:
    """The command says what serves, what did, and what becomes of it."""
    assert madseg("model", "rollback", "ours").out.splitlines() == [
        "ours serves version 1 now; before, versions 1, 2 and 3.",
        "What versions 2 and 3 predicted stays, and `madseg model serve` takes it back in.",
    ]
    assert (
        madseg("model", "serve", "ours", 2).out.splitlines()[0]
        == "ours serves version 2 now; before, versions 1 and 2."
    )
    assert madseg("model", "serve", "ours", 2, "--json").json["before"] == [1, 2]
    assert madseg("model", "rollback", "ours", "--from", 3).code == 0
    answer = madseg("model", "rollback", "ours", "--from", 4)
    assert (answer.code, "takes part is 3, not 4" in answer.err) == (1, True)
    answer = madseg("model", "rollback", "theirs")
    assert (answer.code, "there is none to go back to" in answer.err) == (1, True)
