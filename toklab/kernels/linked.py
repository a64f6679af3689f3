"""Kernels that only kernels call: linked into those, and turned into machine code there alone.

Numba optimises every function and turns it into machine code, then does so again with each that calls it, which holds
it whole. Where nobody else calls it, its own code is work for nothing: here it stays as Numba wrote it until then.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.typed_passes import IRLegalization

ENVIRONMENT = "_ZN08NumbaEnv"


class LinkedLibrary(JITCodeLibrary):
    """Code that waits for whom it is linked into."""

    def _optimize_final_module(self) -> None:
        """Leave it to the caller's."""

    def _finalize_final_module(self) -> None:
        """Be ready to be linked; of machine code there is only what Numba writes an address to."""
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        names = [found.name for found in self._final_module.global_variables]
        lines = (f"@{name} = common global i64 0" for name in names if name.startswith(ENVIRONMENT))
        self._codegen._engine.add_module(binding.parse_assembly("\n".join(lines)))
        self._finalized = True

    def serialize_using_object_code(self) -> tuple[str, str, bytes]:
        """Cache what is linked, for want of machine code."""
        return self.serialize_using_bitcode()


@register_pass(mutates_CFG=False, analysis_only=False)
class UseLinkedLibrary(LoweringPass):
    """Compile into such a library."""

    _name = "use_linked_library"

    def __init__(self) -> None:
        LoweringPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        state.library = LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        return True


class LinkedCompiler(CompilerBase):
    """Numba's own steps, with such a library."""

    def define_pipelines(self) -> list[Any]:
        steps = DefaultPassBuilder.define_nopython_pipeline(self.state)
        steps.add_pass_after(UseLinkedLibrary, IRLegalization)
        steps.finalize()
        return [steps]
