"""Values as JSON."""

import json
import math
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from madseg.client import Defender, Version
from madseg.client.values.common import Size
from madseg.gateway.web.encoding import to_text
from madseg.gateway.web.polling import message

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(PLAIN)
def test_plain_values_come_back(value: object) -> None:
    """And stand in one line, as server-sent events need it."""
    text = to_text(value)
    assert json.loads(text) == value
    assert message("e", value).count("\n") == 3
    assert not {"\r", "\n"} & set(text)


def test_the_clients_values_have_words_of_their_own() -> None:
    """What JSON can't say is null."""
    value = {
        "version": Version("ours", 3),
        "side": Defender.TARGET,
        "at": datetime(2026, 3, 14, tzinfo=UTC),
        "size": Size(2, 3),
        "many": (1, frozenset({2})),
        "odd": [math.nan, math.inf],
    }
    assert json.loads(to_text(value)) == {
        "version": "ours/3",
        "side": "target",
        "at": "2026-03-14T00:00:00+00:00",
        "size": {"height": 2, "width": 3},
        "many": [1, [2]],
        "odd": [None, None],
    }
