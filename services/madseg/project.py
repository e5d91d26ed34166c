"""What a deployment is about: its taxonomy and its content constraint, from files or by name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from madseg.core.content import ContentConstraint
from madseg.core.errors import InvalidInput, NotFound
from madseg.core.preprocess import Size
from madseg.core.taxonomy import VOC, SegmentationClass, Taxonomy, voc_colour

_BUILT_IN = {VOC.name: VOC}

SETTINGS = "settings.json"
"""The file in a state with the settings that go with it."""


def taxonomy(name_or_path: str) -> Taxonomy:
    """A built-in taxonomy by name, or one from a JSON file.

    The file: `{"name": ..., "classes": [{"name": ..., "colour": [r, g, b], "ranked": true}, ...]}`;
    `colour` defaults to PASCAL VOC's colour of the label, `ranked` to true.

    Raises:
        NotFound: neither a built-in name nor a file.
        InvalidInput: a file that is no taxonomy.
    """
    if name_or_path in _BUILT_IN:
        return _BUILT_IN[name_or_path]
    document = _json(name_or_path, "taxonomy", hint=f"built in: {', '.join(_BUILT_IN)}")
    try:
        classes = tuple(_class(label, item) for label, item in enumerate(document["classes"]))
        return Taxonomy(str(document["name"]), classes)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{name_or_path} is no taxonomy: {error!r}") from error


def taxonomy_document(taxonomy: Taxonomy) -> dict[str, Any]:
    """The JSON document of a taxonomy; `taxonomy` reads it back."""
    classes = [{"name": item.name, "colour": list(item.colour), "ranked": item.ranked} for item in taxonomy.classes]
    return {"name": taxonomy.name, "classes": classes}


def constraint(path: str, taxonomy: Taxonomy, grid: Size) -> ContentConstraint:
    """The content constraint of a file that `madseg constraint` wrote; no path, no constraint.

    Raises:
        NotFound: no such file.
        InvalidInput: no constraint, or one of another taxonomy or grid.
    """
    if not path:
        return ContentConstraint()
    document = _json(path, "content constraint", hint="`madseg constraint` makes one from a folder of masks")
    for name, wanted in (("taxonomy", taxonomy.id), ("grid", str(grid))):
        if document.get(name) != wanted:
            raise InvalidInput(f"{path} is for {name} {document.get(name)!r}, the project has {wanted!r}")
    try:
        bounds = {taxonomy.label(name): (float(low), float(high)) for name, (low, high) in document["bounds"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path} is no content constraint: {error!r}") from error
    return ContentConstraint(bounds)


def _class(label: int, item: dict[str, Any]) -> SegmentationClass:
    red, green, blue = item.get("colour", voc_colour(label))
    return SegmentationClass(str(item["name"]), (int(red), int(green), int(blue)), bool(item.get("ranked", True)))


def remember(state: Path, settings: Mapping[str, str]) -> None:
    """Writes settings into a state, so that `madseg up` on it needs no others."""
    (state / SETTINGS).write_text(json.dumps(dict(settings), indent=1) + "\n")


def remembered(state: Path) -> dict[str, str]:
    """The settings of a state; none where it says nothing.

    Raises:
        InvalidInput: the file says something else.
    """
    try:
        found = json.loads((state / SETTINGS).read_text())
        return {str(name): str(value) for name, value in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise InvalidInput(f"the settings in {state / SETTINGS} can't be read: {error}") from error


def _json(path: str, what: str, *, hint: str) -> dict[str, Any]:
    try:
        document = json.loads(Path(path).read_text())
    except OSError as error:
        raise NotFound(f"no {what} {path!r}: {error.strerror or error} ({hint})") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidInput(f"{path} is no {what}: a JSON object is wanted")
    return document
