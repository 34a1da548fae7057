"""Heads trained on a bank's features (METHOD 5): every seed and every control in one stack.

A stack is (seeds, arms, C, D). The arms of a seed see the same batches, so that they differ in
their loss alone; Adam works weight by weight, so no head feels another.
"""

import math
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.bank import Array, Bank
from engine.choosing import Chooser
from engine.edit_records import EditEpoch
from engine.heads import EDIT, LAMBDA_0, PLACEBO, Edited, Head, in_parts
from engine.plan import Aim, Plan, Recipe
from engine.requests import Method
from engine.whatif import mean_outcome

WARM_UP, RAMP_DOWN = 0.05, 0.25
PATIENCE = 5
TINY = 1e-9
OTHERS_WEIGHT = 0.9
FOCUS = 2.0
STACK_BYTES = 2 << 30
"""Seeds beyond what fits here train one group after another."""


@dataclass(frozen=True)
class Term:
    """What an arm's loss has beside, or instead of, plain cross-entropy.

    `aims` holds a tuple a seed: a placebo's neurons differ from seed to seed.
    """

    name: str
    method: Method | None = None
    aims: Sequence[tuple[Aim, ...]] = ()


def terms(plan: Plan) -> list[Term]:
    """Return the edit's arm and its trained controls'."""
    request, size = plan.request, plan.sizes[-1]
    same = [tuple(aim.first(size) for aim in plan.aims)] * request.seeds
    found = [Term(EDIT, request.method, same), Term(LAMBDA_0)]
    if request.method == "ratio":
        found.append(Term(PLACEBO, "ratio", plan.placebos(size)))
    return found


@dataclass
class Stack:
    """Heads in training. weight (S, A, C, D), bias (S, A, 1, C)."""

    weight: Tensor
    bias: Tensor
    best: list[tuple[tuple[float, float], Head] | None] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, head: Head, seeds: int, arms: int, device: torch.device) -> "Stack":
        """Start every head from the trained one."""
        weight = torch.from_numpy(head.weight).to(device).expand(seeds, arms, -1, -1).clone()
        bias = torch.from_numpy(head.bias).to(device).expand(seeds, arms, 1, -1).clone()
        count = seeds * arms
        return cls(weight.requires_grad_(), bias.requires_grad_(), [None] * count, [0] * count)

    def head(self, place: int) -> Head:
        """Copy one head out."""
        weight, bias = self.weight.detach().flatten(0, 1), self.bias.detach().flatten(0, 2)
        return Head(weight[place].cpu().numpy().copy(), bias[place].cpu().numpy().copy())


def schedule(share: float) -> float:
    """Return the learning rate's factor at a share (0 to 1) of the whole run."""
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - share) / RAMP_DOWN))
    return down * min(1.0, share / WARM_UP)


def losses(
    stack: Stack, parts: Sequence[Term], recipe: Recipe, batch: tuple[Tensor, Tensor]
) -> Tensor:
    """Return the sum of all heads' losses; their gradients are their own.

    Args:
        stack: The heads.
        parts: An arm each.
        recipe: The constants.
        batch: Features (S, B, D) and labels (S, B).
    """
    features, labels = batch
    seeds, arms, classes, width = stack.weight.shape
    flat = stack.weight.reshape(seeds, arms * classes, width)
    logits = torch.bmm(features, flat.transpose(1, 2)).view(seeds, -1, arms, classes)
    logits = logits.transpose(1, 2) + stack.bias  # (S, A, B, C)
    total = logits.new_zeros(())
    for arm, part in enumerate(parts):
        total = total + _fit(logits[:, arm], labels, part).sum()
        if part.method == "ratio" and recipe.strength > 0:
            weight = stack.weight[:, arm]
            total = total + recipe.strength * _ratios(
                logits[:, arm], weight, features, part, recipe
            )
    return total


def _fit(logits: Tensor, labels: Tensor, part: Term) -> Tensor:
    """Return (S,): cross-entropy, class-weighted for `weighted`, focal for `focal`."""
    entropy = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")  # (S, B)
    if part.method == "focal":  # Lin et al. 2017
        entropy = (1 - torch.exp(-entropy)) ** FOCUS * entropy
    if part.method == "weighted":
        aimed = torch.tensor([aim.class_index for aim in part.aims[0]], device=labels.device)
        share = torch.where(torch.isin(labels, aimed), 1.0, OTHERS_WEIGHT)
        return (share * entropy).sum(dim=1) / share.sum(dim=1)
    return entropy.mean(dim=1)


def _ratios(logits: Tensor, weight: Tensor, features: Tensor, part: Term, recipe: Recipe) -> Tensor:
    """Return the sum over seeds of || p_k(f) / (p_k(m f) + 1e-9) - o ||_2 (the published loss).

    For several classes the mean over them, so that lambda means the same for 2 and for 89. The
    bird version takes | mean over batch and classes of p(f) / p(m f) - o | instead.
    """
    usual = logits.softmax(dim=2)
    total, count = logits.new_zeros(()), 0
    for number, aim in enumerate(part.aims[0]):
        few = torch.stack([torch.from_numpy(aims[number].neurons) for aims in part.aims])
        few = few.to(features.device)[:, None]  # (S, 1, N)
        some = features.gather(2, few.expand(-1, features.shape[1], -1))
        theirs = weight.gather(2, few.expand(-1, weight.shape[1], -1))
        masked = (logits - torch.bmm(some, theirs.transpose(1, 2))).softmax(dim=2)
        if recipe.by_groups:
            ratio = (usual / (masked + TINY)).mean(dim=(1, 2))
            total, count = total + (ratio - aim.target).abs().sum(), count + 1
            continue
        rows = torch.from_numpy(aim.rows if recipe.every_class else np.array([aim.class_index]))
        rows = rows.to(features.device)
        ratio = usual[:, :, rows] / (masked[:, :, rows] + TINY)  # (S, B, R)
        total = total + torch.linalg.vector_norm(ratio - aim.target, dim=1).sum()
        count += len(rows)
    return total / count


