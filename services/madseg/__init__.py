"""madseg keeps mining the failures of a segmentation model from incoming images."""

__version__ = "0.1.0"
