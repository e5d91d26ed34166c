"""Options that several commands have, and what their texts mean."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from madseg.client import Client, ImageFilter


class Side(StrEnum):
    """Whose label map gives the class subgroup."""

    TARGET = "target"
    COMPETITOR = "competitor"


Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Target = Annotated[str | None, typer.Option(help="The target: name or name/version. Default: the newest.")]
Competitor = Annotated[str | None, typer.Option(help="Only this competitor: name or name/version.")]
DefenderOption = Annotated[Side | None, typer.Option("--defender", help="Only where this side sees the class.")]
Source = Annotated[str, typer.Option(help="Only images from this source.")]
Tag = Annotated[list[str] | None, typer.Option(help="Only images with this tag, KEY=VALUE. May be repeated.")]
Since = Annotated[str | None, typer.Option(help="Only images taken at or after this time, ISO 8601.")]
Until = Annotated[str | None, typer.Option(help="Only images taken before this time, ISO 8601.")]
ImageId = Annotated[str, typer.Argument(help="An image's id: 32 hexadecimal digits.")]


def connect() -> "Client":
    """A client of the services that the environment or `state/endpoints.json` names."""
    from madseg.client import Client  # gRPC takes a third of a second to load

    return Client.from_environment()


def tags(texts: Sequence[str] | None) -> Mapping[str, str]:
    """The tags written KEY=VALUE."""
    pairs = [text.partition("=") for text in texts or ()]
    for key, stroke, _ in pairs:
        if not key or not stroke:
            raise typer.BadParameter(f"a tag is written KEY=VALUE, got {key!r}", param_hint="--tag")
    return {key: value for key, _, value in pairs}


def moment(text: str | None, option: str) -> datetime | None:
    """A moment in ISO 8601; without time zone it is local time."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):  # the latter where UTC has no such time
        raise typer.BadParameter(f"a time is written as 2026-03-14T12:00, got {text!r}", param_hint=option) from None


def images(source: str, tag: Sequence[str] | None, since: str | None, until: str | None) -> "ImageFilter | None":
    """The filter of a query; None where nothing filters."""
    from madseg.client import ImageFilter

    chosen = ImageFilter(moment(since, "--since"), moment(until, "--until"), source, tags(tag))
    return None if chosen == ImageFilter() else chosen


def image_id(text: str) -> str:
    """The id of an image, in lower case.

    Raises:
        typer.BadParameter: it is not 32 hexadecimal digits.
    """
    found = text.lower()
    if len(found) != 32 or not set(found) <= set("0123456789abcdef"):
        raise typer.BadParameter(f"an image id is 32 hexadecimal digits, got {text!r}")
    return found
