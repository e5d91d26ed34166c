"""`python -m madseg.simulation.models --out DIR`: trains the four networks, exports them, says what they are worth.

Each network becomes `DIR/<name>.onnx`, float in and logits out, beside its card `DIR/<name>.yaml`; the tables go to
`DIR/report.md` and to the screen. About fifteen minutes on two quiet cores.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from madseg.simulation.evaluate import (
    Predict,
    domain_table,
    evaluate_domain,
    evaluate_modes,
    mode_table,
    predictor_of,
)
from madseg.simulation.networks import NETWORKS
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.train import MEAN, STD, train

OPSET = 17
TARGET = "unet"

DESCRIPTIONS = {
    "unet": "U-Net down to a sixteenth; trained on unaltered scenes",
    "dilated": "dilated convolutions at half resolution, field of view 60 pixels; trained on recoloured scenes",
    "overview": "4 x 4 patches with attention between regions; trained on turned and magnified scenes",
    "pyramid": "depthwise inverted residuals with pyramid pooling; trained on obstructed and distant scenes",
}


def export(network: torch.nn.Module, name: str, folder: Path) -> Path:
    """Writes `name.onnx` and its card; checks that ONNX Runtime says what torch says.

    Raises:
        RuntimeError: the exported network's logits differ by more than 1e-3.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    network = network.to(memory_format=torch.contiguous_format).eval()
    probe = torch.randn(3, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        # The newer exporter needs onnxscript, which nothing else here does.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network, (probe,), str(path), opset_version=OPSET, dynamo=False, input_names=["input"],
            output_names=["logits"], dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
        )  # fmt: skip
    with torch.no_grad():
        expected = network(probe[:2]).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    actual = np.asarray(session.run(None, {"input": probe[:2].numpy()})[0])
    worst = float(np.abs(expected - actual).max())
    if worst > 1e-3:
        raise RuntimeError(f"{path}: ONNX Runtime and torch differ by {worst:.2g} on the logits, allowed is 1e-3")
    path.with_suffix(".yaml").write_text(card(name))
    return path


def card(name: str) -> str:
    """The model card of a shipped network, YAML (docs/model-card.md)."""
    return f"""name: {name}
taxonomy: {TAXONOMY.name}
role: {"target" if name == TARGET else "competitor"}
description: {DESCRIPTIONS[name]}
licence: Apache-2.0
source: madseg.simulation.models
input:
  name: input
  layout: NCHW
  colour: RGB
  size: [128, 128]
  scale: {1 / 255!r}
  mean: [{MEAN}, {MEAN}, {MEAN}]
  std: [{STD}, {STD}, {STD}]
  resize: bilinear
output:
  name: logits
  kind: logits
  layout: NCHW
  align_corners: false
classes: [{", ".join(TAXONOMY.names)}]
"""


def report(networks: dict[str, Predict], count: int) -> str:
    """Both tables, as Markdown; `count` images a mode."""
    domain = {name: evaluate_domain(predict, 3 * count) for name, predict in networks.items()}
    modes = evaluate_modes(networks, TARGET, count)
    return f"Training domain, mIoU over all pixels:\n\n{domain_table(domain)}\n\nModes:\n\n{mode_table(modes)}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains, exports and judges the generated world's networks.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the .onnx and .yaml files")
    parser.add_argument("--images", type=int, default=100, help="images a mode for the tables (default 100)")
    parser.add_argument("--only", choices=list(NETWORKS), nargs="*", help="train these alone, keep the others' weights")
    arguments = parser.parse_args()
    networks = {}
    for name in NETWORKS:
        weights = arguments.out / f"{name}.pt"
        began = time.perf_counter()
        if arguments.only is not None and name not in arguments.only:
            network = NETWORKS[name]()
            network.load_state_dict(torch.load(weights, weights_only=True))
        else:
            network = train(name)
        path = export(network.eval(), name, arguments.out)
        torch.save(network.state_dict(), weights)
        size, spent = path.stat().st_size / 1e6, time.perf_counter() - began
        print(f"{name}: {path}, {size:.2f} MB, {spent:.0f} s", file=sys.stderr, flush=True)
        networks[name] = predictor_of(network)
    text = report(networks, arguments.images)
    (arguments.out / "report.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
