"""How figures are written."""

import json
import math

import pytest

from madseg.cli.output import duration, emit


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (138, "2 min 18 s"),
        (3599.9, "1 h 0 min"),
        (7260, "2 h 1 min"),
        (90_000, "1 d 1 h"),
        (8_640_000, "100 d 0 h"),
    ],
)
def test_a_time_span_is_written_by_its_two_largest_units(seconds: float | None, text: str) -> None:
    """Rounded to seconds first."""
    assert text == duration(seconds)


def test_numbers_that_json_has_none_of_are_null(capsys: pytest.CaptureFixture[str]) -> None:
    """An mIoU without any class, say: strict readers take no NaN."""
    emit({"nan": math.nan, "all": [math.inf, -math.inf, 0.5]})

    def refuse(text: str) -> object:
        raise ValueError(text)

    assert json.loads(capsys.readouterr().out, parse_constant=refuse) == {"nan": None, "all": [None, None, 0.5]}
