"""How readings of scene text are compared with labels, and what was published."""

from seqrec import Protocol
from seqrec.benchmark import Benchmark, KnownSet, Published
from seqrec_scene_text.alphabets import alnum36, alnum62


def plain_word(label: str) -> bool:
    """Whether a label has at least three characters, all of them letters and digits.

    Source:
        Shi, Bai and Yao 2015, who follow Wang, Babenko and Belongie 2011.
    """
    return len(label) >= 3 and label.isascii() and label.isalnum()


SETS = (
    KnownSet("IIIT5K", ("iiit5k*",), 3000),
    KnownSet("SVT", ("svt", "svt[!p]*", "streetviewtext", "streetviewtext[!p]*"), 647),
    KnownSet("IC03", ("ic03*", "ic2003*", "icdar03*", "icdar2003*"), 860, plain_word),
    KnownSet("IC13", ("ic13*", "ic2013*", "icdar13*", "icdar2013*"), 1015, plain_word),
    KnownSet("IC15", ("ic15*", "ic2015*", "icdar15*", "icdar2015*"), 2077),
)
"""SVT-Perspective is another set than SVT. Source of the sizes: Shi, Bai and Yao 2015; IC15: Baek et al. 2019."""

PUBLISHED = (
    Published(
        "CRNN 2015",
        "Shi, Bai and Yao 2015, arXiv 1507.05717, table 2; trained on 8 million drawn words",
        {
            ("IIIT5K", "50"): 97.6,
            ("IIIT5K", "1k"): 94.4,
            ("IIIT5K", "None"): 78.2,
            ("SVT", "50"): 96.4,
            ("SVT", "None"): 80.8,
            ("IC03", "50"): 98.7,
            ("IC03", "Full"): 97.6,
            ("IC03", "50k"): 95.5,
            ("IC03", "None"): 89.4,
            ("IC13", "None"): 86.7,
        },
    ),
    Published(
        "deep-text-recognition",
        "CRNN of deep-text-recognition-benchmark, Baek et al. 2019; trained on 16 million drawn words",
        {("IIIT5K", "None"): 82.9, ("SVT", "None"): 81.6, ("IC13", "None"): 89.2, ("IC15", "None"): 64.2},
    ),
    Published(
        "mindocr",
        "CRNN with VGG7 of mindocr; trained on the same 16 million drawn words",
        {("IIIT5K", "None"): 84.1, ("SVT", "None"): 83.9, ("IC13", "None"): 90.7, ("IC15", "None"): 66.1},
    ),
    Published(
        "mmocr",
        "CRNN of mmocr; trained on 8 million drawn words, 5 epochs",
        {("IIIT5K", "None"): 80.5, ("SVT", "None"): 79.9, ("IC13", "None"): 87.4, ("IC15", "None"): 55.7},
    ),
    Published(
        "OpenOCR",
        "CRNN with ResNet of OpenOCR; trained on 3 million photographed words",
        {("IIIT5K", "None"): 95.8, ("SVT", "None"): 91.8},
    ),
)
"""Results of which it is not certain that they are of as many samples as `SETS` says are left out."""

PROTOCOLS = (
    Protocol(
        "alnum36",
        alnum36,
        "labels and readings reduced to a-z and 0-9 in lower case, no sample left out; usual for IIIT5K, SVT, IC13, IC15",
    ),
    Protocol("alnum62", alnum62, "as alnum36, but with case"),
    Protocol(
        "crnn2015",
        alnum36,
        "Shi, Bai and Yao 2015: labels and readings reduced to a-z and 0-9 in lower case; of IC03 and IC13 only words of three "
        "and more letters and digits count. The 50k lexicon is our own list of frequent words, the paper's is Hunspell's",
        benchmark=Benchmark(SETS, {"50k": "english-50k"}, PUBLISHED),
    ),
)
