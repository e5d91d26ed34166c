"""The whole page: head, summary, matrix, throughput, findings, settings."""

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path

from madseg.cli.report.chart import throughput
from madseg.cli.report.data import ReportData
from madseg.cli.report.findings import sections
from madseg.cli.report.heat import matrix
from madseg.report.marks import document, figures_list, legend_list, named, part, settings_list, write_page


def write_report(path: str | Path, data: ReportData) -> int:
    """As `write_page`."""
    return write_page(path, page(data))


def page(data: ReportData) -> str:
    """The report as HTML."""
    body = "".join(
        (
            _header(data),
            "<main>",
            part("summary", "Summary", figures_list(data.figures)),
            part("matrix", "How much they disagree", _matrix_words(data) + matrix(data)),
            part("random", "What it would cost to find them at random", _costs(data)),
            part("throughput", "Throughput", throughput(data.stages)),
            part("images", "The images", legend_list(data.legend) + _toolbar(data) + sections(data)),
            part("settings", "Settings", _settings(data)),
            "</main>",
        )
    )
    return document(data.title, body, script=files("madseg.cli.report").joinpath("page.js").read_text(encoding="utf-8"))


def _header(data: ReportData) -> str:
    others = sorted({item.competitor for item in data.cells})
    words = f"{data.target} against {', '.join(others)}" if others else data.target
    introduction = f'<p class="introduction">{escape(data.introduction)}</p>' if data.introduction else ""
    return (
        f'<header><h1>{escape(data.title)}</h1><p class="lead">{escape(words)}</p>{introduction}'
        f'<p class="made">Made <time datetime="{data.made_at.isoformat()}">{data.made_at:%d %B %Y, %H:%M %Z}</time></p>'
        "</header>"
    )


def _matrix_words(data: ReportData) -> str:
    if not data.cells:
        return ""
    return (
        '<p class="aside">Mean discrepancy, 1 − mIoU of the two label maps, over the images in which one side sees the '
        f"class. “Target sees”: {escape(data.target)} may have found what isn’t there; “competitor sees”: it may have "
        "missed what is.</p>"
    )


def _costs(data: ReportData) -> str:
    costs = sorted((item for item in data.costs if item.found), key=lambda item: -item.one_in)
    if not costs:
        return ""
    most, shown = costs[0].one_in, {item.class_name for item in data.findings}
    rows = "".join(
        f'<tr><th scope="row">{named(item.class_name, shown)}</th>'
        f"<td>{item.found:,}</td><td>{item.words}</td>"
        f'<td class="bar" aria-hidden="true"><span style="width:{100 * item.one_in / most:.1f}%"></span></td></tr>'
        for item in costs
    )
    return (
        '<p class="aside">How many images one would look at, drawn at random, to see one of those that were found.</p>'
        '<table class="plain costs"><thead><tr><th scope="col">Class</th><th scope="col">Found</th>'
        '<th scope="col">One in</th><td aria-hidden="true"></td></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _toolbar(data: ReportData) -> str:
    """Conveniences that need the script, which shows them."""
    if not data.findings:
        return ""
    classes = _options(item.class_name for item in data.findings)
    others = _options(item.competitor for item in data.findings)
    return (
        '<form class="toolbar" hidden aria-label="View">'
        f'<label>Class <select id="by-class"><option value="">all</option>{classes}</select></label>'
        f'<label>Competitor <select id="by-competitor"><option value="">all</option>{others}</select></label>'
        '<label>Photograph through the maps <input id="blend" type="range" min="0" max="100" value="0"></label>'
        '<button id="blink" type="button" aria-pressed="false">Swap the two maps</button>'
        '<output id="shown" aria-live="polite"></output></form>'
    )


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{escape(name)}</option>" for name in dict.fromkeys(values))


def _settings(data: ReportData) -> str:
    pairs = [*data.settings, *([("criteria", data.criteria_id)] if data.criteria_id else [])]
    return settings_list(pairs)
