"""Which screen a message opens. It knows all screens, for which the first paint does not wait."""

import threading
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from textual.screen import Screen

from engine.schema.edits import Edit
from engine.schema.errors import EngineError
from engine.schema.jobs import JobView
from engine.schema.requests import EditRequest, HeatRequest, IllusionRequest
from neuroinspect_tui.app.keys import sections
from neuroinspect_tui.app.screens import SCREENS
from neuroinspect_tui.config import demo_home, recent_workspaces
from neuroinspect_tui.program import PROGRAM
from screens.base import Base
from screens.doctor import DoctorScreen
from screens.help import HelpScreen
from screens.jobs import JobsScreen
from screens.messages import OpenScreen, ToCompare, ToEdit, ToIllusions, ToNeurons
from screens.ports import Workspace
from screens.start.screen import StartScreen


def screen_for(message: OpenScreen, workspace: Workspace) -> Screen[Any]:
    """Return the screen that a message opens: its fields are the screen's arguments."""
    screen: type[Any] = next(one for one in SCREENS if one.OPENED_BY is type(message))
    arguments = {field.name: getattr(message, field.name) for field in fields(message)}
    opened: Screen[Any] = screen(workspace, **arguments)
    return opened


def is_replaced(screen: Screen[Any], message: OpenScreen) -> bool:
    """Tell whether a message's screen takes a screen's place, as a comparison its edit's form."""
    return isinstance(screen, Base) and isinstance(message, screen.REPLACED_BY)


def is_jobs(screen: Screen[Any]) -> bool:
    """Tell whether a screen is the one of jobs."""
    return isinstance(screen, JobsScreen)


def jobs_screen(workspace: Workspace) -> Screen[Any]:
    """Return the screen of all jobs."""
    return JobsScreen(workspace)


def is_start(screen: Screen[Any]) -> bool:
    """Tell whether a screen is the one that chooses a workspace."""
    return isinstance(screen, StartScreen)


def start_screen(reason: str = "", directory: str = "") -> Screen[Any]:
    """Return the screen that chooses a workspace."""
    return StartScreen(PROGRAM, recent_workspaces(), demo_home(), reason, directory)


def help_screen(below: Screen[Any], keys: Mapping[str, str]) -> Screen[Any]:
    """Return the list of keys for the screen below; `keys` are a person's own, by id."""
    return HelpScreen(sections(below, keys))


def doctor_screen(home: Path | None, here: Mapping[str, str]) -> Screen[Any]:
    """Return the doctor's report; `here` has the lines that the app itself knows better."""
    return DoctorScreen(PROGRAM, home, here)


def is_doctor(screen: Screen[Any]) -> bool:
    """Tell whether a screen is the doctor's report."""
    return isinstance(screen, DoctorScreen)


def result_of(job: JobView) -> OpenScreen | None:
    """Return the message that opens what a job makes; None where no screen shows it."""
    match job.request:
        case IllusionRequest(class_index=k, neurons=neurons):
            return ToIllusions(k, neurons)
        case HeatRequest(class_index=k):
            return ToNeurons(k)
        case EditRequest(classes=(k, *_), neurons=neurons, top=top, on=on):
            return ToEdit(k, neurons, top, on)
    return None


def edit_made(workspace: Workspace, job: str) -> ToCompare:
    """Return the message that opens the edit of a finished job: its last record is that edit."""
    *_, last = (None, *workspace.follow(job, threading.Event()))
    if not isinstance(last, Edit):
        raise EngineError(f"Job {job} made no edit; its log says more.")
    return ToCompare(last)
