"""Eight bytes of an array at once, from any byte on: what a hash or a comparison of short words costs otherwise."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


@intrinsic
def bytes8(_: Any, text: Any, at: Any) -> Any:
    """The bytes ``text[at:at + 8]`` as a uint64, the first lowest; they must be there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        word = builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()))
        word.align = 1
        return word

    return types.uint64(text, at), generate
