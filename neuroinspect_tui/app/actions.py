"""What can be done on every screen. Apart from the other tables: the first paint needs only it."""

from screens.command import Command

APP = (
    Command("app.help", "question_mark", "help", "Help", "The keys that work on this screen"),
    Command("app.jobs", "J", "jobs", "Jobs", "All jobs, from anywhere"),
    Command("app.quit", "q", "quit", "Quit", "Leave; the jobs go on, and nothing is lost"),
    Command("app.palette", "ctrl+p", "command_palette", "Palette",
            "Every action by its name, and the themes", show=False),
    Command("app.open", "ctrl+o", "open", "Open", "Open or make another workspace", show=False),
)  # fmt: skip
