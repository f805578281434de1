"""Every hook of seqrec. A plugin implements those it needs; each returns a list.

    from seqrec import Task, hookimpl

    @hookimpl
    def seqrec_tasks() -> list[Task]:
        return [Task("plates", ALPHABET, renderer=...)]

and names its module in `pyproject.toml`:

    [project.entry-points.seqrec]
    plates = "my_plates"
"""

import pluggy

from seqrec.interfaces import DatasetReader, Part
from seqrec.task import Task

PROJECT = "seqrec"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def seqrec_tasks() -> list[Task]:  # type: ignore[empty-body]
    """The tasks that this plugin brings."""


@hookspec
def seqrec_backbones() -> list[Part]:  # type: ignore[empty-body]
    """Backbones for `[backbone] name = …`: see `seqrec.interfaces.Backbone`."""


@hookspec
def seqrec_sequence_models() -> list[Part]:  # type: ignore[empty-body]
    """Sequence models for `[sequence] name = …`: see `seqrec.interfaces.SequenceModel`."""


@hookspec
def seqrec_transcriptions() -> list[Part]:  # type: ignore[empty-body]
    """Transcriptions for `[transcription] name = …`: see `seqrec.interfaces.Transcription`."""


@hookspec
def seqrec_dataset_readers() -> list[DatasetReader]:  # type: ignore[empty-body]
    """Readers of further data set formats: see `seqrec.interfaces.DatasetReader`."""
