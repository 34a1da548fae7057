"""A class's images by their likeness to a text. Pure."""

from collections.abc import Mapping

from engine.schema.records import Seen
from screens.mistakes.grouped import GroupedImages


class FoundImages(GroupedImages):
    """The same images under one heading, the most alike first; those without a feature last.

    Args:
        images: As they are grouped.
        text: What was searched for.
        likeness: The cosine of an image by its path; none for those without a CLIP feature.
    """

    def __init__(self, images: GroupedImages, text: str, likeness: Mapping[str, float]) -> None:
        def alike(image: Seen) -> float:
            return likeness[image.path]

        found = sorted((i for i in images.images if i.path in likeness), key=alike, reverse=True)
        rest = [image for image in images.images if image.path not in likeness]
        self.images = (*found, *rest)
        between = f", cosine {alike(found[0]):.2f} to {alike(found[-1]):.2f}" if found else ""
        sections = [(f"most like “{text}” first ({len(found):,}{between})", len(found))]
        if rest:
            sections.append((f"no CLIP feature ({len(rest):,})", len(rest)))
        self.sections = [section for section in sections if section[1]]
        self.keys = [image.path for image in self.images]
