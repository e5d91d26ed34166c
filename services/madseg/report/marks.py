"""Pieces of markup that reports are put together from."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

from madseg.report.panels import LegendClass, Panel

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


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


@dataclass(frozen=True)
class Figure:
    """A number of the summary, as it is shown, with what it counts."""

    value: str
    label: str
    note: str = ""


def part(name: str, title: str, content: str) -> str:
    """A section of the page; nothing where it has no content."""
    if not content:
        return ""
    return f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{escape(title)}</h2>{content}</section>'


def figures_list(figures: Sequence[Figure]) -> str:
    """Numbers as tiles."""
    shown = "".join(
        f"<div><dt>{escape(item.label)}{f'<small>{escape(item.note)}</small>' if item.note else ''}</dt>"
        f"<dd>{escape(item.value)}</dd></div>"
        for item in figures
    )
    return f'<dl class="figures">{shown}</dl>' if shown else ""


def settings_list(pairs: Iterable[tuple[str, str]]) -> str:
    """Names with their values."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)
    return f'<dl class="settings">{rows}</dl>' if rows else ""


def legend_list(legend: Iterable[LegendClass]) -> str:
    """The classes with their colours."""
    items = "".join(f"<li>{swatch(item.colour)}{escape(item.name)}</li>" for item in legend)
    return f'<ul class="legend" aria-label="Colours of the classes">{items}</ul>'


def panel(kind: str, caption: str, shown: Panel | None) -> str:
    """A picture with its caption, or that there is none."""
    words = f"<figcaption>{escape(caption)}</figcaption>"
    if shown is None:
        return f'<figure class="{kind} absent"><div class="frame">none</div>{words}</figure>'
    return (
        f'<figure class="{kind}"><div class="frame"><img src="{shown.uri}" width="{shown.width}" '
        f'height="{shown.height}" alt="{escape(shown.words)}" decoding="async"></div>{words}</figure>'
    )


def document(title: str, body: str, *, css: str = "", script: str = "") -> str:
    """A whole page that fetches nothing: whoever opens the file tells nobody."""
    style = files("madseg.report").joinpath("page.css").read_text(encoding="utf-8") + css
    ending = f"<script>{script}</script>" if script else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="generator" content="madseg">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>{body}{ending}</body></html>\n"
    )


def write_page(path: str | Path, content: str) -> int:
    """Writes a page as one self-contained HTML file, making its folder; how many bytes it has."""
    written = content.encode()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(written)
    return len(written)
