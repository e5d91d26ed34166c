"""Times to microseconds and back."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from madseg.core.times import micros, moment


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.timezones()))
def test_a_time_comes_back_to_the_microsecond_in_utc(at: datetime) -> None:
    """Whatever its zone."""
    back = moment(micros(at))
    assert (at.astimezone(UTC), UTC) == (back, back.tzinfo)


def test_microseconds_count_from_1970_in_utc() -> None:
    """Times before it are below 0."""
    assert micros(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert micros(datetime(1970, 1, 1, 0, 0, 1, 7, tzinfo=timezone(timedelta(hours=1)))) == -3_599 * 10**6 + 7
