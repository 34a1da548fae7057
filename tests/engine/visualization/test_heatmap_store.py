"""Heat maps that are there already are not made again."""

from pathlib import Path

import msgspec
import pytest
from safetensors.torch import load_file

from engine.models.checkpoint import write_state
from engine.schema.records import Neuron, Progress
from engine.schema.requests import HeatRequest
from engine.session import TorchEngine


@pytest.fixture(scope="module")
def home(toy, tmp_path_factory):
    """A workspace whose feature cache is filled."""
    found = tmp_path_factory.mktemp("home")
    list(TorchEngine(toy, found).ready_cache("valid"))
    return found


def ask(source, home, out, **changes):
    """Ask a new engine; return what it answers and whether it loaded the model."""
    engine = TorchEngine(source, home)
    asked = {"class_index": 1, "neuron": 4, **changes}
    records = list(engine.heat(HeatRequest(**asked), str(out)))
    assert {type(record) for record in records} <= {Progress, Neuron}
    return records[-1], "classifier" in vars(engine)


def test_finished_ones_answer_without_the_model(toy, home, tmp_path):
    first, loaded = ask(toy, home, tmp_path)
    assert loaded
    made = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    heats = {image.heat for image in (*first.top_images, *first.mistakes)}
    assert heats == {str(path) for path in made}
    assert ask(toy, home, tmp_path) == (first, False)
    other, loaded = ask(toy, home, tmp_path, neuron=5)
    assert loaded
    assert not heats & {image.heat for image in other.top_images}
    gone = Path(str(first.top_images[2].heat))
    gone.unlink()
    assert ask(toy, home, tmp_path) == (first, True)
    assert {path for path, at in made.items() if path.stat().st_mtime_ns != at} == {gone}


def test_those_of_other_weights_are_not_taken_for_these(toy, home, tmp_path):
    first, _ = ask(toy, home, tmp_path / "heat")
    other = tmp_path / "other.safetensors"
    write_state(other, load_file(toy.checkpoint), {"trained": "again"})
    source = msgspec.structs.replace(toy, checkpoint=str(other))
    again, loaded = ask(source, home, tmp_path / "heat")
    assert loaded
    assert {image.heat for image in first.top_images}.isdisjoint(
        image.heat for image in again.top_images
    )
