"""`seqrec plugins new`: a distribution with one task that installs, passes its own tests, and trains at once."""

from seqrec.scaffold.symbols import read_symbols
from seqrec.scaffold.write import Source, from_data, from_fonts, from_glyphs, write_plugin

__all__ = ["Source", "from_data", "from_fonts", "from_glyphs", "read_symbols", "write_plugin"]
