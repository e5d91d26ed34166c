"""A small report: two classes, two competitors, one image without a photograph."""

from datetime import UTC, datetime
from io import BytesIO

import numpy as np
from PIL import Image

from madseg.cli.report import Cell, ClassCost, Figure, Finding, LegendClass, Place, ReportData, Stage
from madseg.core.label_map import encode, from_dense

LEGEND = (
    LegendClass("background", (0, 0, 0), ranked=False),
    LegendClass("bus", (0, 128, 128)),
    LegendClass("<cat>", (64, 0, 0)),
)


def wire(*rows: str) -> bytes:
    """The wire form of a map written as rows of digits; `.` is void."""
    pixels = np.array([[255 if mark == "." else int(mark) for mark in row] for row in rows], np.uint8)
    return encode(from_dense(pixels))


def photograph(width: int = 40, height: int = 40) -> bytes:
    """A PNG that fades from left to right."""
    row = np.linspace(0, 255, width).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(np.dstack([np.tile(row, (height, 1))] * 3)).save(buffer, "PNG")
    return buffer.getvalue()


def finding(class_name: str = "bus", competitor: str = "theirs/1", *, picture: bool = True) -> Finding:
    """An image on which half of the pixels differ."""
    return Finding(
        image_id="0123456789abcdef" * 2,
        class_name=class_name,
        competitor=competitor,
        discrepancy=0.8125,
        places=(Place("target", 1, 0.5), Place("competitor", 12, 0.25)),
        picture=photograph() if picture else None,
        target_map=wire("11", "00"),
        competitor_map=wire("12", "02"),
        source="camera & door",
        captured_at=datetime(2026, 3, 14, 9, 26, tzinfo=UTC),
        near_duplicates=2,
    )


def sample() -> ReportData:
    """The report."""
    cells = [
        Cell(name, other, side, 100, 50, 0.1 * at, 0.9)
        for at, (name, other, side) in enumerate(
            (name, other, side)
            for name in ("bus", "<cat>")
            for other in ("theirs/1", "others/1")
            for side in ("target", "competitor")
        )
    ]
    return ReportData(
        title="Where <they> disagree",
        target="ours/2",
        made_at=datetime(2026, 3, 14, 12, tzinfo=UTC),
        figures=(Figure("12,345", "images taken in", "7 were sent again"), Figure("4", "candidates in M")),
        legend=LEGEND,
        cells=tuple(cells),
        findings=(finding(), finding("<cat>", "others/1", picture=False)),
        costs=(ClassCost("bus", 3, 900), ClassCost("<cat>", 0, 900)),
        stages=(Stage("intake", ((0, 0), (10, 400), (20, 380))), Stage("selector", ((0, 0), (10, 90), (20, 95)))),
        settings=(("grid", "2x2"),),
        criteria_id="c0ffee",
    )
