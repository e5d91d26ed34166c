"""`madseg version` and `madseg settings`."""

import platform

from madseg import __version__
from madseg.cli.arguments import Json
from madseg.cli.output import emit, show, table


def version(json: Json = False) -> None:
    """Show the version of madseg."""
    if json:
        emit({"madseg": __version__, "python": platform.python_version()})
        return
    show(f"madseg {__version__}, Python {platform.python_version()}")


def settings(json: Json = False) -> None:
    """List every setting of the services: its variable, default and meaning."""
    from madseg import up
    from madseg.settings import reference

    rows = reference(up.Config, *up.SERVICES)
    if json:
        emit([{"variable": name, "default": default, "meaning": doc} for name, default, doc in rows])
        return
    made = table("variable", "default", "meaning")
    for row in rows:
        made.add_row(*row)
    show(made, "", "Each may also come from the file that VARIABLE_FILE names.")
