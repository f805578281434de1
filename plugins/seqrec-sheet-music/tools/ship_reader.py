"""Puts a run's best weights into the plugin, in half precision and calibrated: `python ship_reader.py RUN`."""

import sys
from pathlib import Path

from seqrec import load
from seqrec.calibration import calibrate, held_out_renderings
from seqrec.model_file import find_model, read_card, read_weights, save_model, store_temperature

TARGET = Path(__file__).parent.parent / "seqrec_sheet_music" / "weights" / "sheet-music.safetensors"


def main() -> None:
    """Write the model file of both tasks, fit its temperature on held-out renderings, and say how large it is."""
    file = find_model(Path(sys.argv[1]))
    save_model(TARGET, read_weights(file), read_card(file), half=True)
    reader = load(TARGET)  # as it is shipped: rounded weights are calibrated, not those of the run
    fitted = calibrate(reader, held_out_renderings(reader))
    store_temperature(TARGET, round(fitted.temperature, 3))
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.1f} MB, {read_card(TARGET).trained}")
    print(fitted)


if __name__ == "__main__":
    main()
