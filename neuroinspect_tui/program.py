"""How this program is started again, in another process."""

import sys

PROGRAM = (sys.executable, "-P", "-m", "neuroinspect_tui")
"""Without -P, a directory named `engine` where one stands would be taken for ours."""
