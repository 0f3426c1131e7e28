"""Writes a report as report.json, report.md and report.html."""

from pathlib import Path
from typing import TYPE_CHECKING

from txt.files import atomic_write, explain_os_errors, write_json

if TYPE_CHECKING:
    from txt.evaluation.report import Report

NAMES = ("report.json", "report.md", "report.html")


def write(report: "Report", folder: Path) -> None:
    """Write the three files, NAMES, into `folder`, each whole or not at all.

    Raises:
        TxtError: the disk is full or cannot be written to.
    """
    # here, since commands look at the names before they load what computes and draws
    from txt.evaluation.html import render_page
    from txt.evaluation.markdown import markdown

    documents = {"report.md": markdown(report), "report.html": render_page(report)}
    with explain_os_errors("cannot write the report"):
        write_json(folder / "report.json", report.to_json())
        for name, content in documents.items():
            with atomic_write(folder / name) as file:
                file.write(content)
