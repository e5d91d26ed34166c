"""The figures of this process, as other folders have them."""

from tests.observing.conftest import page

__all__ = ["page"]
