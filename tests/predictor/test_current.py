"""Which versions are asked: the models topic folded, networks loaded and let go."""

import threading

from madseg.core.errors import InvalidModel
from madseg.core.messages import Role, VersionRef
from madseg.core.preprocess import Size
from madseg.predictor.current import RETRY_SECONDS, CurrentVersions
from tests.contracts.fakes import FakeInference
from tests.predictor.announced import GRID, TAXONOMY, model_records, plays, version
from tests.predictor.test_predict import bright

ALPHA, BETA, NEXT = VersionRef("alpha", 1), VersionRef("beta", 1), VersionRef("alpha", 2)


def current(inference: FakeInference) -> CurrentVersions:
    """Nothing known yet."""
    return CurrentVersions(inference, TAXONOMY.id, GRID)


def networks() -> FakeInference:
    """All of them can be loaded."""
    return FakeInference(dict.fromkeys((ALPHA, BETA, NEXT), bright))


def test_published_versions_with_a_role_are_loaded_and_asked() -> None:
    """Whichever comes first, the version or the role."""
    inference = networks()
    it = current(inference)
    it.handle(model_records(plays(ALPHA, Role.TARGET), version(BETA)))
    assert it.asked == {}
    it.handle(model_records(version(ALPHA), plays(BETA), first=2))
    assert it.asked == {ALPHA: None, BETA: None}
    assert set(inference.loaded) == {ALPHA, BETA}


def test_a_retired_model_is_let_go() -> None:
    """Its network too."""
    inference = networks()
    it = current(inference)
    it.handle(model_records(version(ALPHA), plays(ALPHA), version(BETA), plays(BETA)))
    it.handle(model_records(plays(BETA, Role.RETIRED), first=4))
    assert it.asked == {ALPHA: None}
    assert set(inference.loaded) == {ALPHA}


def test_a_new_version_takes_the_place_of_the_old_one() -> None:
    """As the role says."""
    inference = networks()
    it = current(inference)
    it.handle(model_records(version(ALPHA), plays(ALPHA)))
    it.handle(model_records(version(NEXT), plays(NEXT), first=2))
    assert it.asked == {NEXT: None}
    assert set(inference.loaded) == {NEXT}


def test_versions_that_are_not_served_here_are_not_asked() -> None:
    """Imported ones, those of another taxonomy, those of another grid."""
    it = current(networks())
    it.handle(
        model_records(
            *(version(ALPHA, sha256=b""), plays(ALPHA)),
            *(version(BETA, taxonomy="voc@1"), plays(BETA)),
            *(version(NEXT, grid=Size(8, 6)), plays(NEXT)),
        )
    )
    assert it.asked == {}


def test_a_network_that_can_not_be_loaded_has_a_reason_until_it_can() -> None:
    """It is tried again whenever the models change."""
    inference = FakeInference({BETA: bright}, {ALPHA: InvalidModel("it is a poem")})
    it = current(inference)
    it.handle(model_records(version(ALPHA), plays(ALPHA), version(BETA), plays(BETA)))
    assert it.asked == {ALPHA: "not loaded: it is a poem", BETA: None}
    inference.networks[ALPHA], inference.faults = bright, {}
    it.handle(model_records(plays(BETA), first=4))
    assert it.asked == {ALPHA: None, BETA: None}


def test_reading_the_topic_again_changes_nothing() -> None:
    """As a consumer that is opened anew does, in batches of any size: no version of the past is asked meanwhile."""
    inference = networks()
    it = current(inference)
    records = model_records(version(ALPHA), plays(ALPHA), version(NEXT), plays(NEXT), version(BETA), plays(BETA))
    it.handle(records[:3])
    it.handle(records)
    for record in records:
        it.handle([record])
        assert it.asked == {NEXT: None, BETA: None}
        assert set(inference.loaded) == {NEXT, BETA}


def test_whoever_announces_can_wait_until_it_holds() -> None:
    """So that images sent after a model was added are all predicted by it."""
    it = current(networks())
    records = model_records(version(ALPHA), plays(ALPHA))
    end = records[-1].offset + 1
    assert it.wait_for(0, 0)
    assert not it.wait_for(end, 0)
    learning = threading.Thread(target=it.handle, args=(records,))
    learning.start()
    assert it.wait_for(end, 30)
    assert it.asked == {ALPHA: None}
    learning.join()


def test_a_record_that_was_put_aside_is_waited_for_no_longer() -> None:
    """Else whoever waits for the end of the topic would wait for ever."""
    it = current(networks())
    records = model_records(version(ALPHA), plays(ALPHA), plays(BETA))
    it.handle(records[:2])
    assert not it.wait_for(3, 0)
    it.skip(records[2])
    assert it.wait_for(3, 0)
    it.skip(records[0])
    assert it.wait_for(3, 0)


def test_a_network_that_can_not_be_loaded_is_tried_again_from_time_to_time() -> None:
    """A server's repository may come late; nothing on the stream says so."""
    inference = FakeInference({}, {ALPHA: InvalidModel("it is a poem")})
    clock = [0.0]
    it = CurrentVersions(inference, TAXONOMY.id, GRID, lambda: clock[0])
    it.handle(model_records(version(ALPHA), plays(ALPHA)))
    inference.networks[ALPHA], inference.faults = bright, {}
    clock[0] = RETRY_SECONDS - 1
    it.idle()
    assert it.asked == {ALPHA: "not loaded: it is a poem"}
    clock[0] = RETRY_SECONDS
    it.idle()
    assert it.asked == {ALPHA: None}
