"""CTC: its loss against paths summed by hand, and its head taken over by symbol."""

from itertools import product

import pytest
import torch
from torch import Tensor

from seqrec.alphabet import BLANK, Alphabet
from seqrec.errors import ShapeError
from seqrec.transcriptions.ctc import CTC, ComposedHead, ctc_loss

FRAMES, CLASSES = 4, 3


def collapsed(path: tuple[int, ...]) -> tuple[int, ...]:
    """Repeats merged, blanks dropped."""
    return tuple(one for before, one in zip((None, *path), path, strict=False) if one != before and one != BLANK)


def sums_over_paths(logits: Tensor) -> dict[tuple[int, ...], float]:
    """Probability of every target that (T, C) logits can spell, path by path."""
    probabilities = logits.double().softmax(1)
    sums: dict[tuple[int, ...], float] = {}
    for path in product(range(CLASSES), repeat=len(logits)):
        probability = float(torch.stack([probabilities[frame, number] for frame, number in enumerate(path)]).prod())
        target = collapsed(path)
        sums[target] = sums.get(target, 0.0) + probability
    return sums


def padded(targets: list[tuple[int, ...]]) -> tuple[Tensor, Tensor]:
    """Targets (N, S) padded with 0, and their lengths."""
    longest = max(max(map(len, targets)), 1)
    rows = [[*target, *[0] * (longest - len(target))] for target in targets]
    return torch.tensor(rows), torch.tensor([len(target) for target in targets])


@pytest.mark.parametrize("seed", range(5))
def test_loss_is_the_sum_over_all_paths(seed: int) -> None:
    logits = torch.randn(FRAMES, 1, CLASSES, generator=torch.Generator().manual_seed(seed)) * 3
    sums = sums_over_paths(logits[:, 0])
    targets, lengths = padded(list(sums))
    number = len(sums)
    losses = ctc_loss(logits.expand(-1, number, -1), torch.full((number,), FRAMES), targets, lengths)
    assert losses.neg().exp().tolist() == pytest.approx(list(sums.values()), rel=1e-5, abs=1e-7)
    assert sum(sums.values()) == pytest.approx(1)


def test_loss_counts_only_the_valid_frames() -> None:
    logits = torch.randn(6, 2, CLASSES, generator=torch.Generator().manual_seed(1))
    targets, lengths = padded([(1, 2), (1, 2)])
    short, whole = ctc_loss(logits[:, :1].expand(-1, 2, -1), torch.tensor([3, 6]), targets, lengths).tolist()
    assert short == pytest.approx(-torch.tensor(sums_over_paths(logits[:3, 0])[1, 2]).log().item(), abs=1e-5)
    assert whole != pytest.approx(short, abs=1e-3)


@pytest.mark.parametrize(("target", "fits"), [((1, 2, 1, 2), True), ((1, 1, 2), True), ((1, 1, 2, 2), False), ((1,) * 3, False)])
def test_target_that_cannot_fit_has_infinite_loss(target: tuple[int, ...], fits: bool) -> None:
    targets, lengths = padded([target])
    (loss,) = ctc_loss(torch.zeros(4, 1, CLASSES), torch.tensor([4]), targets, lengths).tolist()
    assert (loss < float("inf")) is fits
    assert (CTC(2, Alphabet("ab", "ab")).frames_needed(target) <= 4) is fits


def test_loss_of_bfloat16_is_summed_in_float32() -> None:
    logits = torch.randn(50, 1, CLASSES, generator=torch.Generator().manual_seed(2)).bfloat16()
    targets, lengths = padded([(1, 2, 1)])
    half = ctc_loss(logits, torch.tensor([50]), targets, lengths)
    assert half.dtype == torch.float32
    assert torch.equal(half, ctc_loss(logits.float(), torch.tensor([50]), targets, lengths))


@pytest.mark.parametrize(
    ("logits", "frame_lengths", "targets", "target_lengths"),
    [((4, 3), 3, (3, 2), 3), ((4, 2, 3), 2, (6,), 2),
     ((4, 2, 3), 3, (2, 2), 2), ((4, 2, 3), 2, (2, 2), 1), ((4, 2, 3), 2, (1, 2), 2)],
)  # fmt: skip
def test_arrays_of_other_shapes_are_refused(
    logits: tuple[int, ...], frame_lengths: int, targets: tuple[int, ...], target_lengths: int
) -> None:
    with pytest.raises(ShapeError, match=r"expected \(T, N, C\), \(N,\), \(N, S\), \(N,\)"):
        ctc_loss(
            torch.zeros(logits),
            torch.full((frame_lengths,), 4),
            torch.ones(targets, dtype=torch.int64),
            torch.ones(target_lengths, dtype=torch.int64),
        )


def test_log_probs_are_a_distribution_in_float32_for_every_frame() -> None:
    head = CTC(5, Alphabet("ab", "ab")).bfloat16()
    log_probs = head.log_probs(torch.randn(7, 2, 5).bfloat16())
    assert (log_probs.shape, log_probs.dtype) == ((7, 2, 3), torch.float32)
    torch.testing.assert_close(log_probs.exp().sum(2), torch.ones(7, 2))


