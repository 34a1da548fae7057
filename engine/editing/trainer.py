"""Heads trained on a feature cache's features: every seed and every control in one stack.

Source: docs/concepts.md, edits.

Adam works weight by weight, so no head feels another. What was trained is kept as it comes: a
training that was killed goes on after a whole epoch and ends as one that was not.
"""

import logging
import math
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.editing.checkpoint import CheckpointWriter, Facts, Snapshot, tensors_of
from engine.editing.heads import EDIT, Edited, Head
from engine.editing.losses import Best, HasLoss, Stack, Term, losses, terms
from engine.editing.plan import Plan
from engine.editing.task import EditTask
from engine.evaluation.scores import mean_outcome
from engine.features.cache import FeatureCache
from engine.features.parts import in_parts
from engine.schema.arrays import Array
from engine.schema.edits import EditEpoch
from engine.schema.errors import RequestError
from engine.schema.records import Outcome

WARM_UP, RAMP_DOWN = 0.05, 0.25
PATIENCE = 5
STACK_BYTES = 2 << 30
"""Seeds beyond what fits here train one group after another."""
COPIES = 11
"""Of a stack: weight, gradient, two moments, best heads, and a checkpoint's weight and moments
twice, the last being let go only when the next is whole."""


def schedule(share: float) -> float:
    """Return the learning rate's factor at a share (0 to 1) of the whole run."""
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - share) / RAMP_DOWN))
    return down * min(1.0, share / WARM_UP)


@dataclass(frozen=True)
class Setting:
    """What all seeds share."""

    task: EditTask
    writer: CheckpointWriter
    """Of what an earlier, interrupted training left, and of what this one will."""
    parts: Sequence[Term]

    @property
    def plan(self) -> Plan:
        """What is edited."""
        return self.task.plan

    @property
    def seeds(self) -> int:
        """How many."""
        return self.plan.request.seeds

    def group(self, at: Snapshot) -> range:
        """Return the seeds under way, or else the next to train."""
        first = len(at.through) // len(self.parts)
        return range(first, min(first + at.facts.at_once, self.seeds))


