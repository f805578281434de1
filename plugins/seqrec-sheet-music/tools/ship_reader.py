"""Puts a run's best weights into the plugin, in half precision and calibrated: `python ship_reader.py RUN`.

The plugin says where: a file with a version in its name, which is raised first. Weights that are there are never replaced.
"""

import hashlib
import sys
from pathlib import Path

from seqrec.calibration import half_and_calibrated
from seqrec.model_file import read_card
from seqrec_sheet_music import WEIGHTS


def main() -> None:
    """Write the model file and say what the model card has to say of it."""
    if WEIGHTS.exists():
        raise SystemExit(f"{WEIGHTS} is there; raise the version in the plugin's WEIGHTS first, and remove the older file")
    fitted = half_and_calibrated(Path(sys.argv[1]), WEIGHTS)
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size / 1e6:.1f} MB, {read_card(WEIGHTS).trained}")
    print(f"SHA-256 {hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()}")
    print(fitted)


if __name__ == "__main__":
    main()
