"""The alphabets of scene text, from letters and digits without case to all of printable ASCII."""

import string

from seqrec.alphabet import Alphabet

ASCII_SOURCE = "ANSI X3.4-1986, American Standard Code for Information Interchange, the printable characters"

APOSTROPHES = "\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\uff07"
QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"
TYPOGRAPHIC = {
    **dict.fromkeys(APOSTROPHES, "'"),
    **dict.fromkeys(QUOTES, '"'),
    **dict.fromkeys(DASHES, "-"),
    "\u2044": "/",
    "\u2215": "/",
    "\u2217": "*",
    "\u2223": "|",
    "\u223c": "~",
    "\u2236": ":",
}
"""Typographic characters that look like one of ASCII's, which stands for them."""
SPACES = dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " ")

alnum36 = Alphabet(
    "alnum36",
    string.digits + string.ascii_lowercase,
    canonical=dict(zip(string.ascii_uppercase, string.ascii_lowercase, strict=True)),
    source="Digits and letters without case, as the protocols of IIIT5K, SVT and ICDAR 2003/2013 compare them",
)
alnum62 = Alphabet(
    "alnum62",
    string.digits + string.ascii_uppercase + string.ascii_lowercase,
    source="Digits and letters with case",
)
ascii94 = Alphabet("ascii94", [chr(code) for code in range(33, 127)], canonical=TYPOGRAPHIC, source=ASCII_SOURCE)
ascii95 = Alphabet("ascii95", [chr(code) for code in range(32, 127)], canonical={**TYPOGRAPHIC, **SPACES}, source=ASCII_SOURCE)

ALPHABETS = (ascii95, ascii94, alnum62, alnum36)
"""All of them, the default one first."""
