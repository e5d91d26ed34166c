"""Figures are given out where they are asked to be."""

import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from madseg import __version__
from madseg.core.errors import Conflict, InvalidInput
from madseg.observing.exposing import Exposed, exposed
from tests.observing.scraping import scrape


def test_nothing_is_given_out_unless_it_is_asked_for() -> None:
    """An empty address opens no port."""
    assert exposed("") == []
    assert len(exposed("127.0.0.1:0")) == 1


def test_a_page_is_there_while_it_runs() -> None:
    """In both formats, with the release; and may be there again."""
    page = Exposed("127.0.0.1:0")
    assert page.url == ""
    for _ in range(2):
        page.start()
        assert scrape(page.url).at("madseg_build_info", version=__version__) == 1
        with urllib.request.urlopen(page.url, timeout=20) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        assert {"process_resident_memory_bytes", "madseg_build_info"} <= {family.name for family in families}
        assert not any(sample.name.endswith("_created") for family in families for sample in family.samples)
        page.stop()
        assert page.url == ""


@pytest.mark.parametrize("address", ["9464", ":9464", "here", "127.0.0.1:x", "127.0.0.1:70000"])
def test_what_is_no_address_is_refused(address: str) -> None:
    """With the setting's name."""
    with pytest.raises(InvalidInput, match="MADSEG_METRICS must be host:port"):
        Exposed(address).start()


def test_a_port_that_is_taken_is_named() -> None:
    """As for every server."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Conflict, match=f"{address}: .*; set MADSEG_METRICS to another one"):
            Exposed(address).start()
