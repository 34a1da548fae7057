"""Where moves lead. It knows all screens, for which the first paint does not wait."""

import threading
from collections.abc import Mapping
from typing import Any

from textual.screen import Screen

from engine.schema.edits import Edit
from engine.schema.errors import EngineError
from engine.schema.jobs import JobView
from engine.schema.requests import EditRequest, HeatRequest, IllusionRequest
from neuroinspect_tui.app.keys import sections
from neuroinspect_tui.config import demo_home, recent_workspaces
from neuroinspect_tui.program import PROGRAM
from screens.compare.screen import CompareScreen
from screens.edit.screen import EditScreen
from screens.help import HelpScreen
from screens.illusions.screen import IllusionsScreen
from screens.jobs import JobsScreen
from screens.messages import ToCompare, ToEdit, ToIllusions, ToMistakes, ToNeurons, ToWhatIf
from screens.mistakes.screen import MistakesScreen
from screens.neurons.screen import NeuronsScreen
from screens.ports import Workspace
from screens.start.screen import StartScreen
from screens.whatif.screen import WhatIfScreen

Move = ToMistakes | ToNeurons | ToIllusions | ToWhatIf | ToEdit | ToCompare


def screen_for(move: Move, workspace: Workspace) -> Screen[Any]:
    """Return the screen a move leads to."""
    match move:
        case ToMistakes():
            return MistakesScreen(workspace, move.class_index)
        case ToNeurons():
            return NeuronsScreen(workspace, move.class_index, move.mistake)
        case ToIllusions():
            return IllusionsScreen(workspace, move.class_index, move.neurons)
        case ToWhatIf():
            return WhatIfScreen(workspace, move.class_index, move.neurons)
        case ToEdit():
            return EditScreen(workspace, move.class_index, move.neurons, move.top, move.on)
        case ToCompare():
            return CompareScreen(workspace, move.edit)


def done_with(screen: Screen[Any], move: Move) -> bool:
    """Tell whether nobody wants back to a screen: the form of the edit that is now weighed."""
    return isinstance(screen, EditScreen) and isinstance(move, ToCompare)


def is_jobs(screen: Screen[Any]) -> bool:
    """Tell whether a screen is the one of jobs."""
    return isinstance(screen, JobsScreen)


def jobs_screen(workspace: Workspace) -> Screen[Any]:
    """Return the screen of all jobs."""
    return JobsScreen(workspace)


def is_start(screen: Screen[Any]) -> bool:
    """Tell whether a screen is the one that chooses a workspace."""
    return isinstance(screen, StartScreen)


def start_screen(said: str = "", directory: str = "") -> Screen[Any]:
    """Return the screen that chooses a workspace."""
    return StartScreen(PROGRAM, recent_workspaces(), demo_home(), said, directory)


def help_screen(below: Screen[Any], keys: Mapping[str, str]) -> Screen[Any]:
    """Return the list of keys for the screen below; `keys` are a person's own, by id."""
    return HelpScreen(sections(below, keys))


def result_of(job: JobView) -> Move | None:
    """Return where to look at what a job makes; None where there is nothing to look at."""
    match job.request:
        case IllusionRequest(class_index=k, neurons=neurons):
            return ToIllusions(k, neurons)
        case HeatRequest(class_index=k):
            return ToNeurons(k)
        case EditRequest(classes=(k, *_), neurons=neurons, top=top, on=on):
            return ToEdit(k, neurons, top, on)
    return None


def edit_made(workspace: Workspace, job: str) -> ToCompare:
    """Return where to look at the edit that a finished job made: its last record names it."""
    *_, last = (None, *workspace.follow(job, threading.Event()))
    if not isinstance(last, Edit):
        raise EngineError(f"Job {job} names no edit; look into its log.")
    return ToCompare(last.id)