def test_adopt_copies_rows_by_symbol_and_names_the_new_ones() -> None:
    old, new = Alphabet("old", ["b", "a", "long"]), Alphabet("new", ["a", "x", "long", "b", "y"])
    source, target = CTC(6, old), CTC(6, new)
    fresh = {name: value.clone() for name, value in target.state_dict().items()}
    assert target.adopt(new, source.state_dict(), old) == ["x", "y"]
    for row, symbol in enumerate(["", *new.symbols]):
        given = source.head if symbol in ("", *old.symbols) else None
        which = ["", *old.symbols].index(symbol) if given else row
        weight = given.weight[which] if given else fresh["head.weight"][row]
        bias = given.bias[which] if given else fresh["head.bias"][row]
        assert torch.equal(target.head.weight[row], weight), symbol
        assert torch.equal(target.head.bias[row], bias), symbol
    assert all(parameter.requires_grad for parameter in target.parameters())


def test_adopt_refuses_a_head_of_other_features() -> None:
    abc = Alphabet("abc", "abc")
    with pytest.raises(ShapeError, match="the head reads 4 features there and 6 here"):
        CTC(6, abc).adopt(abc, CTC(4, abc).state_dict(), abc)


NOTES = Alphabet(
    "notes",
    ["bar", "C4", "C4.", "D4", "D4."],
    parts={"C4": ("note", "C4"), "C4.": ("note", "C4", "dot"), "D4": ("note", "D4"), "D4.": ("note", "D4", "dot")},
)


def test_scores_of_a_composed_symbol_are_the_sums_of_its_parts_scores() -> None:
    torch.manual_seed(0)
    head = ComposedHead(7, NOTES)
    frames = torch.randn(3, 2, 7)
    of_parts = dict(zip(["", "bar", "note", "C4", "dot", "D4"], (frames @ head.weight.T + head.bias).unbind(-1), strict=True))
    expected = [of_parts[""]] + [sum(of_parts[part] for part in NOTES.parts_of(symbol)) for symbol in NOTES.symbols]
    torch.testing.assert_close(head(frames), torch.stack(expected, -1))  # type: ignore[arg-type]


def test_a_symbol_never_seen_profits_from_its_parts() -> None:
    torch.manual_seed(0)
    part = CTC(4, NOTES)
    optimizer = torch.optim.SGD(part.parameters(), lr=1.0)
    seen = {"C4": (1.0, 0.0, 0.0, 1.0), "D4": (0.0, 1.0, 0.0, 1.0), "C4.": (1.0, 0.0, 1.0, 1.0)}  # never D4.
    frames = torch.tensor([list(seen.values())])
    targets = torch.tensor([[number] for number in NOTES.encode(list(seen))])
    for _ in range(200):
        optimizer.zero_grad()
        part.loss(frames, torch.ones(3, dtype=torch.long), targets, torch.ones(3, dtype=torch.long)).sum().backward()
        optimizer.step()
    unseen = part.log_probs(torch.tensor([[[0.0, 1.0, 1.0, 1.0]]]))[0, 0]
    assert NOTES.symbols[int(unseen.argmax()) - 1] == "D4."


def test_a_plain_head_can_be_asked_for() -> None:
    assert isinstance(CTC(7, NOTES).head, ComposedHead)
    assert isinstance(CTC(7, NOTES, compose=False).head, torch.nn.Linear)
    assert isinstance(CTC(7, Alphabet("ab", "ab")).head, torch.nn.Linear)


def test_composed_heads_are_taken_over_by_part() -> None:
    torch.manual_seed(0)
    fewer = Alphabet("fewer", ["C4", "C4."], parts={symbol: NOTES.parts[symbol] for symbol in ("C4", "C4.")})
    source, target = CTC(5, fewer), CTC(5, NOTES)
    assert target.adopt(NOTES, source.state_dict(), fewer) == ["bar", "D4", "D4."]
    frames = torch.randn(2, 1, 5)
    torch.testing.assert_close(target.logits(frames)[..., [0, 2, 3]], source.logits(frames))


def test_composed_sums_stay_in_float32_under_autocast() -> None:
    head = ComposedHead(3, Alphabet("one", ["x"], parts={"x": ("big", "small", "other")}))
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([0.0, 256.0, 1.0, 1.0]))
        with torch.autocast("cpu", torch.bfloat16):
            scores = head(torch.zeros(1, 3))
    assert scores[0, 1].item() == 258  # one after the other in bfloat16 they would add up to 256


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_gradient_is_that_of_torch_over_all_classes(kind: torch.dtype) -> None:
    """Labels with repeats, of all lengths down to none, and samples that end early."""
    torch.manual_seed(0)
    scores = torch.randn(30, 5, 40).to(kind)
    targets, target_lengths = torch.randint(1, 40, (5, 9)), torch.tensor([9, 8, 3, 1, 0])
    targets[1, 3], targets[0, 5] = targets[1, 2], targets[0, 1]
    targets *= torch.arange(9) < target_lengths[:, None]
    frame_lengths, weights = torch.tensor([30, 25, 12, 30, 30]), torch.rand(5)
    ours, theirs = scores.clone().requires_grad_(), scores.clone().requires_grad_()
    losses = ctc_loss(ours, frame_lengths, targets, target_lengths)
    log_probs = theirs.float().log_softmax(2)
    expected = torch.nn.functional.ctc_loss(log_probs, targets, frame_lengths, target_lengths, reduction="none")
    (losses * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(ours.grad, theirs.grad, atol=2e-5 if kind == torch.float32 else 5e-3, rtol=0)
