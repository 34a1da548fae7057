"""TorchEngine: the one stateful class. Holds device, model and CLIP; joins the modules."""

from collections.abc import Generator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from engine.attribution.neurons import describe_neuron
from engine.attribution.query import check_neurons
from engine.clip.embed import fill_image, fill_texts
from engine.clip.extract import fill_clip_features
from engine.clip.image_features import find_clip_features
from engine.clip.texts import TextStore
from engine.data.images import open_for_model, write_picture
from engine.data.splits import Split, open_split
from engine.editing.grouped import Sight, clip_needed, grouped
from engine.editing.methods import EDIT_METHODS
from engine.editing.options import check_options
from engine.editing.rebase import fill_stacked, kept_back_by, stacked_on
from engine.editing.run import Caches, edit
from engine.editing.store import find_edit, read_edit, read_head
from engine.features.cache import FeatureCache, find_cache, is_finished, reopen_cache
from engine.features.extract import fill_cache
from engine.features.weights import architecture, weights_digest
from engine.grouping.described import open_by_clip, without_clip
from engine.models.checkpoint import read_metadata, write_state
from engine.models.classifier import Classifier, pick_device
from engine.models.clip import ClipModel, load_clip
from engine.models.facts import metadata
from engine.models.loading import load_classifier, new_classifier
from engine.schema.bounds import check_bounds
from engine.schema.errors import ClipError, EditError, RequestError
from engine.schema.protocol import (
    ClipJob,
    EditJob,
    ExportJob,
    FeaturesJob,
    HeatJob,
    IllusionJob,
    TrainJob,
)
from engine.schema.records import Exported, Progress
from engine.schema.requests import (
    ClipRequest,
    EditRequest,
    ExportRequest,
    FeaturesRequest,
    HeatRequest,
    IllusionRequest,
    Source,
    TrainRequest,
)
from engine.training.loop import run_key, train
from engine.visualization.gallery import Gallery
from engine.visualization.heatmap import heat_map, mask, overlay, to_pixels
from engine.visualization.heatmap_store import heat_path, with_heat, without_heat
from engine.visualization.objective import Objective, ready_real_images
from engine.visualization.store import facts_of
from engine.words.opening import open_space


