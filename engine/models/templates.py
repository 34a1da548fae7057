"""The sentences that a class's name is put into for CLIP. No torch."""

# Not open_clip's own lists: of these 30 templates, 29 are among OPENAI_IMAGENET_TEMPLATES' 80 and
# one is in neither list. Other templates give another text embedding, and with it other drawings
# and cosines than those published in docs/evidence.md and cached in workspaces.
TEMPLATES = tuple(
    line
    for line in """\
a photo of a {}.
a photo of the {}.
a photo of one {}.
a photo of many {}.
a photo of my {}.
a photo of a nice {}.
a photo of a small {}.
a photo of a large {}.
a photo of a clean {}.
a photo of a hard to see {}.
a good photo of a {}.
a good photo of the {}.
a bad photo of a {}.
a bright photo of a {}.
a dark photo of the {}.
a black and white photo of a {}.
a blurry photo of a {}.
a low resolution photo of a {}.
a pixelated photo of the {}.
a cropped photo of a {}.
a cropped photo of the {}.
a close-up photo of a {}.
a close-up photo of the {}.
a jpeg corrupted photo of a {}.
a rendering of a {}.
a rendering of the {}.
a painting of a {}.
a drawing of a {}.
itap of a {}.
there is a {} in the scene.""".splitlines()
)
