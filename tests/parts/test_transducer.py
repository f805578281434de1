"""The transducer: its loss against walks summed by hand, split or whole; its steps; its weights taken over by symbol."""

import sys
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from seqrec.alphabet import BLANK, Alphabet
from seqrec.decoding import steps_log_probability
from seqrec.errors import MissingExtraError, ShapeError
from seqrec.transcriptions.torchaudio_adapters import rnnt_loss
from seqrec.transcriptions.transducer import Transducer

ABC = Alphabet("abc", "abc")


@pytest.fixture(scope="module")
def torchaudio() -> None:
    """Skips where torchaudio does not work with the torch that is here."""
    try:
        rnnt_loss(torch.zeros(1, 1, 1, 2), torch.ones(1).long(), torch.zeros(1, 0).long(), torch.zeros(1).long())
    except MissingExtraError as error:
        pytest.skip(str(error))


def transducer(seed: int = 1, alphabet: Alphabet = ABC, **options: int) -> Transducer:
    torch.manual_seed(seed)
    return Transducer(6, alphabet, **{"joint": 8, **options})


def padded(targets: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Targets (N, S) padded with 0, and their lengths."""
    longest = max(map(len, targets))
    rows = [[*target, *[0] * (longest - len(target))] for target in targets]
    return torch.tensor(rows, dtype=torch.long).reshape(len(rows), longest), torch.tensor([len(target) for target in targets])


def sum_over_walks(logits: Tensor, target: Sequence[int]) -> float:
    """Log-probability of a target, (T, S + 1, C) logits: over every choice of frames for its symbols."""
    log_probs = logits.double().log_softmax(2)
    totals = []
    for places in product(range(len(logits)), repeat=len(target)):
        if list(places) == sorted(places):
            read, total = 0, 0.0
            for frame in range(len(logits)):
                while read < len(target) and places[read] == frame:
                    total += float(log_probs[frame, read, target[read]])
                    read += 1
                total += float(log_probs[frame, read, BLANK])
            totals.append(total)
    return float(np.logaddexp.reduce(totals))


@pytest.mark.usefixtures("torchaudio")
@pytest.mark.parametrize("seed", range(3))
def test_loss_of_a_lattice_is_the_sum_over_all_walks(seed: int) -> None:
    torch.manual_seed(seed)
    logits = 2 * torch.randn(4, 4, 4, 4)
    targets, lengths = padded([(), (2,), (1, 1), (3, 1, 2)])
    frames = torch.tensor([2, 4, 3, 4])
    found = rnnt_loss(logits, frames, targets, lengths)
    for row, (length, frame) in enumerate(zip(lengths.tolist(), frames.tolist(), strict=True)):
        expected = -sum_over_walks(logits[row, :frame, : length + 1], targets[row, :length].tolist())
        assert float(found[row]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.usefixtures("torchaudio")
@pytest.mark.parametrize("context", [1, 2, 3])
def test_loss_is_what_the_steps_say_of_each_target(context: int) -> None:
    part = transducer(context=context)
    frames = torch.randn(7, 3, 6)
    targets, lengths = padded([(1, 2, 2, 2, 2, 3), (3,), ()])
    frame_lengths = torch.tensor([7, 5, 2])
    losses = part.loss(frames, frame_lengths, targets, lengths).detach()
    assert (losses.shape, losses.dtype) == ((3,), torch.float32)
    values = part.encoded(frames).detach().numpy()
    for row in range(3):
        steps = part.stepper()(values[: frame_lengths[row], row])
        ids = targets[row, : lengths[row]].tolist()
        assert float(losses[row]) == pytest.approx(-steps_log_probability(steps, ids), abs=1e-4)


@pytest.mark.usefixtures("torchaudio")
def test_batch_that_is_split_for_memory_has_the_same_losses_and_gradients() -> None:
    frames = torch.randn(6, 5, 6)
    targets, lengths = padded([(1, 2, 3), (2,), (3, 3), (1,), (2, 1)])
    frame_lengths = torch.tensor([6, 3, 6, 2, 5])
    outcomes = []
    for samples in (0, 1, 2, 5):
        part = transducer()
        part.lattice_floats = samples * 6 * 4 * ABC.classes
        given = frames.clone().requires_grad_()
        losses = part.loss(given, frame_lengths, targets, lengths)
        (losses * torch.arange(1, 6)).sum().backward()
        outcomes.append([losses.detach(), given.grad, *(parameter.grad for parameter in part.parameters())])
    for other in outcomes[:-1]:
        for found, expected in zip(other, outcomes[-1], strict=True):
            assert found is not None
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("torchaudio")
def test_split_batch_holds_one_piece_of_the_lattice_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    part, seen = transducer(), []
    monkeypatch.setattr(
        "seqrec.transcriptions.transducer.rnnt_loss",
        lambda scores, *given: seen.append(scores.numel()) or rnnt_loss(scores, *given),
    )
    part.lattice_floats = 200
    targets, lengths = padded([(1, 2, 3)] * 8)
    part.loss(torch.randn(6, 8, 6), torch.full((8,), 6), targets, lengths).sum().backward()
    assert max(seen) <= 200
    assert len(seen) == 2 * 4  # pieces of two, and all of them again on the way back


@pytest.mark.usefixtures("torchaudio")
def test_loss_under_bfloat16_is_summed_in_float32() -> None:
    part, frames = transducer(), torch.randn(40, 2, 6)
    targets, lengths = padded([(1, 2, 1), (3, 3, 2)])
    exact = part.loss(frames, torch.tensor([40, 40]), targets, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        rough = part.loss(frames, torch.tensor([40, 40]), targets, lengths)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=0.02, atol=0.0)
    rough.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in part.parameters())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.usefixtures("torchaudio")
def test_loss_on_cuda_is_that_of_the_cpu() -> None:
    part, frames = transducer(), torch.randn(20, 3, 6)
    targets, lengths = padded([(1, 2, 1), (3, 3), ()])
    given = torch.tensor([20, 11, 4]), targets, lengths
    expected = part.loss(frames, *given)
    found = part.cuda().loss(frames.cuda(), *(values.cuda() for values in given))
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-3, atol=1e-3)


def test_log_probs_are_those_before_the_first_symbol_and_of_symbols_after_those_before_them() -> None:
    part, frames = transducer(), torch.randn(5, 2, 6)
    log_probs = part.log_probs(frames).detach()
    assert (log_probs.shape, log_probs.dtype) == ((5, 2, 4), torch.float32)
    targets, places = torch.tensor([[1, 2, 3], [3, 0, 0]]), torch.tensor([[0, 2, 2], [4, 0, 0]])
    at = part.log_probs_at(frames, places, targets).detach()
    values = part.encoded(frames).detach().numpy()
    for row in range(2):
        steps = part.stepper()(values[:, row])
        np.testing.assert_allclose(steps(()), log_probs[:, row], atol=1e-5)
        for place in range(3 if row == 0 else 1):
            expected = steps(tuple(targets[row, :place].tolist()))[places[row, place], targets[row, place]]
            assert float(at[row, place]) == pytest.approx(float(expected), abs=1e-5)


def test_any_target_fits_into_one_frame() -> None:
    assert transducer().frames_needed([1, 1, 1, 2]) == 1


@pytest.mark.usefixtures("torchaudio")
def test_more_symbols_than_frames_have_a_finite_loss() -> None:
    targets, lengths = padded([(1, 1, 1, 2)])
    assert transducer().loss(torch.randn(1, 1, 6), torch.tensor([1]), targets, lengths).isfinite().all()


def test_missing_torchaudio_is_one_clear_error_in_the_loss_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchaudio.functional", None)
    part, frames = transducer(), torch.randn(3, 1, 6)
    part.stepper()(part.encoded(frames).detach().numpy()[:, 0])((1,))
    with pytest.raises(MissingExtraError, match=r"torchaudio\.functional\.rnnt_loss cannot be imported \(.*\); install the"):
        part.loss(frames, torch.tensor([3]), torch.tensor([[1]]), torch.tensor([1]))


def test_arrays_of_other_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"expected \(N, T, S \+ 1, C\) and \(N, S\)"):
        rnnt_loss(torch.zeros(2, 3, 2, 4), torch.tensor([3, 2]), torch.ones(2, 2).long(), torch.tensor([2, 1]))


@pytest.mark.parametrize("options", [{"joint": 0}, {"context": 0}, {"lattice_mb": 0}])
def test_options_that_cannot_be_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected at least 1 each"):
        transducer(**options)


def test_adopt_copies_weights_by_symbol_and_names_the_new_ones() -> None:
    old, new = Alphabet("old", ["b", "a", "long"]), Alphabet("new", ["a", "x", "long", "b", "y"])
    source, target = transducer(1, old), transducer(2, new)
    assert target.adopt(new, source.state_dict(), old) == ["x", "y"]
    values = torch.randn(4, 6)
    here, there = (part.stepper()(part.encoded(values[:, None]).detach().numpy()[:, 0]) for part in (target, source))
    shared = [BLANK, *new.encode(["b", "a", "long"])]
    for ids in ((), (1,), (2, 3, 1)):  # what both know is as likely in both, up to the new symbols' share
        mine, theirs = here(tuple(new.encode(old.decode(ids))))[:, shared], there(ids)
        np.testing.assert_allclose(mine - mine[:, :1], theirs - theirs[:, :1], atol=1e-4)


def test_adopt_takes_composed_symbols_over_by_part() -> None:
    parts = {"C4": ("C",), "C4.": ("C", "dot"), "D4": ("D",), "D4.": ("D", "dot"), "E4": ("E",)}
    notes = Alphabet("notes", ["C4", "C4.", "D4", "D4."], parts={symbol: parts[symbol] for symbol in ("C4", "C4.", "D4", "D4.")})
    fewer = Alphabet("fewer", ["C4", "E4"], parts={symbol: parts[symbol] for symbol in ("C4", "E4")})
    source, target = transducer(1, notes), transducer(2, fewer)
    assert target.adopt(fewer, source.state_dict(), notes) == ["E4"]
    assert torch.equal(target.head.weight[1], source.head.weight[1])
    assert torch.equal(target.histories[:, 1], source.histories[:, 1])


@pytest.mark.parametrize("options", [{"joint": 5}, {"context": 1}])
def test_adopt_refuses_other_features_or_context(options: dict[str, int]) -> None:
    with pytest.raises(ShapeError, match=r"the transducer joins \(6, \d\) features with \d symbols there, \(6, 8\) with 2 here"):
        transducer().adopt(ABC, transducer(**options).state_dict(), ABC)
