"""docs/heads.md: what becomes of the head of each of timm's model modules."""

import re

import pytest
import timm

from docs.heads import PAGE, models_of, survey

TEXT = PAGE.read_text(encoding="utf-8")
MODELS = models_of(TEXT)
ENOUGH = 92
same_timm = pytest.mark.skipif(
    f"(timm {timm.__version__})" not in TEXT, reason="the page is of another version of timm"
)


@same_timm
def test_every_module_of_timm_is_in_the_page():
    assert sorted(MODELS) == sorted(timm.list_modules())
    assert all(name in timm.list_models(module=module) for module, name in MODELS.items())


def test_the_page_counts_its_rows_and_enough_split():
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    exact = sum(re.search(r"\| [\d,]+ \|$", row) is not None for row in rows)
    assert exact >= ENOUGH
    assert f"{exact} split exactly" in TEXT
    assert f"Refused: {len(rows) - exact}." in TEXT


@same_timm
@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # the models' own
@pytest.mark.parametrize("module", MODELS)
def test_a_survey_finds_what_the_page_says(module):
    assert survey(module, MODELS[module]).row() in TEXT.splitlines()
