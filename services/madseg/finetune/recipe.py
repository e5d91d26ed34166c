"""How a network learns. Two recipes, every choice of them a setting.

`paper2021` is section 4.1 of Wang et al. (2022): SGD with momentum 0.9 and weight decay 5e-4, learning rates 1e-5, 5e-5
and 1e-4 of which the best on T0-select is taken, batches of 2, at most 80 epochs over S and S0 together. What the paper
leaves open is filled with what changes least: cross-entropy off void, a polynomial decay of power 0.9, no augmentation,
frozen normalisation, the epoch that is best on T0-select.

`modern` takes small steps and holds on to what was known: AdamW with a cosine decay, augmentation, S weighted against
S0, the old network as a teacher on S0, and weights between the old and the new that T0-select chooses. On real
networks a rate of 1e-4 lost seven points on T0 within eight epochs; with a third of it, a teacher and averaging
counterexamples, held-back photographs and T0 rose together.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields, replace
from math import isfinite
from typing import Any

from madseg.core.errors import InvalidInput

MOST = {"batch": 4096, "epochs": 10_000}
"""The largest values of what takes memory or time with every one more: above them is a slip of the pen."""


@dataclass(frozen=True)
class Recipe:
    """The settings of a run; shares and factors in [0, 1] unless said, every number finite.

    `learning_rates`: each is tried from the same start, the best on T0-select wins.
    `optimiser`: sgd or adamw. `schedule`: poly (power `poly_power`) or cosine, both down to 0, after `warm_up` of all
    steps. `batch`: pictures a step, 1..4096. `epochs`: passes at most, 1..10000; `patience`: passes without a better
    T0-select after which it ends, 0 for none. `counterexample_share`: of the pictures of an epoch how many come from
    S; 0 takes S and S0 together as they are. `class_balance`: exponent of a picture's weight by its rarest class, 0
    for none.
    `flip`, `scale` (smallest factor of a random zoom, 1 for none), `colour` (largest relative change of brightness,
    contrast and saturation): augmentation. `distillation`: weight of the divergence from the old network on S0, at
    `temperature`. `averages`: shares of the new weights that are tried against the old ones; (1,) takes the new.
    `precision`: float32, or bfloat16 on GPUs that have it.
    """

    name: str
    optimiser: str = "sgd"
    learning_rates: tuple[float, ...] = (1e-5, 5e-5, 1e-4)
    momentum: float = 0.9
    weight_decay: float = 5e-4
    schedule: str = "poly"
    poly_power: float = 0.9
    warm_up: float = 0.0
    batch: int = 2
    epochs: int = 80
    patience: int = 0
    counterexample_share: float = 0.0
    class_balance: float = 0.0
    flip: bool = False
    scale: float = 1.0
    colour: float = 0.0
    distillation: float = 0.0
    temperature: float = 1.0
    averages: tuple[float, ...] = (1.0,)
    clip_norm: float = 0.0
    precision: str = "float32"


PAPER2021 = Recipe("paper2021")
MODERN = Recipe(
    "modern",
    optimiser="adamw",
    learning_rates=(3e-5,),
    weight_decay=1e-2,
    schedule="cosine",
    warm_up=0.05,
    batch=4,
    epochs=12,
    patience=4,
    counterexample_share=0.5,
    class_balance=0.25,
    flip=True,
    scale=0.75,
    colour=0.2,
    distillation=1.0,
    averages=(0.0, 0.25, 0.5, 0.75, 1.0),
    clip_norm=1.0,
    precision="bfloat16",
)

RECIPES = {recipe.name: recipe for recipe in (PAPER2021, MODERN)}


def recipe(name: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe called `name` with some settings changed.

    Raises:
        InvalidInput: no such recipe or setting, or a value that can't be.
    """
    if name not in RECIPES:
        raise InvalidInput(f"no recipe is called {name!r}: there are {', '.join(RECIPES)}", field="recipe")
    known = {item.name for item in fields(Recipe)} - {"name"}
    for key in changes or {}:
        if key not in known:
            raise InvalidInput(f"a recipe has no setting {key!r}: there are {', '.join(sorted(known))}", field=key)
    given = {key: _typed(key, value, getattr(RECIPES[name], key)) for key, value in (changes or {}).items()}
    found = replace(RECIPES[name], **given)
    _check(found)
    return found


def _typed(key: str, value: Any, like: Any) -> Any:
    try:
        if isinstance(like, tuple):
            return tuple(float(item) for item in (value if isinstance(value, list | tuple) else [value]))
        if isinstance(like, bool):
            if not isinstance(value, bool):
                raise ValueError(value)
            return value
        if isinstance(like, int) and float(value) != int(value):
            raise ValueError(value)
        return type(like)(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{key} must be a {type(like).__name__}, got {value!r}", field=key) from error


def _check(found: Recipe) -> None:
    def refuse(key: str, wanted: str) -> InvalidInput:
        return InvalidInput(f"{key} must be {wanted}, got {getattr(found, key)!r}", field=key)

    for key, choices in (
        ("optimiser", ("sgd", "adamw")),
        ("schedule", ("poly", "cosine")),
        ("precision", ("float32", "bfloat16")),
    ):
        if getattr(found, key) not in choices:
            raise refuse(key, " or ".join(choices))
    for item, value in zip(fields(found), astuple(found), strict=True):
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(isfinite(number) for number in numbers if isinstance(number, float)):
            raise refuse(item.name, "finite")
    if not found.learning_rates or min(found.learning_rates) <= 0:
        raise refuse("learning_rates", "one or more numbers above 0")
    if not found.averages or not all(0 <= share <= 1 for share in found.averages):
        raise refuse("averages", "one or more shares in [0, 1]")
    for key, most in MOST.items():
        if not 1 <= getattr(found, key) <= most:
            raise refuse(key, f"in 1..{most}")
    for key in ("weight_decay", "patience", "class_balance", "distillation", "clip_norm", "poly_power"):
        if getattr(found, key) < 0:
            raise refuse(key, "at least 0")
    for key in ("momentum", "warm_up", "counterexample_share", "colour"):
        if not 0 <= getattr(found, key) < 1:
            raise refuse(key, "in [0, 1)")
    if not 0 < found.scale <= 1:
        raise refuse("scale", "in (0, 1]")
    if found.temperature <= 0:
        raise refuse("temperature", "above 0")
