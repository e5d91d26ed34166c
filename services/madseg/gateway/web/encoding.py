"""Answers as JSON: the client's values by the names of their fields."""

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any

from fastapi import Response

from madseg.client import Version

MAP_TYPE = "application/octet-stream"
"""Of a label map in its wire form."""


def said(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(to_text(value), status, media_type="application/json")


def to_text(value: object) -> str:
    """JSON in one line."""
    return json.dumps(to_json(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_json(value: object) -> Any:
    """What JSON can say of a value: dataclasses as objects, versions as `name/3`, moments in ISO 8601."""
    if isinstance(value, Version):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return {item.name: to_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, Sequence | Set) and not isinstance(value, str):
        return [to_json(item) for item in value]
    return value
