"""The model card: what a network wants, what it says, and how its classes map to the taxonomy.

The format is described for users in `docs/model-card.md`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from madseg.core.errors import InvalidInput, InvalidModel
from madseg.core.messages import checked_model_name
from madseg.core.taxonomy import MAX_CLASSES, VOID, Taxonomy
from madseg.predictor.fields import Fields
from madseg.predictor.yaml_text import parse_yaml

LAYOUTS = ("NCHW", "NHWC")
COLOURS = ("RGB", "BGR")
RESIZES = ("bilinear", "nearest")
KINDS = ("logits", "probabilities", "labels")
ROLES = ("target", "competitor", "retired")

VOID_NAME = "void"
"""What a class maps to when the taxonomy has nothing for it."""

OTHERS = "*"
"""The key of `mapping` that speaks for every class that is neither mapped nor in the taxonomy."""


@dataclass(frozen=True)
class InputSpec:
    """How the network wants its image. None means: to be read from the graph.

    `size` is (height, width) in pixels. Float inputs get `(x * scale - mean) / std` with x in 0..255 and mean and std
    in the network's channel order; uint8 inputs get the pixels as they are.
    """

    name: str | None = None
    layout: str | None = None
    colour: str = "RGB"
    size: tuple[int, int] | None = None
    scale: float | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    resize: str = "bilinear"


@dataclass(frozen=True)
class OutputSpec:
    """What the network says: logits or probabilities per class, or labels. None means: to be read from the graph."""

    name: str | None = None
    kind: str = "logits"
    layout: str | None = None
    align_corners: bool = False


@dataclass(frozen=True)
class ModelCard:
    """A network as its owner describes it. `classes` are in the network's order; position is the network's label."""

    name: str
    classes: tuple[str, ...]
    input: InputSpec = InputSpec()
    output: OutputSpec = OutputSpec()
    taxonomy: str = ""
    role: str = "competitor"
    description: str = ""
    licence: str = ""
    source: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    void: tuple[int, ...] = ()

    def table(self, taxonomy: Taxonomy) -> npt.NDArray[np.uint8]:
        """(256,) uint8: the taxonomy's label of each network label, 255 where there is none.

        Raises:
            InvalidModel: the card is of another taxonomy, a class is neither in it nor mapped, or none is in it.
        """
        if self.taxonomy and self.taxonomy != taxonomy.name:
            raise InvalidModel(
                f"the card is for taxonomy {self.taxonomy!r}, the project's is {taxonomy.name!r}: "
                "map the classes and change `taxonomy`",
                field="card.taxonomy",
            )
        table = np.full(256, VOID, np.uint8)
        for label, name in enumerate(self.classes):
            if label not in self.void:
                table[label] = self._label(name, taxonomy)
        if np.all(table == VOID):
            raise InvalidModel(f"no class of the card is in taxonomy {taxonomy.name!r}", field="card.classes")
        return table

    def covers(self, taxonomy: Taxonomy) -> tuple[int, ...]:
        """Labels of the taxonomy that the network can answer with, ascending. Raises as `table` does."""
        return tuple(int(label) for label in np.unique(self.table(taxonomy)) if label != VOID)

    def digest(self) -> str:
        """SHA-256 of the card's canonical text, hexadecimal."""
        return hashlib.sha256(dump_card(self).encode()).hexdigest()

    def _label(self, name: str, taxonomy: Taxonomy) -> int:
        there = name in taxonomy.names
        wanted = self.mapping.get(name, name if there else self.mapping.get(OTHERS, name))
        if wanted == VOID_NAME and VOID_NAME not in taxonomy.names:
            return VOID
        if wanted not in taxonomy.names:
            raise InvalidModel(
                f"class {name!r} has no place in taxonomy {taxonomy.name!r} ({', '.join(taxonomy.names)}): add "
                f"`mapping: {{{name}: <class or void>}}`, or `mapping: {{'*': void}}` for all such classes",
                field="card.mapping",
            )
        return taxonomy.label(wanted)


