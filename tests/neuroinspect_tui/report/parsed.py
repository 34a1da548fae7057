"""A page as a browser's parser takes it apart, not as it was written."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input", "hr", "base", "embed", "source", "area", "col"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    inside: tuple[str, ...]
    """The ids of what it lies in."""
    text: str = ""


@dataclass
class Page(HTMLParser):
    """Every element of a page, with the text in it."""

    content: str
    elements: list[Element] = field(default_factory=list)
    text: str = ""

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self._open = []
        self.feed(self.content)
        self.close()

    def handle_starttag(self, tag, attrs):
        inside = tuple(one.attributes["id"] for one in self._open if "id" in one.attributes)
        element = Element(tag, dict(attrs), inside)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop().tag == tag, (tag, self.getpos())

    def handle_data(self, data):
        self.text += data
        for element in self._open:
            element.text += data

    def of(self, tag, inside=None):
        """The elements of a tag, all or those within what has an id."""
        return [
            one for one in self.elements
            if one.tag == tag and (inside is None or inside in one.inside)
        ]  # fmt: skip

    def section(self, name):
        """The text of what has an id."""
        [found] = [one for one in self.elements if one.attributes.get("id") == name]
        return " ".join(found.text.split())
