"""The report: one self-contained HTML file that shows what was found.

`collect` reads everything over the client, `write_report` writes the file; whoever has the values needs no client.
"""

from madseg.cli.report.collect import collect
from madseg.cli.report.data import Cell, ClassCost, Finding, Place, ReportData, Stage
from madseg.cli.report.page import page, write_report
from madseg.report.marks import Figure
from madseg.report.panels import LegendClass

__all__ = [
    "Cell",
    "ClassCost",
    "Figure",
    "Finding",
    "LegendClass",
    "Place",
    "ReportData",
    "Stage",
    "collect",
    "page",
    "write_report",
]
