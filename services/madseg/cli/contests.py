"""`madseg contests`: how far each contest has come."""

from rich.text import Text

from madseg.cli.arguments import Json, connect
from madseg.cli.output import count, emit, show, table

COLOURS = {"complete": "green", "filling": "yellow", "retired": "bright_black"}
"""Of a contest's state, on a terminal."""


def contests(json: Json = False) -> None:
    """Show which versions compete, and how far each contest has come."""
    with connect() as client:
        found = client.contests()
    if json:
        emit(found)
        return
    made = table("target", "competitor", "state", "compared>", "failed>", "missing>")
    for item in found:
        state = Text(item.state, COLOURS.get(item.state, ""))
        counts = (item.compared, item.failed, item.missing)
        made.add_row(str(item.target), str(item.competitor), state, *map(count, counts))
    show(made if found else "No contest yet: a target and a competitor make one (`madseg model list`).")
