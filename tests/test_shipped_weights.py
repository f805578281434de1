"""What holds of weights that ship with a plugin of this repository: a version, a checksum, a model card that names both."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from seqrec.plugins import registry

MOST_MB = 12


def shipped() -> list[Path]:
    return sorted({task.weights for _, task in registry().tasks if task.weights is not None})


@pytest.mark.parametrize("weights", shipped(), ids=lambda path: path.stem)
def test_weights_change_only_together_with_version_and_model_card(weights: Path) -> None:
    found = re.fullmatch(r"(.+)-v(\d+)", weights.stem)
    assert found is not None
    name, version = found.groups()
    card = (weights.parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.startswith(f"# Model card: {name}, version {version}\n")
    assert f"`{weights.name}`" in card
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in card
    assert [*weights.parent.glob("*.safetensors")] == [weights]
    assert weights.stat().st_size < MOST_MB * 1e6


@pytest.mark.parametrize("weights", shipped(), ids=lambda path: path.stem)
def test_weights_state_their_checksum(weights: Path) -> None:
    content = weights.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    told = json.loads(json.loads(content[8:end])["__metadata__"]["seqrec"])
    assert told["sha256"] == hashlib.sha256(content[end:]).hexdigest()
