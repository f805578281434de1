"""Training: `fit()` is a generator of what happens, over a `Training` that can be saved and picked up again."""

from seqrec.training.fit import Progress, Stopped, Validation, fit
from seqrec.training.setup import begin

__all__ = ["Progress", "Stopped", "Validation", "begin", "fit"]
