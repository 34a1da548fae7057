"""The quiz in a real browser: answered by keys alone, saved as a file, and scored."""

import io
import json
import time
from base64 import b64encode

import pytest
from PIL import Image

from neuroinspect_tui.study.page import page
from neuroinspect_tui.study.reading import read_answers
from neuroinspect_tui.study.records import Key, Question, Quiz, Solution
from neuroinspect_tui.study.scoring import PEOPLE, score
from tests.neuroinspect_tui.report.chromium import Chromium, program

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(program() is None, reason="needs a Chromium on the PATH"),
]
SIDES = ("left", "right", "right")
FORMS = (
    ((0, "none"), (1, "images"), (2, "none")),
    ((2, "images"), (0, "none"), (1, "images")),
)
HOSTILE = "</script><img src=x onerror=alert(1)>"


def address(shade):
    file = io.BytesIO()
    Image.new("RGB", (60, 40), (shade, 90, 40)).save(file, "WEBP")
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"


@pytest.fixture
def quiz(tmp_path):
    questions = tuple(
        Question(class_name=HOSTILE, left=2 * at, right=2 * at + 1,
                 shown={"none": (), "images": (6, 7)})
        for at in range(3)
    )  # fmt: skip
    made = Quiz(
        id="q1", hints={"none": "guess", "images": "real"},
        pictures=tuple(address(30 * at) for at in range(8)), questions=questions, forms=FORMS,
    )  # fmt: skip
    path = tmp_path / "quiz.html"
    path.write_text(page(made), encoding="utf-8")
    return path


@pytest.fixture
def chromium(tmp_path):
    opened = Chromium(tmp_path / "profile")
    opened.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    yield opened
    opened.close()


def press(chromium, *keys):
    for key in keys:
        for kind in ("keyDown", "keyUp"):
            chromium.call("Input.dispatchKeyEvent", type=kind, key=key)


def started(chromium, quiz, width, name="Anna, ü 1", form=2):
    chromium.open(quiz.as_uri(), width)
    chromium.evaluate(f"document.getElementById('name').value = {json.dumps(name)}")
    chromium.evaluate(f"document.getElementById('form').value = '{form}'")
    chromium.evaluate("document.querySelector('#observer button').click()")


def text_of(chromium, name):
    return chromium.evaluate(f"document.getElementById('{name}').textContent")


def saved(tmp_path):
    deadline = time.monotonic() + 20
    while not (found := list(tmp_path.glob("answers-q1-*.json"))):
        assert time.monotonic() < deadline, "nothing was saved"
        time.sleep(0.1)
    return found[0]


@pytest.mark.parametrize("width", [1280, 400])
def test_it_is_answered_by_keys_and_scored(chromium, quiz, tmp_path, width):
    started(chromium, quiz, width)
    assert text_of(chromium, "progress") == "1 of 3"
    assert text_of(chromium, "class") == HOSTILE
    assert chromium.evaluate("document.querySelectorAll('#explanation img').length") == 2
    shown = "[...document.querySelectorAll('#ask img')]"
    assert chromium.evaluate(f"{shown}.every((one) => one.complete && one.naturalWidth > 0)")
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    press(chromium, "ArrowRight")  # question 2, right
    assert text_of(chromium, "hint") == "guess"
    assert chromium.evaluate("document.querySelectorAll('#explanation img').length") == 0
    press(chromium, "ArrowLeft", "Backspace", "2", "1")  # question 0: taken back, then wrong
    assert chromium.evaluate("document.getElementById('ask').hidden")
    chromium.evaluate("document.querySelector('#end .save').click()")
    answers = saved(tmp_path)
    assert answers.name == "answers-q1-Anna_ü_1.json"
    solutions = tuple(
        Solution(side=side, neuron=0, class_name="a", goes="g", does_not="d", goes_activation=1,
                 does_not_activation=0)
        for side in SIDES
    )  # fmt: skip
    key = Key(quiz="q1", conditions=("none", "images"), solutions=solutions, forms=FORMS,
              made_from={})  # fmt: skip
    [read] = read_answers([answers], key)
    assert (read.observer, read.form, read.stand_in) == ("Anna, ü 1", 2, None)
    assert [(one.question, one.choice) for one in read.answers] == [
        (2, "right"), (0, "right"), (1, "left"),
    ]  # fmt: skip
    assert all(0 < one.seconds < 60 for one in read.answers)
    none, images, _ = score([read], key).by[PEOPLE]
    assert [(one.answered, one.right) for one in (none, images)] == [(1, 0), (2, 1)]
    assert not chromium.logged
    asked = [url for url in chromium.requested if not url.startswith(("data:", "blob:"))]
    assert asked == [quiz.as_uri()]


def test_what_is_answered_so_far_can_be_saved_and_a_click_answers_too(chromium, quiz, tmp_path):
    started(chromium, quiz, 1280, form=1)
    chromium.evaluate("document.getElementById('left').click()")
    chromium.evaluate("document.querySelector('#ask .save').click()")
    told = json.loads(saved(tmp_path).read_text(encoding="utf-8"))
    assert told["form"] == 1
    assert [(one["question"], one["choice"]) for one in told["answers"]] == [(0, "left")]
    assert not chromium.logged


def test_without_a_name_it_does_not_start(chromium, quiz):
    started(chromium, quiz, 1280, name="   ")
    press(chromium, "ArrowLeft")
    assert chromium.evaluate("document.getElementById('ask').hidden")
    assert not chromium.logged
