"""`study`: a page without its answers, that CLIP can answer and that is scored."""

import base64
import csv
import hashlib
import re

import pytest

from engine.data.splits import open_split
from engine.features.cache import open_cache
from engine.schema.requests import Source
from neuroinspect_tui.study.page import page, read_quiz
from neuroinspect_tui.study.reading import read_key
from neuroinspect_tui.study.records import Question, Quiz
from neuroinspect_tui.workspace import read_source, write_source
from tests.hostile import forbidden
from tests.making import make_checkpoint, make_clip, make_small, picture
from tests.neuroinspect_tui.report.parsed import Page
from tests.neuroinspect_tui.test_bad_input import refused, refused_usage, state_of

HOSTILE = (
    "</script><script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "\u202edrib\x1b[2J",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A workspace of three classes with hostile names."""
    root = tmp_path_factory.mktemp("hostile")
    rows = [("path", "label", "split")]
    for split in ("train", "valid"):
        for k, label in enumerate(HOSTILE):
            for i in range(12):
                path = f"secret-{split}-{k}-{i}.png"
                picture((80 * k, 15 * i, 90), 100 * k + i, size=32).save(root / path)
                rows.append((path, label, split))
    with (root / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    source = Source(
        model=make_small(root / "model", size=32), data=str(root / "list.csv"), device="cpu",
        checkpoint=str(make_checkpoint(root / "three.safetensors")), clip=make_clip(root / "clip"),
    )  # fmt: skip
    write_source(root / "ws", source)
    return root / "ws"


@pytest.fixture
def made(home, run, tmp_path):
    out = tmp_path / "quiz.html"
    ran = run("study", "make", "-w", home, "-o", out, "--neurons", 5, "--questions", 10,
              "--steps", 1)  # fmt: skip
    assert ran.code == 0, ran.err
    assert not forbidden(ran.out.replace("\n", ""))
    return out


def test_the_page_has_no_answer_and_the_key_has_the_right_ones(made, home):
    text = made.read_text(encoding="utf-8")
    quiz, key = read_quiz(made), read_key(made.with_suffix(".key.json"))
    assert quiz.id == key.quiz
    assert key.conditions == ("none", "activation", "published", "maco", "images", "heat")
    for word in ("secret-", '"solutions"', '"goes"', '"neuron"', '"side"'):
        assert word not in text
    source = read_source(home)
    split = open_split(source, "valid")
    cache = open_cache(home, source, split)
    row = {cache.path(at): at for at in range(cache.meta.n)}
    for question, solution in zip(quiz.questions, key.solutions, strict=True):
        more, less = (cache.features[row[one], solution.neuron]
                      for one in (solution.goes, solution.does_not))  # fmt: skip
        assert more > less
        right = getattr(question, solution.side)
        wrong = question.right if solution.side == "left" else question.left
        same = [other for other in zip(quiz.questions, key.solutions, strict=True)
                if other[1].goes == solution.goes]  # fmt: skip
        assert all(getattr(q, s.side) == right for q, s in same)
        assert right != wrong
        assert {name: len(some) for name, some in question.shown.items()} == {
            "none": 0, "activation": 1, "published": 1, "maco": 1, "images": 4, "heat": 4,
        }  # fmt: skip
        assert not {right, wrong} & set(question.shown["images"])
    assert sorted(one.side for one in key.solutions) == ["left"] * 5 + ["right"] * 5


def test_names_are_text_and_the_only_script_is_its_own(made):
    parsed = Page(made.read_text(encoding="utf-8"))
    scripts = parsed.of("script")
    assert [one.attributes.get("type") for one in scripts] == ["application/json", None]
    digest = base64.b64encode(hashlib.sha256(scripts[1].text.encode()).digest()).decode()
    [policy] = [one.attributes["content"] for one in parsed.of("meta")
                if one.attributes.get("http-equiv") == "Content-Security-Policy"]  # fmt: skip
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert [one for one in parsed.of("img") if "src" in one.attributes] == []
    assert not forbidden(parsed.text.replace("\n", ""))
    names = {question.class_name for question in read_quiz(made).questions}
    assert names <= {*HOSTILE[:2], r"\u202edrib\x1b[2J"}
    assert not re.search(r"https?://", made.read_text(encoding="utf-8"))


def test_a_page_reads_back_as_it_was_written(tmp_path):
    question = Question(class_name="<!--<script>&amp;", left=0, right=1, shown={"none": ()})
    quiz = Quiz(id="a", hints={"none": "h"}, pictures=("data:,a", "data:,b"),
                questions=(question,), forms=(((0, "none"),),))  # fmt: skip
    file = tmp_path / "a.html"
    file.write_text(page(quiz), encoding="utf-8")
    assert read_quiz(file) == quiz


def test_clip_answers_and_is_scored_apart(made, home, run, tmp_path):
    out, key = tmp_path / "clip.json", made.with_suffix(".key.json")
    clip = read_source(home).clip
    ran = run("study", "answer", made, "--clip", clip, "-o", out)
    assert ran.code == 0, ran.err
    assert "50 answers" in ran.out
    ran = run("study", "score", out, "--key", key, "--json")
    assert ran.code == 0, ran.err
    [(name, scores)] = ran.json["by"].items()
    assert name == f"CLIP {clip}"
    assert [one["answered"] for one in scores] == [0, 10, 10, 10, 10, 10, 50]
    assert "guided the drawings" in ran.err
    told = run("study", "score", out, "--key", key)
    assert "a stand-in, no person" in told.out
    assert "no explanation (control)" in told.out
    refused(run("study", "score", out, out, "--key", key), "is of CLIP, whose answers")


def test_what_is_there_stays(made, home, run):
    before = state_of(made.parent)
    asked = ("study", "make", "-w", home, "--neurons", 5, "--steps", 1)
    refused(run(*asked, "-o", made), "quiz.html exists already")
    other = made.with_name("other.html")
    refused(run(*asked, "-o", other, "--key", made), "quiz.html exists already")
    refused(run(*asked, "-o", other, "--key", other), "the right answers go elsewhere")
    refused(run(*asked, "-o", other, "--condition", "dream"), "No condition 'dream'")
    refused(run(*asked, "-o", other, "--questions", 1000), "fewer --neurons or --questions")
    refused_usage(run(*asked, "-o", other, "--neurons", 0), "--neurons")
    clip = read_source(home).clip
    refused(run("study", "answer", made, "--clip", clip, "-o", made), "exists already")
    refused(run("study", "answer", made, "--clip", "none", "-o", other), "answers nothing")
    assert state_of(made.parent) == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace('"left":', '"left":9', 1),
        lambda text: text.replace('"forms":[[[', '"forms":[[[99', 1),
        lambda text: text.replace('id="quiz"', 'id="other"'),
    ],
)
def test_a_spoilt_page_is_refused(made, home, run, spoil):
    made.write_text(spoil(made.read_text(encoding="utf-8")), encoding="utf-8")
    out = made.with_name("out.json")
    ran = run("study", "answer", made, "--clip", read_source(home).clip, "-o", out)
    refused(ran, "is no page of `study make`")
    assert not out.exists()
