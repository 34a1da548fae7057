"""The actions of every screen, in a module of their own: the first paint needs no other table."""

from screens.command import Command

APP = (
    Command("app.help", "question_mark", "help", "Help", "Show the keys of this screen"),
    Command("app.jobs", "J", "jobs", "Jobs", "Show all jobs"),
    Command("app.quit", "q", "quit", "Quit", "Quit; jobs go on, and nothing is lost"),
    Command("app.palette", "ctrl+p", "command_palette", "Palette",
            "Find an action by its name, or a theme", show=False),
    Command("app.open", "ctrl+o", "open", "Open", "Open or create another workspace", show=False),
    Command("app.doctor", "exclamation_mark", "doctor", "Doctor",
            "Examine this machine and the workspace: what works, and what to do about the rest",
            show=False),
    Command("app.suspend", "ctrl+z", "suspend_process", "Suspend",
            "Go to the shell; `fg` comes back", show=False, always=True),
)  # fmt: skip
