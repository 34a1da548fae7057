"""Drawings made by code, and the jobs that report them."""

from engine.schema.records import Illusions, IllusionStep, Label
from engine.schema.requests import IllusionRequest
from tests.screens.blamed import draw, facts, paint
from tests.screens.conftest import settled, until
from tests.screens.fake import FakeWorkspace

BOTH = IllusionRequest(class_index=0, neurons=(7, 18), every=25)


def step(workspace: FakeWorkspace, request: IllusionRequest, number: int) -> IllusionStep:
    """Return a step with its previews on the disk."""
    previews = []
    for neuron, fact in facts(workspace, request).items():
        path = workspace.home / "illusions" / f"{fact.stem}_step{number:04d}.png"
        paint(path, neuron + number)
        previews.append(str(path))
    return IllusionStep(
        step=number, steps=request.steps, neurons=request.neurons,
        activations=tuple(1.5 for _ in request.neurons), previews=tuple(previews),
    )  # fmt: skip


def illusions(workspace: FakeWorkspace, request: IllusionRequest) -> Illusions:
    """Finish the drawings and return the last record of their job."""
    return Illusions(
        class_=Label(0, "ant"), seed=request.seed, size=32, clip=None, sheet=None,
        illusions=draw(workspace, request),
    )  # fmt: skip


def asked(workspace: FakeWorkspace) -> IllusionRequest:
    """Return the drawing asked for last."""
    request = workspace.last.request
    assert isinstance(request, IllusionRequest)
    return request


async def begun(pilot, workspace: FakeWorkspace, jobs: int = 1) -> None:
    """Wait until the screen started its job."""
    await until(pilot, lambda: len(workspace.made) == jobs)
    await settled(pilot)
