"""From a report's facts to one HTML page that needs nothing else: no file, no network."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from engine.grouping.store import FOUND
from engine.schema.edits import Edit, Variant
from neuroinspect_tui.report.facts import Report
from neuroinspect_tui.report.plots import accuracy_chart, curve_chart, variants_chart
from neuroinspect_tui.report.thumbnails import thumbnails
from screens.compare.words import CONTROLS, estimated
from screens.shown import shown
from screens.words import counted, interval, percent, points

TEMPLATES = "templates"
CLASSES_LISTED = 1000
"""Classes of the table, worst first."""


def page(report: Report) -> str:
    """Return the page. Every text in it is escaped, and shows what it would hide."""
    parts = {name: _file(name) for name in ("style.css", "script.js")}
    digest = base64.b64encode(hashlib.sha256(parts["script.js"].encode()).digest()).decode()
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            thumbs=thumbnails(report.shots),
            style=Markup(parts["style.css"]),
            script=Markup(parts["script.js"]),
            policy=(
                "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
                f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
            ),
            listed=report.scores.classes[:CLASSES_LISTED],
        )
    )


def _file(name: str) -> str:
    return (Path(__file__).parent / TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or "", TEMPLATES),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        accuracy_chart=accuracy_chart,
        curve_chart=curve_chart,
        variants_chart=lambda edit, anchor: variants_chart(edit, variant_names(edit), anchor),
        variant_name=variant_name,
        grouped_by=grouped_by,
        counted=counted,
        controls=CONTROLS,
    )
    environment.filters.update(
        percent=percent, points=points, interval=lambda ci: interval(*ci), estimated=estimated
    )
    return environment


def _seen(value: object) -> object:
    """Return what a template prints: markup of ours, or text in which nothing is hidden."""
    return value if isinstance(value, Markup) else shown(str(value))


def variant_name(variant: Variant) -> str:
    """Return what people call a variant of an edit."""
    return CONTROLS.get(variant.name, {"original": "before"}.get(variant.name, variant.name))


def variant_names(edit: Edit) -> list[str]:
    """Return what people call the variants of an edit, in their order."""
    return [variant_name(variant) for variant in edit.variants]


def grouped_by(edit: Edit) -> str:
    """Return by which groups an edit's worst group is, where not by the data's own; else empty."""
    grouping = edit.provenance.get("groups", "").partition(" ")[0]
    if not grouping:
        return ""
    return "groups found without labels" if grouping == FOUND else f"the grouping {grouping}"
