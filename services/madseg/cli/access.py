"""`madseg access`: who may sign in, and as what."""

from pathlib import Path
from typing import Annotated

import typer

from madseg.cli.arguments import Json
from madseg.cli.output import emit, headed, remark, show, table
from madseg.security.access import Role, add_token, principals, remove_token, sign_in_link, write_token

app = typer.Typer(no_args_is_help=True, help="Who may sign in, and as what.")

Name = Annotated[str, typer.Argument(help="The person's name, as others see it.")]
Roles = Annotated[
    list[Role], typer.Option("--role", help="What they may do; may be repeated. An admin may do everything.")
]
TokensFile = Annotated[Path | None, typer.Option("--tokens", envvar="MADSEG_TOKENS", help="The file of tokens.")]
State = Annotated[Path, typer.Option(envvar="MADSEG_STATE", help="The folder that has it, where none is named.")]


Once = Annotated[bool, typer.Option("--once", help="Do nothing where they have a token already.")]
Into = Annotated[
    Path | None, typer.Option(help="Write the token to this file, which its owner alone can read, and don't show it.")
]


@app.command("add")
def add(
    name: Name,
    role: Roles,
    tokens: TokensFile = None,
    state: State = Path("state"),
    once: Once = False,
    into: Into = None,
    json: Json = False,
) -> None:
    """Give somebody, or a service, a token. It is shown this once; a former one ends."""
    path = _file(tokens, state)
    kept = into is None or into.exists()
    if once and kept and path.exists() and name in {item.name for item in principals(path)}:
        remark(f"{name} has a token already.")
        return
    begun = not path.exists()
    token = add_token(path, name, role)
    if begun:
        remark(f"{path} is new: tokens in it count for services that read it (MADSEG_TOKENS).")
    if into is not None:
        write_token(into, token)
        remark(f"{name}'s token is in {into}.")
        return
    if json:
        emit({"name": name, "roles": sorted(role), "token": token})
        return
    show(token)
    remark(f"This is {name}'s token, and it can't be shown again. It signs in on the pages and in `authorization`.")
    if pages := _pages(path):
        remark(f"A link that signs in as {name}: {sign_in_link(pages, token)}")


@app.command("list")
def list_people(tokens: TokensFile = None, state: State = Path("state"), json: Json = False) -> None:
    """Everybody who has a token, and their roles."""
    found = principals(_file(tokens, state))
    if json:
        emit([{"name": item.name, "roles": sorted(item.roles)} for item in found])
        return
    lines = table("name", "roles")
    for item in found:
        lines.add_row(item.name, ", ".join(sorted(item.roles)))
    show(lines)


@app.command("remove")
def remove(name: Name, tokens: TokensFile = None, state: State = Path("state"), json: Json = False) -> None:
    """End somebody's token, at once."""
    remove_token(_file(tokens, state), name)
    if json:
        emit({"removed": name})
        return
    show(headed(name, " can't sign in any more."))


def _file(tokens: Path | None, state: Path) -> Path:
    return tokens or state / "tokens.json"


def _pages(tokens: Path) -> str | None:
    """Where the pages are, if services run on the folder that has the tokens."""
    from madseg.client.endpoints import from_file  # gRPC takes a third of a second to load

    running = tokens.with_name("endpoints.json")
    return from_file(running).http if running.is_file() else None
