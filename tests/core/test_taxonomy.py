"""Taxonomies: which label stands for what nobody drew."""

import pytest

from madseg.core.taxonomy import VOC, VOID, taxonomy_of


@pytest.mark.parametrize(
    ("unranked", "background"), [((), VOID), (("car",), VOID), (("road",), 0), (("road", "car"), 0)]
)
def test_the_first_class_is_a_background_where_it_is_not_ranked(unranked: tuple[str, ...], background: int) -> None:
    """A ranked one is a thing: what nobody drew is void then."""
    assert taxonomy_of("street", ["road", "car"], unranked).background == background
    assert VOC.background == 0