class TorchEngine:
    """Answers in this process. Implements `engine.schema.protocol.Engine`.

    Args:
        source: The classifier and its images.
        home: The workspace directory; feature caches and edits go there.
    """

    def __init__(self, source: Source, home: Path) -> None:
        self.source = source
        self.home = home
        self._splits: dict[str, Split] = {}

    @cached_property
    def device(self) -> torch.device:
        """Where the model runs."""
        return pick_device(self.source.device)

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier, loaded at first use."""
        classes = len(self.split(self.source.eval_split).classes)
        return load_classifier(self.source, classes, self.device)

    def split(self, name: str) -> Split:
        """Return the listing of a split."""
        if name not in self._splits:
            self._splits[name] = open_split(self.source, name)
        return self._splits[name]

    def forget_listings(self) -> None:
        """List the images anew at the next question: files come and go."""
        self._splits.clear()

    def extract(self, request: FeaturesRequest) -> FeaturesJob:
        """Make sure the split's feature cache is on disk.

        Raises:
            EditError: The edit that it is to be with is unknown, damaged or of other weights.
        """
        split = self.split(request.split)
        edit = None if request.on is None else self._own_edit(request.on)
        directory = find_cache(self.home, self.source, split, request.view)
        if not is_finished(directory):
            yield from self._extract(split, directory, request)
        if edit is not None:
            cache = FeatureCache(directory, split)
            yield from fill_stacked(cache, edit, stacked_on(cache, edit.name), self.device)

    def _extract(self, split: Split, directory: Path, request: FeaturesRequest) -> FeaturesJob:
        yield Progress(stage="loading checkpoint", done=0, total=0, unit="")
        facts: dict[str, Any] = {
            "key": directory.name,
            "view": request.view,
            "half": self.source.half_features,
            "seed": self.source.seed,
            "weights": weights_digest(self.source, self.home),
        }
        yield from fill_cache(self.classifier, split, directory, request, facts)

    def clip(self, request: ClipRequest) -> ClipJob:
        """Make sure that a split's CLIP features, and embeddings of texts, are on disk.

        Raises:
            ClipError: The workspace names no CLIP, or it cannot be loaded.
            DataError: The image file cannot be decoded.
        """
        store = TextStore(self.home, self.source)  # before long work: is there a CLIP?
        cache = yield from self.ready_cache(request.split)
        directory, probe = find_clip_features(self.home, self.source, cache, whole=request.whole)
        if "clip_model" not in self.__dict__:
            yield Progress(stage="loading CLIP", done=0, total=0, unit="")
        model = self.clip_model
        assert model is not None  # else there were no store
        if not is_finished(directory):
            yield from fill_clip_features(model, cache, directory, probe, request)
        if request.texts:
            yield from fill_texts(model, store, request.texts)
        if request.image is not None:
            fill_image(model, store, Path(request.image))

    def heat(self, request: HeatRequest, out: str) -> HeatJob:
        """Write a neuron's images with its heat map laid over into `out`; yields `Neuron`.

        Those that are there already are not made again.
        """
        cache = yield from self.ready_cache(self.source.eval_split)
        found = describe_neuron(cache, request.neuron, request.class_index)
        found = with_heat(Path(out), cache, found)
        if missing := without_heat(found):
            yield Progress(stage="loading checkpoint", done=0, total=0, unit="")
            for image in missing:
                self._lay_heat(cache, request.neuron, image, Path(out))
        yield with_heat(Path(out), cache, found)

    def _lay_heat(self, cache: FeatureCache, neuron: int, image: str, out: Path) -> None:
        picture, _ = open_for_model(cache, cache.sample_at(image))
        pixels = self.classifier.transform()(picture)[None].to(self.device)
        heat = heat_map(self.classifier, pixels, torch.tensor([neuron], device=self.device))
        seen = to_pixels(self.classifier.denormalise(pixels)[0])
        bright = mask(heat, seen.width)[0].cpu().numpy()
        path = heat_path(out, cache, neuron, image)
        if path is not None:  # else the image went meanwhile
            write_picture(overlay(seen, bright), path)

    @cached_property
    def clip_model(self) -> ClipModel | None:
        """CLIP, loaded at first use."""
        return load_clip(self.source.clip, self.device)

    def illusion(self, request: IllusionRequest, out: str) -> IllusionJob:
        """Draw what neurons see into `out`; the last record is `Illusions`."""
        cache = yield from self.ready_cache(self.source.eval_split)
        check_neurons(request.neurons, cache.meta.width)
        facts = facts_of(self.source, cache, request, self.device.type)
        guided = request.use_clip and self.source.has_clip
        gallery = Gallery(Path(out), request, cache, facts, self.source.clip if guided else None)
        if not gallery.find_finished():
            yield Progress(stage="loading checkpoint", done=0, total=0, unit="")
            classifier = self.classifier
            clip_model = self.clip_model if request.use_clip else None
            text = (
                None
                if clip_model is None
                else clip_model.embed([cache.classes[request.class_index]])[0]
            )
            listing = self.split(cache.meta.split)
            real = yield from ready_real_images(self.home, cache, listing, classifier, request)
            yield from gallery.draw(Objective(classifier, clip_model, text, real))
        yield gallery.finish()

    def edit(self, request: EditRequest) -> EditJob:
        """Edit the decision layer; the last record is `Edit`, saved under edits/."""
        check_bounds(request)
        check_options(request)
        evaluation = yield from self.ready_cache(self.source.eval_split, on=request.on)
        test, kept_back = None, None
        if request.test_split is not None:
            test = yield from self._test_cache(request.test_split, request.on)
        elif request.on is not None:
            kept_back = kept_back_by(self._own_edit(request.on), evaluation)
        views = (0,) if request.views == 1 else range(1, request.views + 1)
        training: list[FeatureCache] = []
        for view in views if "training" in EDIT_METHODS.get(request.method).needs else ():
            cache = yield from self.ready_cache(self.source.train_split, view)
            training.append(cache)
        caches = Caches(evaluation, training, test, kept_back)
        try:
            for missing in clip_needed(self.home, self.source, caches, request):
                yield from self.clip(missing)
        except ClipError as error:
            raise without_clip(error) from error
        sight = Sight(
            partial(open_by_clip, self.home, self.source),
            partial(open_space, self.home, self.source),
        )
        caches = grouped(caches, request, self.home, sight)
        yield from edit(caches, request, self.home / "edits", self.device)

    def _test_cache(self, name: str, on: str | None) -> Generator[Progress, None, FeatureCache]:
        used = {self.split(some).name for some in (self.source.eval_split, self.source.train_split)}
        if self.split(name).name in used:
            raise RequestError(
                f"--test-split {name} serves for choosing or training already; "
                "leave it out, or name another."
            )
        return (yield from self.ready_cache(name, on=on))

    def train(self, request: TrainRequest) -> TrainJob:
        """Train the whole model on the training split; the last record is `Trained`."""
        evaluation = self.split(self.source.eval_split)
        splits = (self.split(self.source.train_split), evaluation)
        directory = self.home / "train" / run_key(request, splits, architecture(self.source))
        classifier = new_classifier(self.source, request, len(evaluation.classes), self.device)
        yield from train(classifier, splits, request, directory)

    def export(self, request: ExportRequest) -> ExportJob:
        """Write the whole checkpoint with an edit in its decision layer; yields `Exported`.

        Raises:
            EditError: The edit is unknown or damaged, or was made from other weights, or the file
                is there already.
        """
        directory, out = self._own_edit(request.edit), Path(request.out)
        if out.suffix != ".safetensors":
            raise EditError(f"--out {out} must end in .safetensors: pickles are not written.")
        record = read_edit(directory)
        facts = {"format": "pt", "model": self.source.model, "edit": record.id}
        facts |= record.provenance
        facts |= self._facts()
        if out.exists():
            if read_metadata(out) != facts:
                raise EditError(f"{out} exists already; name a new file.")
            yield Exported(edit=record.id, checkpoint=str(out), after=record.after)
            return  # this very export, killed before it could say so
        yield Progress(stage="loading checkpoint", done=0, total=0, unit="")
        classifier = self.classifier
        head, _ = read_head(directory, classifier.width, classifier.decision.out_features)
        state = dict(classifier.body.state_dict())
        state |= classifier.head.state(torch.from_numpy(head.weight), torch.from_numpy(head.bias))
        write_state(out, state, facts)
        yield Exported(edit=record.id, checkpoint=str(out), after=record.after)

    def _facts(self) -> dict[str, str]:
        """Return what a checkpoint written here says of its classes and its transform."""
        stated = {
            name: value
            for name in ("mean", "std", "img_size", "crop_pct", "interpolation")
            if (value := getattr(self.source, name)) is not None
        }
        folders = self.split(self.source.eval_split).folders
        return metadata(folders, stated, self.source.model_args)

    def _own_edit(self, wanted: str) -> Path:
        """Find an edit of the weights there are.

        Raises:
            EditError: It is unknown, or was made from other weights.
        """
        directory = find_edit(self.home / "edits", wanted)
        record = read_edit(directory)
        if record.provenance.get("weights") != weights_digest(self.source, self.home):
            raise EditError(
                f"{record.id} was made from other weights than {self.source.checkpoint}; "
                "restore those, or make the edit again."
            )
        return directory

    def ready_cache(
        self, split: str, view: int = 0, on: str | None = None
    ) -> Generator[Progress, None, FeatureCache]:
        """Return a split's feature cache, with an edit where asked, extracting it where needed."""
        yield from self.extract(FeaturesRequest(split=split, view=view, on=on))
        listing = self.split(split)
        whole = None if on is None else find_edit(self.home / "edits", on).name
        return reopen_cache(self.home, self.source, listing, view, whole)
