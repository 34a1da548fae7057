"""Where the preview is: below a short list of classes, beside a long one."""

from screens.classes.preview import ClassPreview
from screens.classes.screen import ClassesScreen
from screens.classes.table import ClassTable, GroupTable
from screens.widgets.gallery import Gallery
from tests.screens.conftest import Host, planted, settled, workspace  # noqa: F401
from tests.screens.planted_kinds import plant_kinds


def regions(app):
    return [app.screen.query_one(kind).region for kind in (ClassTable, ClassPreview, Gallery)]


async def test_a_few_classes_leave_the_room_to_what_the_class_shows(workspace):  # noqa: F811
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(150, 48)) as pilot:
        await settled(pilot)
        table, preview, gallery = regions(app)
        assert (table.width, preview.width) == (150, 150)
        assert table.height == len(app.screen.listing.scores.classes) + 1, "no line too many"
        assert preview.y == table.bottom
        assert gallery.area > 0.4 * 150 * 48


async def test_a_short_terminal_has_the_preview_beside_the_list(workspace):  # noqa: F811
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(150, 20)) as pilot:
        await settled(pilot)
        table, preview, _ = regions(app)
        assert table.right <= preview.x
        assert table.height > 10
        await pilot.resize_terminal(150, 48)
        await settled(pilot)
        table, preview, _ = regions(app)
        assert preview.y == table.bottom


async def test_groups_have_the_whole_height(tmp_path):
    app = Host(ClassesScreen(plant_kinds(tmp_path, groups=True)))
    async with app.run_test(size=(150, 48)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert app.screen.query_one(GroupTable).region.height > 35
        assert not app.screen.query_one(ClassPreview).display
