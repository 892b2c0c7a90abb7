"""Four float64 side by side: what a kernel needs to run four recursions at once.

A recursion cannot be hurried, as each sample waits for the last; four of them in
one register take less than twice the time of one. :class:`Lanes` is such a register
in compiled code. The same source runs with one float64 in its place, chosen by the
type of the value ``like``, and every operation rounds alike.

A register's lanes are consecutive entries of an array's first axis, from ``lane`` up to
``last``; where that is fewer than four, the last stands in for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

models: Any = extending.models
tools: Any = cgutils


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled code call what ``function`` builds (its first argument is not the caller's)."""
    made: Callable[..., Any] = extending.intrinsic(function)
    return made


WIDTH = 4
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_EMPTY = ir.Constant(_VECTOR, ir.Undefined)
_INDEX = ir.IntType(32)


class Lanes(types.Type):
    """Numba's type of four float64 in one register."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


LANES = Lanes()


def _lanes_model(manager: Any, numba_type: Any) -> Any:
    return models.PrimitiveModel(manager, numba_type, _VECTOR)


extending.register_model(Lanes)(_lanes_model)


def _places(
    context: Any, builder: Any, array_type: Any, array: Any, indices: list[Any], count: int
) -> list[Any]:
    """Return where ``array[lane, *rest]`` is for each of ``count`` lanes."""
    made = context.make_array(array_type)(context, builder, array)
    steps = tools.unpack_tuple(builder, made.strides)
    lane, last, *rest = indices
    shift = ir.Constant(lane.type, 0)
    for index, step in zip(rest, steps[1:], strict=True):
        shift = builder.add(shift, builder.mul(index, step))
    out = []
    for k in range(count):
        row = builder.add(lane, ir.Constant(lane.type, k))
        row = builder.select(builder.icmp_signed("<", row, last), row, last)
        where = builder.add(builder.mul(row, steps[0]), shift)
        out.append(tools.pointer_add(builder, made.data, where, made.data.type))
    return out


def _load(count: int) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = _places(context, builder, signature.args[0], args[0], list(args[1:-1]), count)
        if count == 1:
            return builder.load(places[0])
        out = _EMPTY
        for lane, place in enumerate(places):
            out = builder.insert_element(out, builder.load(place), ir.Constant(_INDEX, lane))
        return out

    return build


def _store(count: int) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = _places(context, builder, signature.args[0], args[0], list(args[1:-1]), count)
        for lane, place in enumerate(places):
            one = args[-1]
            if count > 1:
                one = builder.extract_element(one, ir.Constant(_INDEX, lane))
            builder.store(one, place)
        return context.get_dummy_value()

    return build


def _count(value: Any) -> int:
    return WIDTH if isinstance(value, Lanes) else 1


@intrinsic
def four_zeros(_: Any) -> Any:
    """Return a register of four zeros."""
    return LANES(), lambda context, builder, signature, args: ir.Constant(_VECTOR, [0.0] * WIDTH)


@intrinsic
def get3(_: Any, array: Any, lane: Any, last: Any, i: Any, j: Any, like: Any) -> Any:
    """Return ``array[lane, i, j]`` and, where ``like`` is four wide, that of the next lanes."""
    return like(array, types.intp, types.intp, types.intp, types.intp, like), _load(_count(like))


@intrinsic
def set3(_: Any, array: Any, lane: Any, last: Any, i: Any, j: Any, value: Any) -> Any:
    """Write what :func:`get3` reads."""
    return types.void(array, types.intp, types.intp, types.intp, types.intp, value), _store(
        _count(value)
    )


@intrinsic
def set2(_: Any, array: Any, lane: Any, last: Any, i: Any, value: Any) -> Any:
    """Write ``array[lane, i]``; see :func:`get3`."""
    return types.void(array, types.intp, types.intp, types.intp, value), _store(_count(value))


@intrinsic
def scaled(_: Any, a: Any, x: Any) -> Any:
    """Return ``a * x`` with the same number ``x`` for all lanes."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _count(signature.args[0]) == 1:
            return builder.fmul(*args)
        first = builder.insert_element(_EMPTY, args[1], ir.Constant(_INDEX, 0))
        everywhere = ir.Constant(ir.VectorType(_INDEX, WIDTH), [0] * WIDTH)
        return builder.fmul(args[0], builder.shuffle_vector(first, _EMPTY, everywhere))

    return a(a, types.float64), build


@intrinsic
def times(_: Any, a: Any, b: Any) -> Any:
    """Return ``a * b``."""
    return a(a, b), lambda context, builder, signature, args: builder.fmul(*args)


@intrinsic
def plus(_: Any, a: Any, b: Any) -> Any:
    """Return ``a + b``."""
    return a(a, b), lambda context, builder, signature, args: builder.fadd(*args)


@intrinsic
def negated(_: Any, a: Any) -> Any:
    """Return ``-a``."""
    return a(a), lambda context, builder, signature, args: builder.fneg(*args)


@intrinsic
def fused(_: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c``, rounded once where the processor can."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        suffix = f"v{WIDTH}f64" if _count(signature.args[0]) > 1 else "f64"
        function = tools.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind] * 3), f"llvm.fmuladd.{suffix}"
        )
        return builder.call(function, args)

    return a(a, b, c), build


@intrinsic
def bits_of(_: Any, a: Any) -> Any:
    """Return the bits of a float64 as an integer; of floats above 0 they sort as these do."""
    whole = ir.IntType(64)
    return types.int64(types.float64), lambda c, builder, s, args: builder.bitcast(args[0], whole)


@intrinsic
def of_bits(_: Any, a: Any) -> Any:
    """Return the float64 of an integer's bits."""
    real = ir.DoubleType()
    return types.float64(types.int64), lambda c, builder, s, args: builder.bitcast(args[0], real)
