"""Trains for two minutes through the command line and checks that the network learnt to read.

python .ci/learns.py RUN_FOLDER
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import mean

MINUTES = 2
# A network that has learnt nothing reads blanks, or one and the same letter: at best one word in hundreds, and its loss stays at
# about ln(96) = 4.6 nats a symbol.
MOST_LOSS = 2.3
LEAST_ACCURACY = 0.10
MOST_SYMBOL_ERRORS = 0.60


def main(run: Path) -> int:
    """Exit code 0 where the run has learnt."""
    command = ["train", "--task", "scene-text", "--recipe", "quick", "--minutes", str(MINUTES), "-o", str(run)]
    subprocess.run([sys.executable, "-m", "seqrec", *command], check=True, timeout=60 * (MINUTES + 6))
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    losses = [record["loss"] for record in records if record["event"] == "train"]
    last = [record for record in records if record["event"] == "validation"][-1]
    if len(losses) < 6:
        print(f"NOT enough to judge: {last['step']} steps in {MINUTES} minutes; this machine is too slow or too busy")
        return 1
    first_loss, last_loss = mean(losses[:3]), mean(losses[-3:])
    accuracy, errors = last["sequence_accuracy"], last["symbol_error_rate"]
    checks = {
        f"the loss falls below {MOST_LOSS} nats: {first_loss:.1f} to {last_loss:.1f}": last_loss < MOST_LOSS < first_loss,
        f"at least {LEAST_ACCURACY:.0%} of the held-out words are right: {accuracy:.1%}": accuracy >= LEAST_ACCURACY,
        f"symbol errors are at most {MOST_SYMBOL_ERRORS:.0%}: {errors:.1%}": errors <= MOST_SYMBOL_ERRORS,
        "a report was written": (run / "report.html").is_file(),
    }
    for what, holds in checks.items():
        print("ok " if holds else "NOT", what)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
