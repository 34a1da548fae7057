from tests.neuroinspect_tui.jobs.conftest import served, store  # noqa: F401  fixtures
