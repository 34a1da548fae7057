"""Pictures in the making: all that their next step depends on, in memory and on disk."""

import hashlib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from engine.data.images import write_picture
from engine.models.checkpoint import write_state
from engine.visualization.heatmap import to_pixels
from engine.visualization.parameterization import Canvas

BETAS = (0.5, 0.99)
WEIGHT_DECAY = 2e-4
FORMAT = "1"


class DrawingState:
    """A batch of pictures between two steps of AdamW, one neuron and one generator each.

    Args:
        neurons: Of each picture.
        generators: Of each picture, on the CPU.
        size: Pixels a side.
        device: Where to draw.
    """

    def __init__(
        self,
        neurons: Sequence[int],
        generators: Sequence[torch.Generator],
        size: int,
        device: torch.device,
    ) -> None:
        self.neurons, self.generators = tuple(neurons), tuple(generators)
        self.canvas = Canvas.blank(size, generators, device)
        self._optimizer = torch.optim.AdamW(
            [self.canvas.spectrum], betas=BETAS, weight_decay=WEIGHT_DECAY
        )
        self.step = 0
        self.activations = torch.zeros(len(self.neurons))
        self.seconds = 0.0
        self._resumed = time.monotonic()
        self._states = self._chance()
        self.whole = True
        """Whether all of it is of one and the same step."""

    def _chance(self) -> Tensor:
        return torch.stack([generator.get_state() for generator in self.generators])

    def take_step(self, loss: Tensor, lr: float, activations: Tensor) -> None:
        """Follow the gradient of a loss; `activations` (B,) are those it was taken at."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.param_groups[0]["lr"] = lr
        self.whole = False
        self._optimizer.step()
        now = time.monotonic()
        self.seconds, self._resumed = self.seconds + now - self._resumed, now
        self.activations, self._states = activations.detach().float().cpu(), self._chance()
        self.step += 1
        self.whole = True

    def tensors(self) -> dict[str, Tensor]:
        """Return what the next step depends on, a row a picture."""
        state = self._optimizer.state[self.canvas.spectrum]
        return {
            "spectrum": self.canvas.spectrum.detach(),
            "mean": state["exp_avg"],
            "square": state["exp_avg_sq"],
            "chance": self._states,
            "activations": self.activations,
        }

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor], step: int, seconds: float) -> None:
        """Go on from `tensors()` of a sketch of the same neurons and size.

        Raises:
            KeyError, RuntimeError, TypeError: They are not.
        """
        spectrum = self.canvas.spectrum
        moments = {
            name: torch.zeros_like(spectrum).copy_(tensors[key])
            for name, key in (("exp_avg", "mean"), ("exp_avg_sq", "square"))
        }
        for generator, state in zip(self.generators, tensors["chance"], strict=True):
            generator.set_state(state.clone())  # it ignores where a view begins
        spectrum.copy_(tensors["spectrum"])
        self._optimizer.state[spectrum] = {"step": torch.tensor(float(step)), **moments}
        self.activations, self._states = tensors["activations"], tensors["chance"]
        self.step, self.seconds = step, seconds


@dataclass(frozen=True)
class DrawingCheckpoints:
    """Where drawings in progress lie: previews in `out`, checkpoints, one a batch, hidden there.

    A batch goes on with the neurons that it began with, whichever of them were finished since:
    what a picture's last bits are depends, on an accelerator, on how many are drawn at once.
    """

    out: Path
    stems: Mapping[int, str]
    """What each neuron's files are called."""
    finished: Collection[int] = ()
    """Neurons whose pictures are there already."""

    def preview_path(self, neuron: int, step: int) -> Path:
        """Return where a neuron's preview of a step lies."""
        return self.out / f"{self.stems[neuron]}_step{step:04d}.png"

    def previews(self, neurons: Sequence[int], step: int) -> tuple[str, ...]:
        """Return the previews of a step that are there."""
        paths = [self.preview_path(neuron, step) for neuron in neurons]
        return tuple(str(path) for path in paths if path.is_file())

    def show(self, state: DrawingState) -> tuple[str, ...]:
        """Write each picture's newest preview and remove the older ones; return the paths."""
        with torch.no_grad():
            images = state.canvas.image()
        for neuron, image in zip(state.neurons, images, strict=True):
            write_picture(to_pixels(image), self.preview_path(neuron, state.step))
            self.drop_previews(neuron, but=state.step)
        return tuple(str(self.preview_path(neuron, state.step)) for neuron in state.neurons)

    def drop_previews(self, neuron: int, but: int | None = None) -> None:
        """Remove a neuron's previews, all but that of one step."""
        kept = None if but is None else self.preview_path(neuron, but)
        for path in self.out.glob(f"{self.stems[neuron]}_step*.png"):
            if path != kept:
                path.unlink(missing_ok=True)

    def keep(self, state: DrawingState) -> None:
        """Write a checkpoint.

        Raises:
            StorageError: The directory cannot be written.
        """
        self._write(state.neurons, state.tensors(), state.step, state.seconds)

    def restore(self, state: DrawingState) -> bool:
        """Go on from a checkpoint; False where there is none, or it is damaged."""
        try:
            tensors, facts = _read(self._path(state.neurons))
            state.restore(tensors, int(facts["step"]), float(facts["seconds"]))
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError, TypeError):
            return False
        return True

    def batch(self, left: Sequence[int]) -> tuple[int, ...] | None:
        """Return the largest batch with a checkpoint, and the first of these, still left."""
        places = {neuron: place for place, neuron in enumerate(left)}
        found = [
            (-len(some), min(places[j] for j in some if j in places), some)
            for _, some in self._kept()
            if not places.keys().isdisjoint(some)
        ]
        return min(found)[2] if found else None

    def halve(self, neurons: Sequence[int]) -> None:
        """Split a batch's checkpoint in two, where there is one."""
        path, middle = self._path(neurons), (len(neurons) + 1) // 2
        try:
            tensors, facts = _read(path)
        except (OSError, SafetensorError, KeyError, ValueError):
            return
        for part in (slice(middle), slice(middle, None)):
            rows = {name: value[part] for name, value in tensors.items()}
            self._write(neurons[part], rows, int(facts["step"]), float(facts["seconds"]))
        path.unlink(missing_ok=True)

    def drop(self, neurons: Sequence[int]) -> None:
        """Remove a batch's checkpoint: all of it is finished."""
        self._path(neurons).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove whatever else a kill, or another job, left of what is finished now."""
        for path, _ in list(self._kept()):
            path.unlink(missing_ok=True)
        for neuron in self.stems:
            self.drop_previews(neuron)

    def _path(self, neurons: Sequence[int]) -> Path:
        stems = " ".join(self.stems[neuron] for neuron in neurons)
        name = hashlib.sha256(stems.encode()).hexdigest()[:16]
        return self.out / ".partial" / f"{name}.safetensors"

    def _write(
        self, neurons: Sequence[int], tensors: Mapping[str, Tensor], step: int, seconds: float
    ) -> None:
        whole = {name: value.cpu().contiguous() for name, value in tensors.items()}
        stems = " ".join(self.stems[neuron] for neuron in neurons)
        facts = {"format": FORMAT, "stems": stems, "step": f"{step}", "seconds": f"{seconds}"}
        write_state(self._path(neurons), whole, facts | {"digest": _digest(whole)})

    def _kept(self) -> Iterator[tuple[Path, tuple[int, ...]]]:
        """Yield the checkpoints of batches all of whose neurons are asked for."""
        neurons = {stem: neuron for neuron, stem in self.stems.items()}
        for path in sorted((self.out / ".partial").glob("*.safetensors")):
            try:
                with safe_open(path, framework="pt") as file:
                    facts = file.metadata() or {}
            except (OSError, SafetensorError):
                continue
            stems = facts.get("stems", "").split()
            if facts.get("format") == FORMAT and stems and all(stem in neurons for stem in stems):
                yield path, tuple(neurons[stem] for stem in stems)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a checkpoint.

    Raises:
        OSError, SafetensorError, KeyError: There is none, or it is damaged.
        ValueError: Its content is not what was written.
    """
    with safe_open(path, framework="pt") as file:
        facts = file.metadata() or {}
    tensors = load_file(path)
    if _digest(tensors) != facts["digest"]:
        raise ValueError(f"{path} is damaged")
    return tensors, facts


def _digest(tensors: Mapping[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode() + tensors[name].numpy().tobytes())
    return found.hexdigest()
