"""A gallery that leaves no room at its right."""

from screens.widgets.gallery import Gallery


class FillingGallery(Gallery):
    """Shares its width among as many pictures as there is room for; `side` is their least size."""

    def refit(self) -> None:
        """Take the size that fills the width."""
        least = self.sized(self._suggested)
        if self.room > 0:
            self.side = max(least, self.room // max(1, self.room // (least + 1)) - 1)
