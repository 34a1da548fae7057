import msgspec
import pytest

from engine.data.splits import open_split
from engine.evaluation.live import SoFar
from engine.evaluation.scores import score
from engine.features.cache import FeatureCache, find_cache
from engine.schema.requests import FeaturesRequest
from engine.session import TorchEngine


@pytest.mark.parametrize("half", [False, True])
def test_a_pass_is_scored_while_it_runs(toy, tmp_path, half):
    source = msgspec.structs.replace(toy, half_features=half)
    split = open_split(source, "valid")
    directory = find_cache(tmp_path, source, split)
    so_far = SoFar(directory, split, half=half)
    assert so_far.score().n == 0
    counted, last = {}, None
    request = FeaturesRequest(split="valid", batch_size=1, workers=0)
    for progress in TorchEngine(source, tmp_path).extract(request):
        scored = so_far.score()
        last = scored if scored.n else last
        counted[progress.stage, progress.done] = scored.n
    assert counted["extracting features of valid", 7] == 0
    assert (
        counted["extracting features of valid", 8]
        == counted["extracting features of valid", 15]
        == 8
    )  # safe points only
    assert counted["extracting features of valid", 16] == 16
    whole = score(FeatureCache(directory, split))
    assert last == whole
    assert so_far.score().n == 0  # the feature cache is there


def test_a_pass_begun_anew_is_counted_anew(toy, tmp_path):
    split = open_split(toy, "valid")
    directory = find_cache(tmp_path, toy, split)
    so_far = SoFar(directory, split, half=False)
    for reads in (20, 9):
        job = TorchEngine(toy, tmp_path).extract(
            FeaturesRequest(split="valid", batch_size=1, workers=0)
        )
        for progress in job:
            if progress.done == reads:
                break
        job.close()
        assert so_far.score().n == reads // 8 * 8
        (directory.with_suffix(".partial") / "progress.json").unlink()
