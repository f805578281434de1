"""Drawing practice pictures: fonts, layout, warps, surfaces, light, degradation, for renderers of any task. No torch.

A minimal task needs `FontRenderer` alone; renderers of their own kind build on the other names.
"""

from seqrec.rendering import camera, degrade
from seqrec.rendering.dice import Dice
from seqrec.rendering.font_renderer import FontRenderer
from seqrec.rendering.fonts import Font, Glyph
from seqrec.rendering.glyph_folder import GlyphFolder, glyph_symbols
from seqrec.rendering.layout import Line, lay_out
from seqrec.rendering.options import require, with_options
from seqrec.rendering.surface import gradient, shade, spot, texture
from seqrec.rendering.warps import Bend, Warp, corners, scale_and_shift, tilt

__all__ = [
    "Bend",
    "Dice",
    "Font",
    "FontRenderer",
    "Glyph",
    "GlyphFolder",
    "Line",
    "Warp",
    "camera",
    "corners",
    "degrade",
    "glyph_symbols",
    "gradient",
    "lay_out",
    "require",
    "scale_and_shift",
    "shade",
    "spot",
    "texture",
    "tilt",
    "with_options",
]
