"""Ranked neurons by how they go with a text. Pure."""

from dataclasses import replace

from msgspec import structs

from engine.features.cache import FeatureCache
from engine.schema.records import RankedNeuron
from engine.words.search import neuron_likeness
from screens.neurons.ranking import Ranking
from screens.search_field import TextQuery
from screens.widgets.table import Column

COLUMN = Column("fits", 7, "right")


def ordered(shown: Ranking, cache: FeatureCache, query: TextQuery) -> Ranking:
    """Return both lists in the order of the neurons' correlation with a text, `top` of each.

    Args:
        shown: A ranking of all neurons.
        cache: Their activations.
        query: The text.

    Raises:
        RequestError: There are too few images to correlate over.
    """
    found = neuron_likeness(cache, query.features, query.embedding)
    fits = {j: float(score) for j, score in enumerate(found.scores) if score == score}  # no NaN

    def best(ranked: tuple[RankedNeuron, ...]) -> tuple[RankedNeuron, ...]:
        listed = [neuron for neuron in ranked if neuron.neuron in fits]
        return tuple(sorted(listed, key=lambda n: fits[n.neuron], reverse=True)[: shown.top])

    neurons = structs.replace(
        shown.neurons,
        insufficient=best(shown.neurons.insufficient),
        excessive=best(shown.neurons.excessive),
        note=(
            f"Most like “{query.text}” first: correlation over {found.images:,} images; by chance "
            f"one of {cache.meta.width:,} neurons reaches {found.chance:.2f} in 1 of 20 searches."
        ),
    )
    return replace(shown, neurons=neurons, fits=fits)
