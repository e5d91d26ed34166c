"""Small pieces of markup that several parts of a report share."""

import re
from collections.abc import Collection
from html import escape


def anchor(class_name: str) -> str:
    """The id of a class's section."""
    return "class-" + re.sub(r"[^a-z0-9]+", "-", class_name.lower()).strip("-")


def named(class_name: str, shown: Collection[str]) -> str:
    """A class's name, as a link where the page shows images of it."""
    if class_name not in shown:
        return escape(class_name)
    return f'<a href="#{anchor(class_name)}">{escape(class_name)}</a>'


def swatch(colour: tuple[int, int, int] | None) -> str:
    """A dot in a class's colour; nothing for a class without one."""
    if colour is None:
        return ""
    return f'<span class="swatch" style="background:rgb({colour[0]} {colour[1]} {colour[2]})"></span>'
