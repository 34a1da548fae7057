"""Features of a split: extracted once, then kept on disk."""
