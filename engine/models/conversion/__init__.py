"""Classifiers of other libraries, brought to timm: torchvision's and transformers'."""

from engine.models.conversion.convert import conversions
from engine.models.conversion.hub_folder import HubFolder, read_folder
from engine.models.conversion.torchvision_weights import (
    is_published,
    torchvision_arguments,
    torchvision_transform,
    torchvision_weights,
)

__all__ = [
    "HubFolder",
    "conversions",
    "is_published",
    "read_folder",
    "torchvision_arguments",
    "torchvision_transform",
    "torchvision_weights",
]