def train(task: EditTask, method: HasLoss) -> Generator[EditEpoch, None, Edited]:
    """Train every variant and seed; return each head at its best epoch on the selection images.

    Epoch e reads view e modulo their number.

    Args:
        task: What to fit to.
        method: Whose loss.

    Raises:
        RequestError: Not even one seed fits in the device's memory.
    """
    parts = terms(task.plan, method)
    writer = CheckpointWriter(task.directory)
    setting = Setting(task, writer, parts)
    fits = max(1, STACK_BYTES // (COPIES * len(parts) * task.cache.weight.size * 4))
    at = writer.read() or Snapshot(Facts(fits))
    try:
        if at.facts.last is not None:
            yield at.facts.last
        while setting.group(at):
            at = yield from _train_group(setting, at)
    finally:
        writer.write()
    heads = {
        part.name: [head for _, head in at.best[place :: len(parts)]]
        for place, part in enumerate(parts)
    }
    scores = [score for score, _ in at.best[:: len(parts)]]
    return Edited(heads, task.plan.sizes[-1], saved=scores.index(max(scores)))


def _train_group(setting: Setting, at: Snapshot) -> Generator[EditEpoch, None, Snapshot]:
    """Train the seeds under way, or the next, to their end; fewer at once where they do not fit.

    Fewer seeds, not smaller batches: no head feels another, but each feels its batch.
    """
    try:
        return (yield from _run(setting, at))
    except torch.OutOfMemoryError:
        pass  # first the traceback must go: it holds the tensors
    setting.writer.forget()
    torch.cuda.empty_cache()
    count = len(setting.group(at))
    if count == 1:
        raise RequestError(
            f"One seed of {len(setting.parts)} heads {tuple(setting.task.cache.weight.shape)} does "
            f"not fit in the memory of {setting.task.device}; give a smaller --batch-size than "
            f'{setting.plan.recipe.batch_size}, or set `device = "cpu"` in workspace.toml.'
        )
    logging.getLogger(__name__).warning(
        "out of memory with %d seeds at once; going on with %d", count, count // 2
    )
    return Snapshot(Facts(count // 2, last=at.facts.last), at.through)


def _run(setting: Setting, at: Snapshot) -> Generator[EditEpoch, None, Snapshot]:
    plan, writer, group = setting.plan, setting.writer, setting.group(at)
    recipe, epochs = plan.recipe, plan.request.epochs
    parts = [Term(p.name, p.loss, p.aims[group.start : group.stop]) for p in setting.parts]
    start = Head.of(setting.task.cache)
    stack = Stack.of(start, len(group), len(parts), setting.task.device)
    parameters = [stack.weight, stack.bias] if setting.task.cache.meta.has_bias else [stack.weight]
    optimizer = torch.optim.Adam(parameters, lr=recipe.lr, weight_decay=recipe.weight_decay)
    facts, through = at.facts, at.through
    if facts.epoch:
        at.restore(stack, optimizer)
    began, first = time.monotonic(), facts.epoch
    groups_left = len(range(group.start, setting.seeds, facts.at_once))
    before = (
        math.ceil(group.start / facts.at_once) * epochs
    )  # told epochs go on from group to group
    while facts.epoch < epochs and min(stack.stale) < PATIENCE:
        epoch = facts.epoch + 1
        steps = _learn(stack, optimizer, parts, setting, group, facts)
        left = (time.monotonic() - began) / (epoch - first) * (epochs * groups_left - epoch)
        means = _look(stack, parts, setting)
        record = EditEpoch(
            epoch=before + epoch,
            epochs=before + epochs * groups_left,
            edit=means.pop(EDIT),
            controls=means,
            seconds_left=max(0.0, left),
        )
        facts = Facts(facts.at_once, epoch, steps, tuple(stack.stale), record)
        writer.take(Snapshot(facts, through + _bests(stack, start), tensors_of(stack, optimizer)))
        yield record
    after = Snapshot(Facts(facts.at_once, last=facts.last), through + _bests(stack, start))
    writer.take(after)
    return after


def _bests(stack: Stack, start: Head) -> tuple[Best, ...]:
    return tuple(some or ((0.0, 0.0), start) for some in stack.best)


def _learn(
    stack: Stack,
    optimizer: torch.optim.Optimizer,
    parts: Sequence[Term],
    setting: Setting,
    group: range,
    facts: Facts,
) -> int:
    """One pass over the training split; return the steps made since the first."""
    recipe, caches, steps = setting.plan.recipe, setting.task.training, facts.steps
    a_pass = math.ceil(len(caches[0].counted) / recipe.batch_size)
    total = max(1, setting.plan.request.epochs * a_pass)
    epoch = facts.epoch + 1
    for batch in _batches(
        caches[epoch % len(caches)], setting.plan, group, epoch, setting.task.device
    ):
        if recipe.scheduled:
            optimizer.param_groups[0]["lr"] = recipe.lr * schedule((steps + 0.5) / total)
        optimizer.zero_grad()
        losses(stack, parts, recipe, batch).backward()
        optimizer.step()
        steps += 1
    return steps


def _batches(
    cache: FeatureCache, plan: Plan, seeds: range, epoch: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    size = plan.recipe.batch_size
    orders = np.stack(
        [
            np.random.default_rng((5, plan.request.seed + seed, epoch)).permutation(
                len(cache.counted)
            )
            for seed in seeds
        ]
    )
    for at in range(0, orders.shape[1], size):
        rows = cache.counted[orders[:, at : at + size]]  # (S, B)
        features = np.asarray(cache.features[rows], dtype=np.float32)
        yield (
            torch.from_numpy(features).to(device),
            torch.from_numpy(cache.labels[rows]).to(device),
        )


def _look(stack: Stack, parts: Sequence[Term], setting: Setting) -> dict[str, Outcome]:
    """Score every head on the selection images, keep the best of each, return variants' means."""
    scorer = setting.task.scorer
    predicted = _predict(stack, setting.task.cache, scorer.rows)
    for place, some in enumerate(predicted):
        best = stack.best[place]
        if stack.stale[place] >= PATIENCE:
            continue
        score = scorer.score(some)
        if best is None or score > best[0]:
            stack.best[place], stack.stale[place] = (score, stack.head(place)), 0
        else:
            stack.stale[place] += 1
    found = [scorer.outcome(some) for some in predicted]
    return {
        part.name: mean_outcome(found[variant :: len(parts)]) for variant, part in enumerate(parts)
    }


@torch.inference_mode()
def _predict(stack: Stack, cache: FeatureCache, rows: Array) -> Array:
    """Return (S * A, n) predictions, at most 8,192 images at once."""
    weight, bias = stack.weight.flatten(0, 1), stack.bias.flatten(0, 2)
    parts = []
    for _, some in in_parts(cache.features, rows, np.float32):
        features = torch.from_numpy(some).to(weight.device)
        found = [(features @ w.T + b).argmax(dim=1) for w, b in zip(weight, bias, strict=True)]
        parts.append(torch.stack(found).cpu().numpy())
    return np.concatenate(parts, axis=1)
