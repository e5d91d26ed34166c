"""From an error to one line for the terminal and an exit code.

0: all went well; 1: an error; 2: wrong usage; 3: some items were refused.
"""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

ERROR, USAGE, REFUSED = 1, 2, 3


class Commands(TyperGroup):
    """The root of all commands: an error that was raised on purpose is one line, any other a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was asked for."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            fail(_usage(error), USAGE)
        except Exception as error:
            sentence = explained(error)
            if sentence is None:
                raise
            fail(sentence)


def fail(sentence: str, code: int = ERROR) -> None:
    """Prints the line and ends the command."""
    sys.stderr.write(f"madseg: error: {sentence}\n")
    raise typer.Exit(code)


def explained(error: Exception) -> str | None:
    """What to tell the user, and what to do; None for an error that nobody raised on purpose."""
    from madseg.client import ClientError, Unavailable  # gRPC takes a third of a second to load
    from madseg.core.errors import MadsegError

    if isinstance(error, Unavailable) and not error.answered and error.service:
        return _unreachable(error.service, error.address)
    if isinstance(error, ClientError | MadsegError):
        return str(error) or type(error).__name__
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("madseg"):
        return f'this command needs {error.name}, which isn\'t installed: in the checkout, pip install ".[up]"'
    return None


def _usage(error: typer.BadParameter) -> str:
    """What is wrong with an argument, and where its meaning stands."""
    message = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "madseg"
    return f"{message[:1].lower()}{message[1:]}; see `{command} --help`"


def _unreachable(service: str, address: str | None) -> str:
    variable = f"MADSEG_{service.upper()}"
    if address is None:
        return (
            f"no address of the {service} is known: run this in the folder of `madseg up`, or set MADSEG_STATE or "
            f"{variable}"
        )
    return f"nothing answers at {address}; start it with `madseg up`, or set {variable}"
