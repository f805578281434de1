"""A run that learns from shards: its source knows lanes, and several processes read shards of their own."""

import dataclasses
from pathlib import Path

from seqrec.data.sources import RenderedSource, has_lanes, part_of
from seqrec.data.writer import LmdbWriter
from seqrec.network import build_network
from seqrec.pictures import encode_png
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.testing.bars import BARS, BarRenderer
from seqrec.training.material import gather


def test_run_learns_from_shards_that_are_not_looked_through_before(
    tmp_path: Path, plugins: Registry, tiny_recipe: Recipe
) -> None:
    for number in range(4):
        with LmdbWriter(tmp_path / f"shard-{number:03d}") as writer:
            for index in range(20):
                drawn = RenderedSource(BarRenderer(), number).sample(index)
                writer.add(b"garbage" if index == 7 else encode_png(drawn.image), drawn.label)
    data = dataclasses.replace(tiny_recipe.data, sets=(str(tmp_path),), render_weight=0.0)
    recipe = dataclasses.replace(tiny_recipe, data=data)
    network = build_network(recipe, BARS, plugins)
    material = gather(recipe, plugins.task("bars"), BARS, network, plugins)
    assert f"{tmp_path}: 80 samples in 4 shards" in material.messages
    source = material.preparation.source
    assert has_lanes(source)
    names = [{part_of(source, rank, 2).name(index).split("/")[0] for index in range(40)} for rank in range(2)]
    assert len(names[0]) == len(names[1]) == 2
    assert not names[0] & names[1]
    prepared = material.preparation.pieces(0, 80)
    assert sum(type(item).__name__ == "Skip" for item in prepared) == 4
