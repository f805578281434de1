"""Collect the typefaces of this plugin from the Fontsource packages on npm.

Reads a list of families (``font_families.txt``), fetches each package with
``npm pack``, keeps the Latin WOFF2 files of the faces asked for that are small,
openly licensed and drawable, and writes::

    FONTS.md                                   what was taken, from where
    seqrec_scene_text/fonts/<id>-<weight>-<style>.woff2
    seqrec_scene_text/fonts/fonts.json         one record a file
    seqrec_scene_text/fonts/LICENSES/          licence texts, copyright lines

Needs npm, and the Python packages ``fonttools``, ``brotli``, ``numpy`` and
``pillow``.  With ``--pin`` the versions named in the present FONTS.md are
fetched instead of the newest ones.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

PLUGIN = Path(__file__).resolve().parents[1]
CATEGORIES = ("sans", "serif", "display", "script", "mono")
# The licences taken, each with words that its text must hold.
LICENSES = {
    "OFL-1.1": "SIL OPEN FONT LICENSE",
    "Apache-2.0": "Apache License",
    "UFL-1.0": "UBUNTU FONT LICENCE",
}
MAX_FILE_BYTES = 60_000
PRINTABLE = "".join(chr(code) for code in range(32, 127))
SAMPLE = "Hamburgefonstiv 0123456789"
# Small letters whose shape differs from their capital's in ordinary typefaces.
CASE_LETTERS = "abdefghlmnqrt"
CASE_SHARE = 0.7
# Families that the measure misjudges: drawn by hand, or capitals with a few
# small-letter shapes at their height.
CAPS_ONLY_BY_EYE = {"rock-salt": True, "syncopate": True}


@dataclass(frozen=True)
class Family:
    """One line of the list of families."""

    family_id: str
    category: str
    faces: tuple[tuple[int, str], ...]
    held_out: bool


@dataclass(frozen=True)
class Package:
    """One fetched package: its version, metadata and file contents."""

    version: str
    metadata: dict[str, Any]
    files: dict[str, bytes]


def read_families(path: Path) -> list[Family]:
    """Read the list of families; the format is told at its head."""
    families = []
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        family_id, category, faces = words[:3]
        if category not in CATEGORIES:
            raise ValueError(f"{family_id}: no such category: {category}")
        families.append(
            Family(
                family_id,
                category,
                tuple((int(face.rstrip("i")), "italic" if face.endswith("i") else "normal") for face in faces.split(",")),
                words[3:] == ["+"],
            )
        )
    return families


def read_pins(path: Path) -> dict[str, str]:
    """Return the package versions named in an earlier FONTS.md."""
    text = path.read_text(encoding="utf-8")
    return dict(re.findall(r"@fontsource/([a-z0-9-]+)@([0-9][0-9A-Za-z.+-]*)", text))


def fetch(family_id: str, version: str) -> Package | None:
    """Fetch one package with npm; None where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["npm", "pack", "--silent", f"@fontsource/{family_id}@{version}"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            return None
        files = {}
        with tarfile.open(archives[0]) as archive:
            for member in archive:
                name = member.name.removeprefix("package/")
                latin = re.fullmatch(r"files/.*-latin-[0-9]+-(normal|italic)\.woff2", name)
                if latin or name in ("LICENSE", "metadata.json", "package.json"):
                    stream = archive.extractfile(member)
                    if stream is not None:
                        files[name] = stream.read()
    return Package(json.loads(files["package.json"])["version"], json.loads(files["metadata.json"]), files)


def copyright_line(package: Package) -> str:
    """Return the upstream copyright, once where it is repeated for each file.

    The package's own line comes first; where that states no copyright, the one
    inside the font files is taken.
    """
    text = str(package.metadata["license"].get("attribution") or "")
    if "copyright" not in text.lower():
        name = next(name for name in sorted(package.files) if name.endswith(".woff2"))
        with TTFont(BytesIO(package.files[name])) as font:
            text = font["name"].getDebugName(0) or text
    parts = re.split(r"\s+[^\s/]+\.[ot]tf:\s*", " ".join(text.split()))
    return " / ".join(dict.fromkeys(part.strip() for part in parts if part.strip()))


def license_text(package: Package) -> str:
    """Return the licence text without the lines that name the family."""
    text = package.files["LICENSE"].decode("utf-8").replace("\r\n", "\n")
    start = re.search(r"^-{20,}\nSIL OPEN FONT LICENSE", text, re.MULTILINE)
    text = text[start.start() :] if start else text
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip() + "\n"


def missing_characters(path: Path) -> str:
    """Return the printable ASCII characters that a font lacks or draws empty."""
    missing = []
    with TTFont(path) as font:
        cmap = font.getBestCmap()
        glyphs = font.getGlyphSet()
        for character in PRINTABLE:
            name = cmap.get(ord(character))
            if name is None or name == ".notdef":
                missing.append(character)
            elif character != " ":
                pen = BoundsPen(glyphs)
                glyphs[name].draw(pen)
                if pen.bounds is None:
                    missing.append(character)
    return "".join(missing)


def glyph_box(font: ImageFont.FreeTypeFont, character: str) -> np.ndarray | None:
    """Draw one character and return its ink scaled to a box of 48 by 48."""
    image = Image.new("L", (600, 600))
    ImageDraw.Draw(image).text((200, 150), character, font=font, fill=255)
    box = image.getbbox()
    if box is None:
        return None
    return np.asarray(image.crop(box).resize((48, 48), Image.Resampling.BOX)) / 255.0


def capital_share(path: Path) -> float:
    """Return the share of small letters whose most similar capital is their own.

    Shapes are compared by the overlap of their ink in the same box, which says
    little by itself (bold shapes overlap anyway), but the own capital is seldom
    the nearest of the 26 unless the small letter is drawn as a capital.
    """
    font = ImageFont.truetype(str(path), 160)
    names = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    capitals = {name: glyph_box(font, name) for name in names}
    hits = 0
    for letter in CASE_LETTERS:
        small = glyph_box(font, letter)
        overlaps = {
            name: float(np.minimum(small, box).sum() / np.maximum(small, box).sum())
            for name, box in capitals.items()
            if small is not None and box is not None
        }
        hits += bool(overlaps) and max(overlaps, key=overlaps.__getitem__) == letter.upper()
    return hits / len(CASE_LETTERS)


def draws(path: Path) -> bool:
    """Tell whether Pillow opens a font and draws the sample with ink."""
    try:
        font = ImageFont.truetype(str(path), 40)
        image = Image.new("L", (1600, 100))
        ImageDraw.Draw(image).text((20, 20), SAMPLE, font=font, fill=255)
    except OSError:
        return False
    return image.getbbox() is not None


def write_faces(family: Family, package: Package, folder: Path) -> list[dict[str, Any]]:
    """Write the wanted faces of one family and return their records."""
    records = []
    metadata = package.metadata
    for wanted, style in family.faces:
        if style not in metadata["styles"]:
            print(f"{family.family_id}: no {style}", file=sys.stderr)
            continue
        weight = min(metadata["weights"], key=lambda have: (abs(have - wanted), have))
        name = f"{family.family_id}-{weight}-{style}.woff2"
        data = package.files.get(f"files/{family.family_id}-latin-{weight}-{style}.woff2")
        if data is None or len(data) > MAX_FILE_BYTES:
            size = "none" if data is None else f"{len(data)} bytes"
            print(f"{name}: left out ({size})", file=sys.stderr)
            continue
        path = folder / name
        if path.exists():
            continue  # two wanted weights have the same nearest one
        path.write_bytes(data)
        if not draws(path):
            print(f"{name}: left out (does not draw)", file=sys.stderr)
            path.unlink()
            continue
        share = capital_share(path)
        print(f"{share:.2f} {name}")
        records.append(
            {
                "file": name,
                "family": metadata["family"],
                "family_id": family.family_id,
                "weight": weight,
                "style": style,
                "category": family.category,
                "license": metadata["license"]["type"],
                "missing": missing_characters(path),
                "caps_only": CAPS_ONLY_BY_EYE.get(family.family_id, share >= CASE_SHARE),
                "held_out": family.held_out,
            }
        )
    return records


def fonts_page(rows: list[tuple[str, str, str, str, str]], files: int) -> str:
    """Return the text of FONTS.md."""
    head = f"""# Typefaces

{len(rows)} families, {files} files, in `seqrec_scene_text/fonts/`: the Latin subsets as
Fontsource publishes them on npm, unchanged except for the file names. `fonts.json` there
describes each file; `LICENSES/` holds the licence texts and `COPYRIGHTS.txt` the
copyright lines, so that both travel with the installed package. Families in *italics*
are held out for validation.

Made by `tools/collect_fonts.py` from `tools/font_families.txt`; `--pin` fetches the
versions below again.

| Family | Category | Licence | Source | Copyright |
| --- | --- | --- | --- | --- |
"""
    lines = []
    for row in rows:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n")
    return head + "".join(lines)


def collect(families: list[Family], pins: dict[str, str], plugin: Path) -> None:
    """Fetch the families and write the folder of fonts and FONTS.md."""
    folder = plugin / "seqrec_scene_text" / "fonts"
    texts = folder / "LICENSES"
    texts.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.woff2"), *texts.glob("*.txt")]:
        old.unlink()
    with ThreadPoolExecutor(4) as pool:
        packages = list(
            pool.map(
                lambda family: fetch(family.family_id, pins.get(family.family_id, "latest")),
                families,
            )
        )
    records: list[dict[str, Any]] = []
    rows = []
    notices = []
    for family, package in sorted(zip(families, packages, strict=True), key=lambda pair: pair[0].family_id):
        if package is None:
            print(f"{family.family_id}: no such package", file=sys.stderr)
            continue
        license_id = package.metadata["license"]["type"]
        if license_id not in LICENSES or LICENSES[license_id] not in license_text(package):
            print(f"{family.family_id}: left out (licence {license_id})", file=sys.stderr)
            continue
        written = write_faces(family, package, folder)
        if not written:
            continue
        records.extend(written)
        text = texts / f"{license_id}.txt"
        if not text.exists():
            text.write_text(license_text(package), encoding="utf-8")
        notice = copyright_line(package)
        name = package.metadata["family"]
        rows.append(
            (
                f"*{name}*" if family.held_out else name,
                family.category,
                license_id,
                f"`@fontsource/{family.family_id}@{package.version}`",
                notice,
            )
        )
        notices.append(f"{name} ({family.family_id}-*.woff2), {license_id}\n{notice}\n")
    records.sort(key=lambda record: record["file"])
    with (folder / "fonts.json").open("w", encoding="utf-8") as stream:
        stream.write("[\n")
        stream.write(",\n".join(json.dumps(record, ensure_ascii=False) for record in records))
        stream.write("\n]\n")
    (texts / "COPYRIGHTS.txt").write_text("\n".join(notices), encoding="utf-8")
    (plugin / "FONTS.md").write_text(fonts_page(rows, len(records)), encoding="utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--families", type=Path, default=Path(__file__).with_name("font_families.txt"))
    parser.add_argument("--plugin", type=Path, default=PLUGIN, help="folder of the plugin")
    parser.add_argument("--pin", action="store_true", help="fetch the versions in FONTS.md")
    arguments = parser.parse_args()
    pins = read_pins(arguments.plugin / "FONTS.md") if arguments.pin else {}
    collect(read_families(arguments.families), pins, arguments.plugin)


if __name__ == "__main__":
    main()
