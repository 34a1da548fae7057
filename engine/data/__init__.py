"""Images and labels on disk: readers, splits, decoding and batches."""
