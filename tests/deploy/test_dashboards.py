"""Grafana's dashboards ask for figures that there are, and are whole."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.queries import READ, check_query, declared

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))
}
QUERIES = [target["expr"] for board in BOARDS.values() for panel in board["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("query", sorted(set(QUERIES)))
def test_a_panel_asks_for_figures_that_there_are(query: str) -> None:
    """With labels that they have."""
    check_query(query.replace("$__rate_interval", "1m"))


def test_every_figure_of_ours_is_shown_somewhere() -> None:
    """One that nobody looks at need not be counted."""
    ours = {name for name in declared() if name.startswith("madseg_") and not name.endswith(("_created", "_sum"))}
    families = {name.removesuffix("_bucket").removesuffix("_count") for name in ours}
    assert {name for name in families if not any(name in query for query in QUERIES)} == set()
    assert {figure.name for figure in READ} <= families


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_board_is_whole(name: str) -> None:
    """Panels have ids, titles and sentences of their own, and lie beside each other."""
    board = BOARDS[name]
    panels = board["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert all(panel["description"] for panel in panels)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
    assert all(panel["gridPos"]["w"] == 12 and panel["gridPos"]["h"] == 8 for panel in panels)


def test_boards_are_told_apart_and_found_from_each_other() -> None:
    """Each has an id of its own and links to the others; the home page of the compose file is one of them."""
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)
    assert all(board["links"][0]["tags"] == board["tags"] == ["madseg"] for board in BOARDS.values())
    compose = yaml.safe_load((GRAFANA.parent / "compose.yaml").read_text())
    home = Path(compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.stem in BOARDS
