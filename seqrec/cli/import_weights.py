"""`seqrec import`: a model file of another project's weights."""

from pathlib import Path
from typing import Annotated

import typer

from seqrec.cli.console import complain
from seqrec.errors import SeqrecError


def import_weights(
    file: Annotated[Path, typer.Argument(help="What `torch.save(model.state_dict(), FILE)` wrote.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write, as `model.safetensors`.", show_default=False)],
    task: Annotated[str, typer.Option("--task", help="Whose pictures it reads.", show_default=False)],
    symbols: Annotated[
        str,
        typer.Option("--symbols", help="What it reads, in its order; by default 0 to 9 and a to z.", show_default=False),
    ] = "",
    symbols_file: Annotated[
        Path | None,
        typer.Option("--symbols-file", help="The same as a file in UTF-8; line breaks do not count.", show_default=False),
    ] = None,
) -> None:
    """Write a model file of weights that crnn.pytorch or deep-text-recognition-benchmark (None-VGG-BiLSTM-CTC) has trained.

    It reads what they read, and can be evaluated, exported and trained on. No code in the file is run.

    Example: `seqrec import crnn.pth --task scene-text -o crnn.safetensors`
    """
    if symbols and symbols_file is not None:
        raise SeqrecError("--symbols and --symbols-file name the same; give one of them")
    if out.suffix != ".safetensors":
        raise SeqrecError(f"-o {out}: expected a file that ends in .safetensors")
    if not file.is_file():
        raise SeqrecError(f"'{file}' is no file; expected what torch.save(model.state_dict(), FILE) wrote")
    if symbols_file is not None:
        try:
            symbols = "".join(symbols_file.read_text(encoding="utf-8-sig").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise SeqrecError(f"--symbols-file {symbols_file}: cannot be read as UTF-8: {error}") from error
    from seqrec.model_file import require_torch, save_model
    from seqrec.plugins import registry

    require_torch()
    from seqrec.foreign import SYMBOLS, foreign_model

    weights, card = foreign_model(file, registry().task(task), registry(), symbols or SYMBOLS)
    save_model(out, weights, card)
    complain(f"{out}: {card.trained['imported']}, {len(card.alphabet)} symbols, {out.stat().st_size / 1e6:.1f} MB")
