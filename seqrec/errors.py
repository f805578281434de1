"""The error tree. Every message names its subject, what was found, what was expected and the cure.

SeqrecError
├── AlphabetError       a symbol or an alphabet that is not as it must be
├── RecipeError         a recipe's key, value or file
├── ImageError          a picture that cannot be read
├── DataError           a data set, a store or a label file
├── ShapeError          an array of another shape than the contract says
├── GrammarError        a pattern, lexicon, language model or decoder that cannot be used
├── PluginError         a plugin that failed, a name unknown or offered twice
├── ModelFileError      a model file or checkpoint that cannot be used
├── RunError            a run folder or a training run that cannot go on
└── MissingExtraError   an optional dependency (torch, onnxruntime) that is absent or broken

PluginWarning           a plugin that was left out, or a name that two plugins offer; a warning, nothing stops
"""


class SeqrecError(Exception):
    """Something a caller can cause and cure; the command line prints it in one line and exits with code 2."""


class AlphabetError(SeqrecError):
    """A symbol outside the alphabet, or an alphabet that contradicts itself."""


class RecipeError(SeqrecError):
    """A recipe's unknown key, wrong type, value out of range, or unreadable file."""


class ImageError(SeqrecError):
    """A picture that is missing, truncated, too large or in no format we read."""


class DataError(SeqrecError):
    """A data set that is missing, empty, corrupt, or in no known format."""


class ShapeError(SeqrecError):
    """An array whose shape or type is not the documented one."""


class GrammarError(SeqrecError):
    """A pattern, lexicon, language model or grammar that is malformed, too large, empty or of another alphabet."""


class PluginError(SeqrecError):
    """A plugin that failed to load, an unknown name, or a name offered twice."""


class ModelFileError(SeqrecError):
    """A model file or checkpoint that is missing, broken, of another version or for something else."""


class RunError(SeqrecError):
    """A run folder that is in use, incomplete or of another recipe."""


class MissingExtraError(SeqrecError):
    """An optional dependency that is absent or does not import."""


class PluginWarning(UserWarning):
    """A plugin that was left out, or a name that two plugins offer."""


def nearest(name: str, known: "list[str] | tuple[str, ...]") -> str:
    """A hint `; did you mean 'x'?`, or the known names where none is near.

    Args:
        name: What was asked for.
        known: What there is.

    Returns:
        Text to append to a message, starting with `; `.
    """
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    if known:
        return "; known: " + ", ".join(sorted(known))
    return "; there is none"