def train(
    banks: Sequence[Bank], bank: Bank, plan: Plan, chooser: Chooser, device: torch.device
) -> Generator[EditEpoch, None, Edited]:
    """Train every arm and seed; return each head at its best epoch on the choosing images.

    Args:
        banks: Of the training split, one a view; epoch e reads view e modulo their number.
        bank: Of the evaluation split.
        plan: What to do.
        chooser: What "best" means.
        device: Where to.
    """
    parts = terms(plan)
    seeds = plan.request.seeds
    head = Head.of(bank)
    # weight, gradient, two Adam moments, best copy
    fits = max(1, STACK_BYTES // (5 * len(parts) * head.weight.nbytes))
    stacks = []
    for first in range(0, seeds, fits):
        group = range(first, min(first + fits, seeds))
        its = [Term(p.name, p.method, p.aims[first : group.stop]) for p in parts]
        stack = Stack.of(head, len(group), len(parts), device)
        left = range(first, seeds, fits)
        yield from _run(stack, its, (banks, bank, plan, chooser), group, len(left))
        stacks.append(stack)
    best = [some for stack in stacks for some in _bests(stack, head)]
    arms = {
        part.name: [best[len(parts) * seed + arm][1] for seed in range(seeds)]
        for arm, part in enumerate(parts)
    }
    scores = [best[len(parts) * seed][0] for seed in range(seeds)]
    return Edited(arms, plan.sizes[-1], saved=scores.index(max(scores)))


def _bests(stack: Stack, start: Head) -> list[tuple[tuple[float, float], Head]]:
    return [some or ((0.0, 0.0), start) for some in stack.best]


Setting = tuple[Sequence[Bank], Bank, Plan, Chooser]


def _run(
    stack: Stack, parts: Sequence[Term], setting: Setting, seeds: range, groups_left: int
) -> Iterator[EditEpoch]:
    banks, bank, plan, chooser = setting
    recipe, epochs = plan.recipe, plan.request.epochs
    parameters = [stack.weight, stack.bias] if bank.meta.has_bias else [stack.weight]
    optimizer = torch.optim.Adam(parameters, lr=recipe.lr, weight_decay=recipe.weight_decay)
    started, steps = time.monotonic(), 0
    total = max(1, epochs * math.ceil(len(banks[0].labels) / recipe.batch_size))
    for epoch in range(1, epochs + 1):
        for batch in _batches(banks[epoch % len(banks)], plan, seeds, epoch, stack.weight.device):
            if recipe.scheduled:
                optimizer.param_groups[0]["lr"] = recipe.lr * schedule((steps + 0.5) / total)
            optimizer.zero_grad()
            losses(stack, parts, recipe, batch).backward()
            optimizer.step()
            steps += 1
        left = (time.monotonic() - started) / epoch * (epochs * groups_left - epoch)
        yield _look(stack, parts, (bank, chooser), epoch, plan, left)
        if min(stack.stale) >= PATIENCE:
            return


def _batches(
    bank: Bank, plan: Plan, seeds: range, epoch: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    size = plan.recipe.batch_size
    orders = np.stack(
        [
            np.random.default_rng((5, plan.request.seed + seed, epoch)).permutation(
                len(bank.labels)
            )
            for seed in seeds
        ]
    )
    for at in range(0, orders.shape[1], size):
        rows = orders[:, at : at + size]  # (S, B)
        features = np.asarray(bank.features[rows], dtype=np.float32)
        yield (
            torch.from_numpy(features).to(device),
            torch.from_numpy(bank.labels[rows]).to(device),
        )


def _look(
    stack: Stack,
    parts: Sequence[Term],
    at: tuple[Bank, Chooser],
    epoch: int,
    plan: Plan,
    seconds_left: float,
) -> EditEpoch:
    """Score every head on the choosing images; keep the best of each."""
    bank, chooser = at
    predicted = _predict(stack, bank, chooser.rows)
    for place, some in enumerate(predicted):
        best = stack.best[place]
        if stack.stale[place] >= PATIENCE:
            continue
        score = chooser.score(some)
        if best is None or score > best[0]:
            stack.best[place], stack.stale[place] = (score, stack.head(place)), 0
        else:
            stack.stale[place] += 1
    found = [chooser.outcome(some) for some in predicted]
    means = {part.name: mean_outcome(found[arm :: len(parts)]) for arm, part in enumerate(parts)}
    return EditEpoch(
        epoch=epoch,
        epochs=plan.request.epochs,
        edit=means.pop(EDIT),
        controls=means,
        seconds_left=max(0.0, seconds_left),
    )


@torch.inference_mode()
def _predict(stack: Stack, bank: Bank, rows: Array) -> Array:
    """Return (S * A, n) predictions, at most 8,192 images at once."""
    weight, bias = stack.weight.flatten(0, 1), stack.bias.flatten(0, 2)
    parts = []
    for some in in_parts(bank.features, rows):
        features = torch.from_numpy(some).to(weight.device)
        found = [(features @ w.T + b).argmax(dim=1) for w, b in zip(weight, bias, strict=True)]
        parts.append(torch.stack(found).cpu().numpy())
    return np.concatenate(parts, axis=1)
