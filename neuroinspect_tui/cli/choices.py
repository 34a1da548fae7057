"""Names that commands let choose among: of the registries, as Typer's choices.

The names are known without importing any kind: `--help` and completion list them at once, and a
wrong one exits with code 2 and the names there are.
"""

from typing import TYPE_CHECKING, Literal

from engine.attribution.rankings import RANKINGS
from engine.editing.methods import EDIT_METHODS
from engine.visualization.objectives import OBJECTIVES
from engine.visualization.parameterizations import PARAMETERIZATIONS
from screens.widgets.pictures.base import RENDERERS as PICTURE_RENDERERS

if TYPE_CHECKING:
    RankingName = str
    MethodName = str
    ParameterizationName = str
    ObjectiveName = str
    PictureName = str
else:
    RankingName = Literal[*RANKINGS.names()]
    MethodName = Literal[*EDIT_METHODS.names()]
    ParameterizationName = Literal[*PARAMETERIZATIONS.names()]
    ObjectiveName = Literal[*OBJECTIVES.names()]
    PictureName = Literal["auto", *PICTURE_RENDERERS.names()]
