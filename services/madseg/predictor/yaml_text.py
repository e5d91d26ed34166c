"""YAML of people and of files: whatever a text says, it is read or refused."""

import yaml

from madseg.core.errors import InvalidModel

UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, ArithmeticError, TypeError, RecursionError)
"""What PyYAML raises for a text: an error of its own for grammar alone. A date that isn't in the calendar, a number
that isn't one and brackets without an end come out as whatever Python raised."""


def parse_yaml(text: str, blame: str, field: str | None = None) -> object:
    """What a YAML text says, in mappings, lists and scalars.

    Args:
        text: the YAML.
        blame: begins the message of a refusal, as `the card is no YAML`.
        field: the request's field at fault.

    Raises:
        InvalidModel: it can't be read.
    """
    try:
        return yaml.safe_load(text)
    except UNREADABLE as error:
        raise InvalidModel(f"{blame}: {error}", field=field) from error
