"""Settings from the environment: each with type, default and a sentence, declared beside the wiring that uses it.

    @dataclass(frozen=True)
    class Config:
        stream: str = setting("MADSEG_STREAM", "sqlite:///state/stream.db", "Where the stream is.")

`load(Config)` reads `MADSEG_STREAM`, or the file that `MADSEG_STREAM_FILE` names, and refuses `MADSEG_*` variables that
no configuration of the process declares.
"""

import math
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from madseg.core.errors import InvalidInput

C = TypeVar("C")

FOREIGN = ("MADSEG_TEST_", "MADSEG_SOAK", "MADSEG_REAL")
"""Variables of the tests, which services pass over."""

CLIENTS = {"MADSEG_TOKEN", "MADSEG_TLS_AUTHORITY", "MADSEG_TLS_CERTIFICATE", "MADSEG_TLS_KEY", "MADSEG_TLS_NAME"}
"""What the client takes: the token that it shows, also as _FILE, and its files of TLS. A shell that has them may start
services too."""


def setting(variable: str, default: Any, doc: str, *, secret: bool = False) -> Any:
    """A dataclass field that `load` fills. `doc` says what it is and in which unit."""
    return field(default=default, metadata={"variable": variable, "doc": doc, "secret": secret})


def load(
    config: type[C], environment: Mapping[str, str] = os.environ, *, known: tuple[type[Any], ...] = (), **given: Any
) -> C:
    """The configuration from the environment; values in `given` win.

    `known` names the other configurations of the process, whose variables are not unknown ones.

    Raises:
        InvalidInput: an unknown MADSEG_* variable, a value of the wrong type, both a variable and its _FILE.
    """
    _refuse_unknown(environment, (config, *known))
    hints = get_type_hints(config)
    values = {}
    for item in _settings(config):
        text = _text(item.metadata["variable"], environment)
        if text is not None:
            values[item.name] = _parsed(item.metadata["variable"], text, hints[item.name])
    return config(**{**values, **{name: value for name, value in given.items() if value is not None}})


def describe(config: object) -> dict[str, object]:
    """The values of a configuration for the start-up log, secrets hidden."""
    return {
        item.name: "***" if item.metadata["secret"] and getattr(config, item.name) else getattr(config, item.name)
        for item in _settings(type(config))
    }


def changed(configs: Iterable[object], usual: Collection[object] = ()) -> dict[str, object]:
    """What the configurations of one process have that is neither a default nor among the `usual` values.

    By variable, secrets hidden; several values where the configurations differ.
    """
    found: dict[str, list[object]] = {}
    for config in configs:
        for item in _settings(type(config)):
            value = getattr(config, item.name)
            told = "***" if item.metadata["secret"] else value
            values = found.setdefault(item.metadata["variable"], [])
            if value != item.default and value not in usual and told not in values:
                values.append(told)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items() if values}


def reference(*configs: type[Any]) -> list[tuple[str, str, str]]:
    """(variable, default, sentence) of every setting, for the manual."""
    rows = {item.metadata["variable"]: item for config in configs for item in _settings(config)}
    return [
        (name, "" if item.default is MISSING else str(item.default), item.metadata["doc"])
        for name, item in rows.items()
    ]


def _settings(config: type[Any]) -> list[Field[Any]]:
    return [item for item in fields(config) if "variable" in item.metadata]


def _refuse_unknown(environment: Mapping[str, str], configs: tuple[type[Any], ...]) -> None:
    names = {item.metadata["variable"] for config in configs for item in _settings(config)} | CLIENTS
    for variable in environment:
        ours = variable.startswith("MADSEG_") and not variable.startswith(FOREIGN)
        if ours and variable not in names and variable.removesuffix("_FILE") not in names:
            raise InvalidInput(f"{variable} is no setting of madseg; there are {', '.join(sorted(names))}")


def _text(variable: str, environment: Mapping[str, str]) -> str | None:
    text, path = environment.get(variable), environment.get(f"{variable}_FILE")
    if path is None:
        return text
    if text is not None:
        raise InvalidInput(f"{variable} and {variable}_FILE are both set: keep one")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{variable}_FILE can't be read: {error}") from error


def _parsed(variable: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in {"true", "false", "1", "0"}:
            raise InvalidInput(f"{variable} must be true or false, got {text!r}")
        return text.lower() in {"true", "1"}
    if kind in (int, float):
        try:
            return _finite(kind(text))
        except (ValueError, OverflowError):
            raise InvalidInput(
                f"{variable} must be {'a whole ' if kind is int else 'a '}number, got {text!r}"
            ) from None
    return text


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number
