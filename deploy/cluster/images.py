"""Every image of the overlay `local`, built from the project's own Dockerfiles, as archives that a cluster can import.

`python -m deploy.cluster images FOLDER` writes them for any cluster: `kind load image-archive`,
`k3s ctr images import`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.cluster import buildah, programs
from deploy.cluster.buildah import Recipe
from deploy.local import kafka, s3
from deploy.local.server import TOOLS
from madseg import __version__

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "images"


def tags() -> Mapping[str, str]:
    """By image, its tag in the overlay `local`."""
    return {
        "service": __version__,
        "models": __version__,
        "kafka": kafka.VERSION,
        "postgres": "15",
        "s3": s3.VERSION.removeprefix("v"),
        "triton": "24.10",
    }


def recipe(image: str) -> Recipe:
    """What an image is built from; fetches first what its Dockerfile copies."""
    if image == "service":
        return Recipe(FOLDER / "Dockerfile", ROOT, kept=["packages"])
    if image == "finetune":
        return Recipe(FOLDER / "Dockerfile", ROOT, arguments={"PACKAGES": image})
    return Recipe(FOLDER / image / "Dockerfile", FOLDER / image, _contexts(image), pip=image == "triton")


def archives(folder: Path, wanted: Mapping[str, str]) -> Iterator[Path]:
    """Builds images one by one and writes each into an archive below `folder`, under `docker.io/madseg/IMAGE:TAG`."""
    buildah.check()
    folder.mkdir(parents=True, exist_ok=True)
    for image, tag in wanted.items():
        name, file = f"localhost/madseg-{image}:cluster", folder / f"{image}.tar"
        with TemporaryDirectory() as aside:
            buildah.build(name, recipe(image), Path(aside))
        buildah.export(name, file, f"docker.io/madseg/{image}:{tag}")
        yield file


def _contexts(image: str) -> Mapping[str, Path]:
    match image:
        case "kafka":
            kafka.fetch()
            return {"jars": TOOLS / f"kafka-{kafka.VERSION}"}
        case "s3":
            s3.fetch()
            return {"binary": TOOLS / f"versitygw-{s3.VERSION}"}
        case "triton":
            return {"requirements": ROOT / "requirements", "local": ROOT / "deploy" / "local"}
        case "keda":
            return {"binaries": programs.keda()}
        case "models":
            return {"repository": ROOT / "model_repository"}
        case _:
            return {}
