"""Puts a run's best weights into the plugin, in half precision: `python ship_reader.py RUN`."""

import sys
from pathlib import Path

from seqrec.model_file import find_model, read_card, read_weights, save_model

TARGET = Path(__file__).parent.parent / "seqrec_scene_text" / "weights" / "scene-text.safetensors"


def main() -> None:
    """Write the model file and say how large it is."""
    file = find_model(Path(sys.argv[1]))
    TARGET.parent.mkdir(exist_ok=True)
    save_model(TARGET, read_weights(file), read_card(file), half=True)
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.1f} MB, {read_card(TARGET).trained}")


if __name__ == "__main__":
    main()
