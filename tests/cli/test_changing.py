"""Commands that change something on the servers."""

from tests.cli.terminal import Terminal
from tests.client.canned import image_id
from tests.client.running import Running


def test_reconciling_queues_missing_and_lost_images(madseg: Terminal, services: Running) -> None:
    """Those that lack a prediction, and the accepted one that never arrived at the selector."""
    assert madseg("reconcile", "--json").json == {
        "missing": 2,
        "never_seen": 1,
        "requeued": 3,
        "without_picture": 0,
    }
    assert services.intake.requeued == [image_id(2), image_id(3), image_id(5)]


def test_failed_images_are_queued_on_request(madseg: Terminal, services: Running) -> None:
    """A failure may have been a full GPU."""
    madseg("reconcile", "--failed")
    assert image_id(1) in services.intake.requeued


def test_a_dry_run_queues_nothing(madseg: Terminal, services: Running) -> None:
    """It only counts."""
    assert "Nothing was queued" in madseg("reconcile", "--dry-run").out
    assert services.intake.requeued == []


def test_imported_images_can_not_be_queued(madseg: Terminal, services: Running) -> None:
    """Intake has no picture of them; the command says how many."""
    services.selector.missing = [image_id(70)]
    assert "Without a picture at intake (imported, or forgotten since): 1 image." in madseg("reconcile").out


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
