"""The reliability diagram, a line a bin: accuracy as a bar, mean confidence as a mark. Pure."""

from engine.schema.records import Calibration, CalibrationBin
from screens.plots.plot import CURSOR, Target
from screens.widgets.bars import bar
from screens.widgets.text import Text
from screens.words import counted, percent, points

MARK = "┃"


class CalibrationPlot:
    """Bins of confidence from 0 to 1, of which the cursor is on one."""

    title = "calibration"
    command = ("classes", "--calibration")

    def __init__(self, found: Calibration) -> None:
        self.found = found
        filled = [m for m, some in enumerate(found.bins) if some.n]
        self.at = max(filled, key=lambda m: (found.bins[m].n, m), default=0)
        """The bin at the cursor: at first the one with most images."""

    def lines(self, width: int, height: int) -> list[Text]:
        """Return titles and the bins around the cursor that `height` lines have room for."""
        digits = max(len("images"), len(f"{self.found.n:,}"))
        room = max(1, width - (11 + 2 + digits + 2 + 2 + 8))
        axis = "0%" + "accuracy".center(max(0, room - 6)) + "100%"
        titles = f"{'confidence':<11}  {'images':>{digits}}  {axis[:room]:<{room}}  {'gap':>8}"
        bins, shown = self.found.bins, max(1, height - 1)
        first = max(0, min(self.at - shown // 2, len(bins) - shown))
        body = [
            self._line(m, some, digits, room)
            for m, some in enumerate(bins[first : first + shown], first)
        ]
        lines = [Text(titles, "dim"), *body]
        return [line[:width] for line in lines[:height]]

    def _line(self, place: int, some: CalibrationBin, digits: int, room: int) -> Text:
        span = f"{some.lo:.2f} – {some.hi:.2f}"
        text = Text(f"{span}  {f'{some.n:,}' if some.n else '·':>{digits}}  ")
        if place == self.at:
            text.stylize(CURSOR)
        if some.accuracy is None or some.confidence is None:
            return text
        drawn = bar(some.accuracy, room)
        mark = min(room - 1, int(some.confidence * room))
        text.append(drawn[:mark])
        text.append(MARK, "bold")
        text.append(drawn[mark + 1 :])
        return text + f"  {points(some.accuracy - some.confidence):>8}"

    def about(self) -> str:
        """Return the error, and how to read the bars."""
        found = self.found
        return (
            f"expected calibration error {percent(found.ece)} over {counted(found.n, 'image')}: "
            f"accuracy {percent(found.accuracy)}, mean confidence {percent(found.confidence)}; "
            f"bar: accuracy in a bin of confidence, {MARK}: its mean confidence, gap: in points"
        )

    def at_cursor(self) -> str:
        """Return the cursor's bin in words."""
        some = self.found.bins[self.at]
        span = f"confidence {some.lo:.2f} to {some.hi:.2f}: {counted(some.n, 'image')}"
        if some.accuracy is None or some.confidence is None:
            return span
        gap = some.accuracy - some.confidence
        how = "overconfident" if gap < 0 else "underconfident" if gap > 0 else "calibrated"
        told = f"{percent(some.accuracy)} right, mean confidence {percent(some.confidence)}"
        return f"{span}, {told}: {how}"

    def move(self, across: int, down: int) -> None:
        """Move to another bin."""
        self.at = max(0, min(self.at + across + down, len(self.found.bins) - 1))

    def target(self) -> Target | None:
        """Return nothing: a bin holds images of many classes."""
        return None
