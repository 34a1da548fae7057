"""Words on screens, from what the workspace has of CLIP; else, what a key would add. No torch."""

from collections.abc import Sequence

from engine.features.cache import FeatureCache
from engine.schema.errors import EngineError
from engine.schema.requests import ClipRequest
from engine.words.naming_mistakes import ClassWords, name_mistakes
from engine.words.naming_neurons import NamedNeurons
from engine.words.neuron_store import path_of, stored
from engine.words.opening import word_list
from engine.words.space import WordSpace
from screens.command import Command
from screens.job_line import JobLine, newest
from screens.ports import Workspace
from screens.widgets.text import Columns, Text
from screens.words import sides

KEY = "d"
OFFER = f"{KEY} says in words what they look like; CLIP sees every image once for it"
COMMAND_HELP = "Say in words what mistakes and neurons show, by CLIP"
Lines = Sequence[tuple[str, str]]
"""A title and words, or an empty title and a sentence."""


def command(screen: str) -> Command:
    """Return the command of the key that makes words."""
    return Command(f"{screen}.words", KEY, "words", "Words", COMMAND_HELP)


class ClipWords:
    """The words of classes and neurons, each computed once. For threads.

    Args:
        workspace: Whose.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._space: WordSpace | None = None
        self._classes: dict[int, ClassWords] = {}
        self._neurons: NamedNeurons | None = None
        self.missing = False
        """Whether CLIP's features or texts were still to be made when last asked."""

    def of_class(self, class_index: int) -> Lines:
        """Return what a class's mistakes look like, why that cannot be said, or how to know.

        Nothing without a CLIP. A failure is a sentence too: the rest of the screen is not of CLIP.
        """
        if not self._workspace.source.has_clip:
            return ()
        try:
            space = self._ready()
        except EngineError as error:
            return (("", str(error)),)
        if space is None:
            return (("", OFFER),)
        if class_index not in self._classes:
            self._classes[class_index] = name_mistakes(space, class_index)
        return sides(self._classes[class_index])

    def of_neurons(self, cache: FeatureCache) -> NamedNeurons | None:
        """Return the neurons' words that are in the workspace; None where they are not."""
        try:
            space = self._ready() if self._workspace.source.has_clip else None
        except EngineError:
            return None  # other screens say why
        if space is not None and self._neurons is None:
            self._neurons = stored(path_of(self._workspace.home, cache, space))
        return self._neurons

    def _ready(self) -> WordSpace | None:
        space = self._workspace.word_space()
        self.missing = space is None
        if space is not self._space:
            self._space, self._classes, self._neurons = space, {}, None
        return space


def ensure_words(workspace: Workspace, job_line: JobLine) -> None:
    """Follow the job that makes what words need, or start it.

    Args:
        workspace: The workspace.
        job_line: The screen's own; its `Done` says when all is there.
    """
    split = workspace.source.eval_split
    texts = word_list(workspace.split(split).classes).texts
    request = ClipRequest(split=split, texts=texts)
    job = newest(workspace, request)
    if job is None:
        job_line.submit(request)
    else:
        job_line.track(job.id)


def beside(lines: Lines) -> Columns | Text:
    """Return lines as two columns, titles and words; one sentence goes across."""
    if not lines or not lines[0][0]:
        return Text(lines[0][1] if lines else "", style="dim")
    grid = Columns((0, 3, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for title, words in lines:
        grid.add_row(Text(title, style="dim"), Text(words, style="bold"))
    return grid