def check_name(name: str) -> str:
    """`name`, if it is fit for a model.

    Raises:
        InvalidModel: it is not.
    """
    try:
        return checked_model_name(name)
    except InvalidInput as error:
        raise InvalidModel(str(error), field="card.name") from error


def load_card(path: Path, default_name: str | None = None) -> ModelCard:
    """The card in a YAML file.

    Raises:
        InvalidModel: the file can't be read, is no YAML, or `parse_card` refuses it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidModel(f"{path} can't be read as a YAML card: {error}", field="card") from error
    return parse_card(parse_yaml(text, f"{path} can't be read as a YAML card", "card"), default_name)


def parse_card(content: object, default_name: str | None = None) -> ModelCard:
    """The card in a parsed YAML document; `default_name` serves where it has no name.

    Raises:
        InvalidModel: an unknown key, a missing or ill-typed value; the message names it and the fix.
    """
    top = Fields(content, "card", tuple(ModelCard.__dataclass_fields__))
    classes, mapping = top.names("classes"), top.pairs("mapping")
    _check_classes(classes, mapping)
    output = _parse_output(Fields(top.raw("output") or {}, "card.output", tuple(OutputSpec.__dataclass_fields__)))
    void = top.integers("void")
    if void and output.kind != "labels":
        raise InvalidModel("card.void is for networks of kind labels; map a class to void instead", field="card.void")
    return ModelCard(
        name=check_name(top.text("name", default_name or "")),
        classes=classes,
        input=_parse_input(Fields(top.raw("input") or {}, "card.input", tuple(InputSpec.__dataclass_fields__))),
        output=output,
        taxonomy=top.text("taxonomy"),
        role=top.choice("role", ROLES, "competitor"),
        description=top.text("description"),
        licence=top.text("licence"),
        source=top.text("source"),
        mapping=mapping,
        void=void,
    )


def plain_card(card: ModelCard) -> dict[str, object]:
    """The card as mappings, lists and scalars, without what is empty: what YAML and JSON store."""
    content = {key: _plain(value) for key, value in asdict(card).items()}
    return {key: value for key, value in content.items() if value not in ("", [], {}, None)}


def dump_card(card: ModelCard) -> str:
    """The card as YAML; `parse_card` of it gives an equal card."""
    return yaml.safe_dump(plain_card(card), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _check_classes(classes: tuple[str, ...], mapping: Mapping[str, str]) -> None:
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise InvalidModel(
            f"card.classes must list the network's 1..{MAX_CLASSES} classes in its own order, got {len(classes)}",
            field="card.classes",
        )
    doubled = sorted({name for name in classes if classes.count(name) > 1})
    if doubled:
        raise InvalidModel(f"card.classes has {', '.join(doubled)} twice: give each label its own name and map them")
    for name in mapping:
        if name != OTHERS and name not in classes:
            raise InvalidModel(
                f"card.mapping speaks of {name!r}, which is not in card.classes: {', '.join(classes)}",
                field="card.mapping",
            )


def _parse_input(fields: Fields) -> InputSpec:
    std = fields.triple("std")
    if std is not None and min(std) <= 0:
        raise fields.refuse("std", "three numbers above 0")
    scale = fields.number("scale")
    if scale is not None and scale <= 0:
        raise fields.refuse("scale", "above 0 (default: 1/255)")
    return InputSpec(
        name=fields.text("name") or None,
        layout=fields.choice("layout", LAYOUTS) or None,
        colour=fields.choice("colour", COLOURS, "RGB"),
        size=fields.size("size"),
        scale=scale,
        mean=fields.triple("mean"),
        std=std,
        resize=fields.choice("resize", RESIZES, "bilinear"),
    )


def _parse_output(fields: Fields) -> OutputSpec:
    return OutputSpec(
        name=fields.text("name") or None,
        kind=fields.choice("kind", KINDS, "logits"),
        layout=fields.choice("layout", LAYOUTS) or None,
        align_corners=fields.flag("align_corners"),
    )
