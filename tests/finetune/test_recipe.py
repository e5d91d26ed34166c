"""Recipes."""

import json
import re
from dataclasses import fields
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from madseg.core.errors import InvalidInput
from madseg.finetune.recipe import MODERN, PAPER2021, Recipe, recipe


def test_the_recipe_of_the_paper() -> None:
    """Section 4.1, and what it leaves open."""
    found = recipe("paper2021")
    assert (found.optimiser, found.momentum, found.weight_decay, found.schedule) == ("sgd", 0.9, 5e-4, "poly")
    assert (found.learning_rates, found.batch, found.epochs) == ((1e-5, 5e-5, 1e-4), 2, 80)
    assert (found.flip, found.scale, found.colour, found.distillation, found.averages) == (False, 1.0, 0.0, 0.0, (1.0,))
    assert found == PAPER2021


def test_settings_can_be_changed() -> None:
    """Numbers, lists of them, and words."""
    found = recipe("modern", {"epochs": 3, "learning_rates": [1e-4, 2e-4], "optimiser": "sgd", "flip": False})
    assert (found.epochs, found.learning_rates, found.optimiser, found.flip) == (3, (1e-4, 2e-4), "sgd", False)
    assert recipe("modern", {"learning_rates": 1e-4}).learning_rates == (1e-4,)
    assert recipe("modern") == MODERN


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epoch": 3}, "no setting 'epoch'"),
        ({"epochs": 0}, r"epochs must be in 1\.\.10000, got 0"),
        ({"epochs": 10_001}, r"epochs must be in 1\.\.10000, got 10001"),
        ({"batch": 4097}, r"batch must be in 1\.\.4096, got 4097"),
        ({"epochs": inf}, "epochs must be a int, got inf"),
        ({"epochs": 10**400}, "epochs must be a int, got 1000"),
        ({"weight_decay": 10**400}, "weight_decay must be a float, got 1000"),
        ({"weight_decay": nan}, "weight_decay must be finite, got nan"),
        ({"weight_decay": "NaN"}, "weight_decay must be finite, got nan"),
        ({"learning_rates": [1e-4, inf]}, r"learning_rates must be finite, got \(0\.0001, inf\)"),
        ({"temperature": nan}, "temperature must be finite"),
        ({"distillation": inf}, "distillation must be finite"),
        ({"poly_power": nan}, "poly_power must be finite"),
        ({"epochs": 2.5}, "epochs must be a int"),
        ({"batch": "many"}, "batch must be a int"),
        ({"flip": 1}, "flip must be a bool"),
        ({"learning_rates": []}, "learning_rates must be one or more numbers above 0"),
        ({"learning_rates": [0]}, "learning_rates must be one or more numbers above 0"),
        ({"averages": [1.5]}, r"averages must be one or more shares in \[0, 1\]"),
        ({"optimiser": "lion"}, "optimiser must be sgd or adamw"),
        ({"precision": "float16"}, "precision must be float32 or bfloat16"),
        ({"momentum": 1}, r"momentum must be in \[0, 1\)"),
        ({"scale": 0}, r"scale must be in \(0, 1\]"),
        ({"temperature": 0}, "temperature must be above 0"),
        ({"clip_norm": -1}, "clip_norm must be at least 0"),
    ],
)
def test_what_can_not_be_is_refused_by_name(changes: dict[str, Any], sentence: str) -> None:
    """With what could be."""
    with pytest.raises(InvalidInput, match=sentence):
        recipe("modern", changes)


def test_an_unknown_recipe_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(InvalidInput, match="no recipe is called 'paper': there are paper2021, modern"):
        recipe("paper")


def test_the_manual_lists_every_setting_of_both_recipes() -> None:
    """With its values, in docs/finetune.md, and no others."""
    page = (Path(__file__).parents[2] / "docs" / "finetune.md").read_text()
    section = page.partition("## Recipes")[2].partition("## Targets")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", section, re.MULTILINE)
    names = [item.name for item in fields(Recipe) if item.name != "name"]
    found = {name: (paper.strip(), modern.strip()) for name, paper, modern in rows}
    assert found == {name: tuple(_said(getattr(each, name)) for each in (PAPER2021, MODERN)) for name in names}


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
