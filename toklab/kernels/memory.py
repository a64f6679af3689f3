"""Memory as a kernel needs it: eight bytes at once, from any byte on, or 64; rows asked for early; room of its own."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


@intrinsic
def bytes8(_: Any, text: Any, at: Any) -> Any:
    """The bytes ``text[at:at + 8]`` as a uint64, the first lowest; they must be there.

    One by one they would cost what the hash or the comparison of a short word costs otherwise.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        word = builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()))
        word.align = 1
        return word

    return types.uint64(text, at), generate


@intrinsic
def write8(_: Any, text: Any, at: Any, word: Any) -> Any:
    """Write a uint64 over ``text[at:at + 8]``, its lowest byte first."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        builder.store(arguments[2], builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(text, at, word), generate


@intrinsic
def zeros(_: Any, word: Any) -> Any:
    """How many of the lowest bits of a uint64 are 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(0))

    return types.uint64(word), generate


@intrinsic
def between(_: Any, text: Any, at: Any, first: Any, last: Any) -> Any:
    """Which of the bytes ``text[at:at + 64]`` lie between two (both uint8), a bit for each, the first lowest.

    They must be there. All are compared at once.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        vector = ir.VectorType(ir.IntType(8), 64)
        place = builder.gep(array.data, [arguments[1]])
        found = builder.load(builder.bitcast(place, vector.as_pointer()))
        found.align = 1
        nothing, everywhere = ir.Constant(vector, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), 64), None)

        def spread(byte: Any) -> Any:
            one = builder.insert_element(nothing, byte, ir.IntType(32)(0))
            return builder.shuffle_vector(one, nothing, everywhere)

        distance = builder.sub(found, spread(arguments[2]))
        width = spread(builder.sub(arguments[3], arguments[2]))
        return builder.bitcast(builder.icmp_unsigned("<=", distance, width), ir.IntType(64))

    return types.uint64(text, at, types.uint8, types.uint8), generate


@intrinsic
def prefetch(_: Any, rows: Any, row: Any) -> Any:
    """Ask for the line of the cache where a row begins, and go on; a row that is not there does no harm."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        start, number = builder.ptrtoint(array.data, ir.IntType(64)), ir.IntType(32)
        distance = builder.mul(arguments[1], builder.extract_value(array.strides, 0))
        place = builder.inttoptr(builder.add(start, distance), ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        # To read, for as near a cache as can be, and of the caches for data.
        options = [number(0), number(3), number(1)]
        builder.call(builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind), [place, *options])
        return context.get_dummy_value()

    return types.void(rows, row), generate


@intrinsic(prefer_literal=True)
def room(_: Any, size: Any) -> Any:
    """A pointer to ``size`` int32 of the kernel's own, not set to anything, gone when it returns.

    The compiler knows that no array of the caller's lies there, so that it can use vector instructions where it would
    have to fear for the order of reading and writing otherwise.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        with builder.goto_entry_block():
            place = builder.alloca(ir.ArrayType(ir.IntType(32), size.literal_value))
        place.align = 64
        return builder.bitcast(place, ir.IntType(32).as_pointer())

    return types.CPointer(types.int32)(size), generate
