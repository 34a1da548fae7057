"""CLIP's features of images and embeddings of texts, beside the feature caches."""
