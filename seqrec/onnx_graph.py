"""A graph in ONNX, written node by node: what a part's `to_onnx` writes into. Needs the package `onnx`."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Value: TypeAlias = str
"""Name of a value in a graph: an input, a constant, or what a node gives."""

OPSET = 18
"""Version of ONNX's operators (December 2022), which onnxruntime 1.14 and later know."""
_MOST_WEIGHT = 63  # of an int8 weight
_IR_VERSION = 8  # the file format that came with that opset


class Graph:
    """Nodes and constants of a graph under construction.

    Args:
        scope: Stands before the names of its values; a branch has one of its own, since names are shared with what is around it.
        highest: Of what each convolution gives, in order: with it all but the first are written in int8.

    Attributes:
        convolved: What each convolution gives, in order.
    """

    def __init__(self, scope: str = "", highest: Sequence[float] = ()) -> None:
        self.scope = scope
        self.convolved: list[Value] = []
        self._highest = highest
        self._scales: dict[Value, float] = {}  # of the values that have been through int8
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], Value] = {}

    def constant(self, value: npt.ArrayLike, kind: npt.DTypeLike | None = None) -> Value:
        """An array, a number or a list as a value; of equal ones there is one."""
        array = np.ascontiguousarray(value, kind) if np.ndim(value) else np.asarray(value, kind)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = f"{self.scope}constant_{len(self._known)}"
            self._constants.append(numpy_helper.from_array(array, self._known[key]))
        return self._known[key]

    def node(self, kind: str, *inputs: Value, **attributes: Any) -> Value:
        """What an operator gives.

        Args:
            kind: The operator, as in "Conv".
            inputs: Its inputs; an empty name leaves an optional one out.
            attributes: Its attributes.
        """
        name = f"{self.scope}{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def named(self, value: Value, name: str) -> Value:
        """The same value under another name, as outputs need it."""
        self._nodes.append(helper.make_node("Identity", [value], [name], f"{self.scope}name_{name}"))
        return name

    def cast(self, value: Value, kind: npt.DTypeLike) -> Value:
        """The value as another type of numbers."""
        return self.node("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))

    def size(self, value: Value, axis: int) -> Value:
        """How long an axis is, (1,), int64."""
        return self.node("Shape", value, start=axis, end=axis + 1)

    def part(self, value: Value, axis: int, number: int, size: int) -> Value:
        """One of the parts of equal size along an axis, from 0."""
        bounds = ([number * size], [(number + 1) * size], [axis])
        return self.node("Slice", value, *(self.constant(bound, np.int64) for bound in bounds))

    def plus(self, value: Value, offset: int) -> Value:
        """`value + offset`, of int64."""
        return value if offset == 0 else self.node("Add", value, self.constant(offset, np.int64))

    def quotient(self, value: Value, divisor: int) -> Value:
        """`value // divisor`, of int64 that is not negative."""
        return value if divisor == 1 else self.node("Div", value, self.constant(divisor, np.int64))

    def column_mask(self, widths: Value, images: Value) -> Value:
        """1 where a column of images (N, Ch, H, W) is within its sample's width, else 0: (N, 1, 1, W), float32."""
        width = self.node("Squeeze", self.size(images, 3))
        columns = self.node("Range", self.constant(0, np.int64), width, self.constant(1, np.int64))
        valid = self.node("Less", columns, self.node("Unsqueeze", widths, self.constant([1, 2, 3], np.int64)))
        return self.cast(valid, np.float32)

    def convolution(
        self, images: Value, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], **attributes: Any
    ) -> Value:
        """ReLU of a convolution; in int8 where the graph is written so and its input went through int8.

        Args:
            images: (N, Ch, H, W).
            weight: As ONNX has it, (channels, Ch / groups, height, width).
            bias: (channels,).
            attributes: `pads`, `strides`, `dilations`, `group`.

        Source:
            ONNX's "QDQ" form, which onnxruntime turns into integer kernels: weights symmetric, a scale a channel. Weights have 7
            bits, as with onnxruntime's "reduce_range", since processors without VNNI add pairs of products in 16 bits.
        """
        number, scale = len(self.convolved), self._scales.get(images)
        if scale is None:
            found = self.node("Conv", images, self.constant(weight), self.constant(bias), **attributes)
        else:
            steps = np.maximum(np.abs(weight).max((1, 2, 3)) / _MOST_WEIGHT, np.float32(1e-12)).astype(np.float32)
            rounded = np.rint(weight / steps[:, None, None, None])
            of_bias = (steps * scale).astype(np.float32)
            found = self.node(
                "Conv",
                images,
                self.node("DequantizeLinear", self.constant(rounded, np.int8), self.constant(steps), axis=0),
                self.node("DequantizeLinear", self.constant(np.rint(bias / of_bias), np.int32), self.constant(of_bias), axis=0),
                **attributes,
            )
        found = self.node("Relu", found)
        if self._highest:
            found = self._through_int8(found, max(self._highest[number], 1e-6) / 255)
        self.convolved.append(found)
        return found

    def max_pool(self, images: Value, size: Sequence[int], stride: Sequence[int], beside: int = 0) -> Value:
        """The highest of each window of (height, width) that moves by a stride and reaches so many columns beyond each side."""
        pads = {"pads": [0, beside, 0, beside]} if beside else {}
        return self._as_before(images, self.node("MaxPool", images, kernel_shape=list(size), strides=list(stride), **pads))

    def masked(self, images: Value, widths: Value) -> Value:
        """Images (N, Ch, H, W), 0 beyond their widths (N,)."""
        return self._as_before(images, self.node("Mul", images, self.column_mask(widths, images)))

    def _as_before(self, before: Value, value: Value) -> Value:
        """The value through int8 as what it was made of, if that was."""
        scale = self._scales.get(before)
        return value if scale is None else self._through_int8(value, scale)

    def _through_int8(self, value: Value, scale: float) -> Value:
        """The value, 0 or more, rounded to one of 256 numbers."""
        step, zero = self.constant(scale, np.float32), self.constant(0, np.uint8)
        rounded = self.node("DequantizeLinear", self.node("QuantizeLinear", value, step, zero), step, zero)
        self._scales[rounded] = scale
        return rounded

    def choice(self, condition: Value, then: "Graph", then_value: Value, other: "Graph", other_value: Value) -> Value:
        """The value of one of two branches, which are run only when they are chosen.

        A branch sees the values of this graph. Constants that it uses are best its own: onnxruntime then prepares them
        for the kernels, as it does not with those of the graph around it.
        """
        branches = {
            name: helper.make_graph(
                branch._nodes, name, [], [helper.make_empty_tensor_value_info(value)], initializer=branch._constants
            )
            for name, branch, value in (("then_branch", then, then_value), ("else_branch", other, other_value))
        }
        return self.node("If", condition, **branches)

    def model(
        self,
        inputs: Sequence[tuple[Value, npt.DTypeLike, Sequence[int | str]]],
        outputs: Sequence[tuple[Value, npt.DTypeLike, Sequence[int | str]]],
        optional: Sequence[tuple[Value, npt.NDArray[Any], Sequence[int | str]]] = (),
    ) -> onnx.ModelProto:
        """The model, checked.

        Args:
            inputs: Name, type and shape of each; a dimension is a number, or a name where it may be any.
            outputs: The same of each.
            optional: Inputs that may be left out, with what they are then.
        """

        def told(name: Value, kind: npt.DTypeLike, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape)

        graph = helper.make_graph(
            self._nodes,
            "seqrec",
            [*(told(*one) for one in inputs), *(told(name, value.dtype, shape) for name, value, shape in optional)],
            [told(*one) for one in outputs],
            [*self._constants, *(numpy_helper.from_array(np.asarray(value), name) for name, value, _ in optional)],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION, producer_name="seqrec"
        )
        onnx.checker.check_model(model)
        return model
