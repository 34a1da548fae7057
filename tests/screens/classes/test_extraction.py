"""The classes while the features of their images are extracted."""

from engine.evaluation.scores import score
from engine.features.progress import PROGRESS
from engine.io.atomic import write_json
from engine.schema.records import Progress
from engine.schema.requests import FeaturesRequest
from screens.classes.screen import ClassesScreen
from screens.classes.table import ClassTable
from screens.messages import ToMistakes
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.erring import evaluate_until
from tests.screens.planted import NAMES


def names(app):
    table = app.screen.query_one(ClassTable)
    return [NAMES[index] for index in table.keys]


def worst_first(workspace):
    classes = score(workspace.planted.cache()).classes
    return [entry.name for entry in sorted(classes, key=lambda entry: entry.accuracy or 0)]


async def test_scores_are_shown_while_features_are_extracted(wrong):
    wrong.cached = False
    app = Host(ClassesScreen(wrong))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        job = wrong.last
        assert job.request == FeaturesRequest(split="valid")
        assert "0 of 72 images evaluated" in shown(pilot)
        assert names(app) == list(wrong.planted.split.classes)
        evaluate_until(wrong.planted, 24)
        job.feed(Progress(stage="extracting features of valid", done=26, total=72))
        await until(pilot, lambda: "24 of 72 images evaluated" in shown(pilot))
        assert names(app)[:2] == ["bee", "ant"]
        assert app.screen.query_one(ClassTable).index == 0  # still on the worst
        assert "extracting features of valid" in shown(pilot)
        assert "26/72 images" in shown(pilot)
        await pilot.press("enter", "n", "e")
        wrong.cached = True
        job.end()
        await until(pilot, lambda: "33 mistakes in 5 classes" in shown(pilot))
        assert names(app) == worst_first(wrong)
        await settled(pilot)
        assert not app.posted(ToMistakes)
        assert len(wrong.made) == 1


async def test_an_extraction_in_progress_is_followed(wrong):
    wrong.cached = False
    evaluate_until(wrong.planted, 24)
    wrong.submit(FeaturesRequest(split="valid"))
    app = Host(ClassesScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "24 of 72 images evaluated" in shown(pilot)
        assert app.first.job_line.job == wrong.last.id
        assert len(wrong.made) == 1


async def test_a_failed_extraction_is_retried(wrong):
    wrong.cached = False
    app = Host(ClassesScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        wrong.last.lines.append("read 3 of 10")
        wrong.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "✗ The disk is full." in shown(pilot))
        assert "read 3 of 10" in shown(pilot)
        await pilot.press("R")
        wrong.cached = True
        wrong.last.end()
        await until(pilot, lambda: "33 mistakes" in shown(pilot))


async def test_an_extraction_that_cannot_start_is_retried(wrong):
    wrong.cached = False
    wrong.refusal = "The workspace is read-only."
    app = Host(ClassesScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "✗ The workspace is read-only." in shown(pilot)
        wrong.refusal = ""
        await pilot.press("R")
        await settled(pilot)
        assert len(wrong.made) == 1
        assert "read-only" not in shown(pilot)


async def test_images_that_change_meanwhile_are_not_extracted_for_ever(
    wrong,
):
    wrong.cached = False
    app = Host(ClassesScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        wrong.last.end()
        await until(pilot, lambda: "changed while their features were extracted" in shown(pilot))
        assert len(wrong.made) == 1
        await pilot.press("R")
        await settled(pilot)
        assert len(wrong.made) == 2


async def test_a_damaged_progress_file_counts_as_no_progress(wrong):
    wrong.cached = False
    evaluate_until(wrong.planted, 24)
    torn = next((wrong.home / "features").glob(f"*.partial/{PROGRESS}"))
    write_json(torn, {"images": "many"})
    app = Host(ClassesScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "0 of 72 images evaluated" in shown(pilot)
