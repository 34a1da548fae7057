"""The paper's experiments, end to end, with ours beside them: docs/experiments.md."""
