"""`seqrec doctor`: what works here, and the cure for what does not."""

import importlib
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version

import typer

EXTRAS = {
    "torch": ("to train, and to read with torch", "pip install 'seqrec[torch]'"),
    "lightning_fabric": ("to train", "pip install 'seqrec[torch]'"),
    "torchaudio": (
        "for alignment and GPU beam search; training and reading do without",
        "install the torchaudio that belongs to your torch: same version, same CUDA build",
    ),
    "onnxruntime": ("to read exported models", "pip install 'seqrec[onnx]'"),
    "onnx": ("to export models", "pip install 'seqrec[export]'"),
    "tensorboard": ("to watch runs in TensorBoard", "pip install tensorboard"),
}


def doctor() -> None:
    """Say what is installed, what does not work and why, and what would help. Exit code 1 where seqrec itself cannot work.

    Example: `seqrec doctor`
    """
    from rich.console import Console
    from rich.text import Text

    from seqrec.plugins import registry

    shown = Console(highlight=False, soft_wrap=True)
    broken = False

    def say(mark: str, line: str) -> None:
        shown.print(Text(f"{mark} {line}"))

    say(
        "✓" if sys.version_info >= (3, 11) else "✗",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
    )
    needed = [requirement for requirement in requires("seqrec") or [] if "extra ==" not in requirement]
    for name in (re.split(r"[^\w.-]", requirement)[0] for requirement in needed):
        try:
            say("✓", f"{name} {version(name)}")
        except PackageNotFoundError:
            broken = True
            say("✗", f"{name} is missing; install it with: pip install {name}")
    for module, (purpose, cure) in EXTRAS.items():
        try:
            found = importlib.import_module(module)
            say("✓", f"{module} {getattr(found, '__version__', '')} ({purpose})")
        except ImportError as error:
            reason = (
                "is not installed" if isinstance(error, ModuleNotFoundError) else f"does not import: {str(error).splitlines()[0]}"
            )
            say("–", f"{module} {reason} ({purpose}); {cure}")
        except Exception as error:  # torchaudio checks its CUDA build at import and raises RuntimeError
            say("–", f"{module} does not import: {str(error).splitlines()[0]} ({purpose}); {cure}")
    devices(say)
    for plugin in registry().plugins:
        say("✗" if plugin.failure else "✓", f"plugin {plugin.name} {plugin.version} {plugin.failure}".rstrip())
    if broken:
        raise typer.Exit(1)


def devices(say) -> None:  # type: ignore[no-untyped-def]
    """What torch can use here."""
    try:
        import torch

        from seqrec.recipe import Recipe
        from seqrec.training.setup import resolved_precision
    except ImportError:
        return
    say("✓", f"CPU: {torch.get_num_threads()} threads, training in {resolved_precision(Recipe(), 'cpu')}")
    if not torch.cuda.is_available():
        say("–", "CUDA: torch finds no device; everything works on the CPU")
    for number in range(torch.cuda.device_count()):
        say("✓", f"CUDA device {number}: {torch.cuda.get_device_name(number)}")
