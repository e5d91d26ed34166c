"""Which step follows which, and when a round begins by itself."""

from hypothesis import given
from hypothesis import strategies as st

from madseg.core.rounds import Due, Past, Policy, Step, due, following

COUNTS = st.integers(0, 5)


@given(st.booleans())
def test_every_round_comes_to_its_end(evaluate_only: bool) -> None:
    """In the order of the steps, without going round; one that evaluates alone trains nothing."""
    step, seen = Step.MINING, [Step.MINING]
    while step is not Step.ENDED:
        step = following(step, evaluate_only=evaluate_only)
        seen.append(step)
    order = list(Step)
    assert seen == sorted(set(seen), key=order.index)
    assert (Step.TRAINING in seen) is not evaluate_only
    assert following(Step.ENDED, evaluate_only=evaluate_only) is Step.ENDED


@given(st.booleans(), COUNTS, COUNTS, COUNTS, st.booleans(), COUNTS, st.booleans(), COUNTS, COUNTS)
def test_what_is_due(
    enabled: bool,
    candidates: int,
    seconds: int,
    rounds: int,
    goes_on: bool,
    begun: int,
    evaluated: bool,
    rested: int,
    found: int,
) -> None:
    """Nothing beside a round, nor while off, nor after a row and its evaluation; size or time begin one."""
    policy, past = Policy(enabled, candidates, seconds, rounds), Past(goes_on, begun, evaluated, rested)
    said = due(policy, past, lambda: found)
    if not enabled or goes_on:
        assert said is Due.NOTHING
    elif rounds and begun >= rounds:
        assert said is (Due.NOTHING if evaluated else Due.EVALUATION)
    else:
        wanted = bool(seconds and rested >= seconds) or bool(candidates and found >= candidates)
        assert said is (Due.ROUND if wanted else Due.NOTHING)


def test_the_size_of_m_is_asked_for_only_where_it_matters() -> None:
    """It takes a cut to know."""

    def asked() -> int:
        raise AssertionError("asked for")

    for policy, past in (
        (Policy(True, 0, 9, 0), Past(False, 0, False, 1.0)),
        (Policy(True, 5, 9, 0), Past(False, 0, False, 9.0)),
        (Policy(True, 5, 0, 2), Past(False, 2, False, 0.0)),
        (Policy(True, 5, 0, 0), Past(True, 0, False, 0.0)),
        (Policy(False, 5, 0, 0), Past(False, 0, False, 0.0)),
    ):
        due(policy, past, asked)
