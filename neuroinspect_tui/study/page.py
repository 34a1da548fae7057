"""A quiz as one HTML page that needs nothing else: no file, no network."""

import base64
import hashlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import structs

from engine.schema.errors import DataError
from neuroinspect_tui.study.records import Quiz
from screens.shown import json_escaped, shown

TEMPLATES = "templates"
DATA = "quiz"
"""The id of the element that holds the quiz."""
LARGEST = 512 * 2**20
"""Bytes of a page that is read back."""


def page(quiz: Quiz) -> str:
    """Return the page. Names of classes show what they would hide, and are never markup."""
    parts = {name: _file(name) for name in ("quiz.css", "quiz.js")}
    digest = base64.b64encode(hashlib.sha256(parts["quiz.js"].encode()).digest()).decode()
    environment = Environment(
        loader=PackageLoader(__package__ or "", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("quiz.html").render(
        data=Markup(_inside_script(quiz)),
        style=Markup(parts["quiz.css"]),
        script=Markup(parts["quiz.js"]),
        forms=len(quiz.forms),
        questions=len(quiz.questions),
        policy=(
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
            f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        ),
    )


def _inside_script(quiz: Quiz) -> str:
    """Return a quiz as JSON in which nothing ends the element that it stands in."""
    questions = tuple(
        structs.replace(question, class_name=shown(question.class_name))
        for question in quiz.questions
    )
    text = msgspec.json.encode(structs.replace(quiz, questions=questions)).decode()
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return json_escaped(text)


def read_quiz(path: Path) -> Quiz:
    """Read a quiz back from its page.

    Raises:
        DataError: The file is missing or is no such page.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is too large for a quiz; give the page of `study make`.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no page of `study make`: it is not UTF-8.") from error
    found = _Data()
    found.feed(text)
    try:
        quiz = msgspec.json.decode("".join(found.parts), type=Quiz)
        _check(quiz)
    except (msgspec.DecodeError, RecursionError, UnicodeError, ValueError) as error:
        raise DataError(f"{path} is no page of `study make`, or damaged: {error}.") from error
    return quiz


def _check(quiz: Quiz) -> None:
    """Refuse a quiz that refers to what it does not have.

    Raises:
        ValueError: It does.
    """
    used = [
        at
        for question in quiz.questions
        for at in (
            question.left,
            question.right,
            *(one for some in question.shown.values() for one in some),
        )
    ]
    if max(used, default=0) >= len(quiz.pictures):
        raise ValueError("it refers to a picture that it does not have")
    for at, condition in (asked for form in quiz.forms for asked in form):
        if at >= len(quiz.questions) or condition not in quiz.questions[at].shown:
            raise ValueError("it asks a question that it does not have")


class _Data(HTMLParser):
    """Collects the text of the element that holds the quiz."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("id") == DATA

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.parts.append(data)


def _file(name: str) -> str:
    return (Path(__file__).parent / TEMPLATES / name).read_text(encoding="utf-8")
