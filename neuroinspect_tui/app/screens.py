"""The screens of the app: the one place where a screen is registered.

Opening, help, keys and the palette follow from it. The app's first paint does not import it.
"""

from screens.base import Base
from screens.classes.screen import ClassesScreen
from screens.compare.screen import CompareScreen
from screens.edit.screen import EditScreen
from screens.illusions.screen import IllusionsScreen
from screens.jobs import JobsScreen
from screens.kinds.screen import KindsScreen
from screens.mistakes.screen import MistakesScreen
from screens.neurons.screen import NeuronsScreen
from screens.plots.screen import PlotsScreen
from screens.whatif.screen import WhatIfScreen

SCREENS: tuple[type[Base], ...] = (
    ClassesScreen, MistakesScreen, NeuronsScreen, IllusionsScreen, WhatIfScreen, EditScreen,
    CompareScreen, KindsScreen, PlotsScreen, JobsScreen,
)  # fmt: skip
"""In the order of help and of the table of keys."""
