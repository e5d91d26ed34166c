"""Times as tables have them: whole microseconds since 1970 in UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of a time with a zone, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The time in UTC, of the years 1 to 9999, that so many microseconds after 1970 is."""
    return _EPOCH + micros * _MICROSECOND
