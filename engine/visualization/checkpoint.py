"""Unfinished drawings: everything their next step depends on, in memory and on disk."""

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
from engine.visualization.canvas import Canvas
from engine.visualization.heatmap import to_pixels

BETAS = (0.5, 0.99)
FORMAT = "2"


class DrawingState:
    """A batch of pictures between two steps of AdamW, each with its own neuron and generator.

    Args:
        neurons: One a picture.
        generators: One a picture, on the CPU.
        canvas: The pictures at step 0.
        weight_decay: Of AdamW.
        transparent: Whether to add up how much gradient each pixel gets.
    """

    def __init__(
        self,
        neurons: Sequence[int],
        generators: Sequence[torch.Generator],
        canvas: Canvas,
        weight_decay: float,
        *,
        transparent: bool,
    ) -> None:
        self.neurons, self.generators = tuple(neurons), tuple(generators)
        self.canvas, self.transparent = canvas, transparent
        self._optimizer = torch.optim.AdamW([canvas.leaf], betas=BETAS, weight_decay=weight_decay)
        shape = (len(self.neurons), canvas.size, canvas.size)
        self.importance = torch.zeros(shape, device=canvas.leaf.device)
        """(B, H, W), the magnitude of each pixel's gradient, over the steps so far; 0 where it is
        not asked for."""
        self._image: Tensor | None = None
        self.step = 0
        self.activations = torch.zeros(len(self.neurons))
        self.seconds = 0.0
        self._last_step_at = time.monotonic()
        self._random_states = self._current_random_states()
        self.consistent = True
        """Whether all attributes are of one and the same step."""

    def _current_random_states(self) -> Tensor:
        return torch.stack([generator.get_state() for generator in self.generators])

    def image(self) -> Tensor:
        """Return the pictures (B, 3, H, W), in 0 to 1, from which the next step's loss follows."""
        image = self.canvas.image()
        if self.transparent:
            image.retain_grad()
            self._image = image
        return image

    def take_step(self, loss: Tensor, lr: float, activations: Tensor) -> None:
        """Follow the gradient of a loss, at which the neurons had these `activations` (B,)."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.param_groups[0]["lr"] = lr
        self.consistent = False
        self._optimizer.step()
        if self._image is not None and self._image.grad is not None:
            self.importance += self._image.grad.abs().mean(dim=1)
        now = time.monotonic()
        self.seconds, self._last_step_at = self.seconds + now - self._last_step_at, now
        self.activations = activations.detach().float().cpu()
        self._random_states = self._current_random_states()
        self.step += 1
        self.consistent = True

    def tensors(self) -> dict[str, Tensor]:
        """Return what the next step depends on; the first dimension is the batch."""
        moments = self._optimizer.state[self.canvas.leaf]
        return {
            "leaf": self.canvas.leaf.detach(),
            "importance": self.importance,
            "mean": moments["exp_avg"],
            "square": moments["exp_avg_sq"],
            "chance": self._random_states,
            "activations": self.activations,
        }

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor], step: int, seconds: float) -> None:
        """Resume from the `tensors()` of a state of the same neurons and size.

        Raises:
            KeyError, RuntimeError, TypeError: The tensors are of something else.
        """
        leaf = self.canvas.leaf
        moments = {
            name: torch.zeros_like(leaf).copy_(tensors[key])
            for name, key in (("exp_avg", "mean"), ("exp_avg_sq", "square"))
        }
        for generator, state in zip(self.generators, tensors["chance"], strict=True):
            generator.set_state(state.clone())  # set_state ignores a view's storage offset
        leaf.copy_(tensors["leaf"])
        self.importance.copy_(tensors["importance"])
        self._optimizer.state[leaf] = {"step": torch.tensor(float(step)), **moments}
        self.activations, self._random_states = tensors["activations"], tensors["chance"]
        self.step, self.seconds = step, seconds


@dataclass(frozen=True)
class DrawingCheckpoints:
    """Unfinished drawings on disk: previews in `out`, and one checkpoint a batch in `.partial`.

    A batch resumes with the neurons that it began with, even where some of them were finished
    since: on an accelerator, a picture's last bits depend on the size of its batch.
    """

    out: Path
    stems: Mapping[int, str]
    """By neuron, its files' name without the ending."""
    finished: Collection[int] = ()
    """Neurons whose pictures are finished."""

    def preview_path(self, neuron: int, step: int) -> Path:
        """Return the path of a neuron's preview of a step."""
        return self.out / f"{self.stems[neuron]}_step{step:04d}.png"

    def previews(self, neurons: Sequence[int], step: int) -> tuple[str, ...]:
        """Return the previews of a step that exist."""
        paths = [self.preview_path(neuron, step) for neuron in neurons]
        return tuple(str(path) for path in paths if path.is_file())

    def write_previews(self, state: DrawingState) -> tuple[str, ...]:
        """Write a preview of each picture and remove the older ones; return the paths.

        Raises:
            StorageError: The directory cannot be written.
        """
        with torch.no_grad():
            images = state.canvas.image()
        for neuron, image in zip(state.neurons, images, strict=True):
            write_picture(to_pixels(image), self.preview_path(neuron, state.step))
            self.remove_previews(neuron, but=state.step)
        return tuple(str(self.preview_path(neuron, state.step)) for neuron in state.neurons)

    def remove_previews(self, neuron: int, but: int | None = None) -> None:
        """Remove a neuron's previews, except that of one step."""
        newest = None if but is None else self.preview_path(neuron, but)
        for path in self.out.glob(f"{self.stems[neuron]}_step*.png"):
            if path != newest:
                path.unlink(missing_ok=True)

    def save(self, state: DrawingState) -> None:
        """Write a checkpoint.

        Raises:
            StorageError: The directory cannot be written.
        """
        self._write(state.neurons, state.tensors(), state.step, state.seconds)

    def restore(self, state: DrawingState) -> bool:
        """Resume from the batch's checkpoint; return False where it is missing or damaged."""
        try:
            tensors, metadata = _read(self._path(state.neurons))
            state.restore(tensors, int(metadata["step"]), float(metadata["seconds"]))
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError, TypeError):
            return False
        return True

    def next_batch(self, remaining: Sequence[int]) -> tuple[int, ...] | None:
        """Return the batch to resume; None where no remaining neuron has a checkpoint.

        It is the largest one, and of several such, that whose neurons come first in `remaining`.
        """
        positions = {neuron: position for position, neuron in enumerate(remaining)}
        batches = [
            (-len(neurons), min(positions[j] for j in neurons if j in positions), neurons)
            for _, neurons in self._batches()
            if not positions.keys().isdisjoint(neurons)
        ]
        return min(batches)[2] if batches else None

    def split(self, neurons: Sequence[int]) -> None:
        """Split a batch's checkpoint into two of half the size, where it has one.

        Raises:
            StorageError: The directory cannot be written.
        """
        path, middle = self._path(neurons), (len(neurons) + 1) // 2
        try:
            tensors, metadata = _read(path)
        except (OSError, SafetensorError, KeyError, ValueError):
            return
        step, seconds = int(metadata["step"]), float(metadata["seconds"])
        for half in (slice(middle), slice(middle, None)):
            rows = {name: value[half] for name, value in tensors.items()}
            self._write(neurons[half], rows, step, seconds)
        path.unlink(missing_ok=True)

    def remove(self, neurons: Sequence[int]) -> None:
        """Remove the checkpoint of a finished batch."""
        self._path(neurons).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Remove every preview and checkpoint of the finished neurons, also those of other jobs."""
        for path, _ in list(self._batches()):
            path.unlink(missing_ok=True)
        for neuron in self.stems:
            self.remove_previews(neuron)

    def _path(self, neurons: Sequence[int]) -> Path:
        stems = " ".join(self.stems[neuron] for neuron in neurons)
        name = hashlib.sha256(stems.encode()).hexdigest()[:16]
        return self.out / ".partial" / f"{name}.safetensors"

    def _write(
        self, neurons: Sequence[int], tensors: Mapping[str, Tensor], step: int, seconds: float
    ) -> None:
        on_cpu = {name: value.cpu().contiguous() for name, value in tensors.items()}
        stems = " ".join(self.stems[neuron] for neuron in neurons)
        metadata = {"format": FORMAT, "stems": stems, "step": f"{step}", "seconds": f"{seconds}"}
        write_state(self._path(neurons), on_cpu, metadata | {"digest": _digest(on_cpu)})

    def _batches(self) -> Iterator[tuple[Path, tuple[int, ...]]]:
        """Yield the checkpoints of batches all of whose neurons are in the request."""
        neurons = {stem: neuron for neuron, stem in self.stems.items()}
        for path in sorted((self.out / ".partial").glob("*.safetensors")):
            try:
                with safe_open(path, framework="pt") as file:
                    metadata = file.metadata() or {}
            except (OSError, SafetensorError):
                continue
            stems = metadata.get("stems", "").split()
            known = stems and all(stem in neurons for stem in stems)
            if known and metadata.get("format") == FORMAT:
                yield path, tuple(neurons[stem] for stem in stems)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a checkpoint's tensors and metadata.

    Raises:
        OSError, SafetensorError, KeyError: It is missing or damaged.
        ValueError: Its content is not what was written.
    """
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
    tensors = load_file(path)
    if _digest(tensors) != metadata["digest"]:
        raise ValueError(f"{path} is damaged")
    return tensors, metadata


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].numpy().tobytes())
    return digest.hexdigest()
