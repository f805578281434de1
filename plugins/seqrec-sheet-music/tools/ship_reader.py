"""Puts a run's best weights into the plugin, in half precision and calibrated: `python ship_reader.py RUN`."""

import sys
from pathlib import Path

from seqrec.calibration import half_and_calibrated
from seqrec.model_file import read_card

TARGET = Path(__file__).parent.parent / "seqrec_sheet_music" / "weights" / "sheet-music.safetensors"


def main() -> None:
    """Write the model file and say how large it is."""
    fitted = half_and_calibrated(Path(sys.argv[1]), TARGET)
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.1f} MB, {read_card(TARGET).trained}")
    print(fitted)


if __name__ == "__main__":
    main()
