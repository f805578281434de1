"""What the core brings itself, through the same hooks as any plugin."""

from seqrec.data.readers import READERS
from seqrec.hookspecs import hookimpl
from seqrec.interfaces import DatasetReader, Part


@hookimpl
def seqrec_backbones() -> list[Part]:
    """The paper's network and one that trains fast on CPUs."""
    return [
        Part("paper", "seqrec.backbones.paper:PaperBackbone"),
        Part("fast", "seqrec.backbones.fast:FastBackbone"),
    ]


@hookimpl
def seqrec_sequence_models() -> list[Part]:
    """LSTMs in one direction and in both, and two families without recurrence."""
    return [
        Part("bilstm", "seqrec.sequences.lstm:BiLSTM"),
        Part("lstm", "seqrec.sequences.lstm:LSTM"),
        Part("conv", "seqrec.sequences.convolution:Convolutional"),
        Part("conformer", "seqrec.sequences.conformer:Conformer"),
    ]


@hookimpl
def seqrec_transcriptions() -> list[Part]:
    """Connectionist temporal classification, and a transducer."""
    return [
        Part("ctc", "seqrec.transcriptions.ctc:CTC"),
        Part("transducer", "seqrec.transcriptions.transducer:Transducer"),
    ]


@hookimpl
def seqrec_dataset_readers() -> list[DatasetReader]:
    """The formats of the field."""
    return list(READERS)
