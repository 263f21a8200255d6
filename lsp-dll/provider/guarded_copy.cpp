#include "guarded_copy.hpp"

// MSVC has __try; GCC does not, so there the frame's handler is written out: the x64 unwind tables name a scope whose
// filter is the constant 1 (EXCEPTION_EXECUTE_HANDLER), and on ia32 a record is linked into fs:[0]
// (https://learn.microsoft.com/cpp/build/exception-handling-x64, "C_SCOPE_TABLE"). MinGW's linker writes no table of
// safe handlers (/SAFESEH); of an image without one, Windows accepts a handler in its code, unless the image is marked
// NO_SEH.

#if defined(_MSC_VER)

#include <windows.h>

#include <cstring>

namespace lsp::provider {

bool guarded_copy(void* to, const void* from, std::size_t bytes) noexcept {
    __try {
        std::memcpy(to, from, bytes);
        return true;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return false;
    }
}

bool guarded_copy_address(void* to, const void* from, std::size_t bytes) noexcept {
    return guarded_copy(to, from, bytes);
}

}  // namespace lsp::provider

#else

extern "C" int lsp_guarded_copy(void* to, const void* from, std::size_t bytes);
extern "C" int lsp_guarded_copy_address(void* to, const void* from, std::size_t bytes);

namespace lsp::provider {

bool guarded_copy(void* to, const void* from, std::size_t bytes) noexcept {
    return lsp_guarded_copy(to, from, bytes) != 0;
}

bool guarded_copy_address(void* to, const void* from, std::size_t bytes) noexcept {
    return lsp_guarded_copy_address(to, from, bytes) != 0;
}

}  // namespace lsp::provider

#if defined(__x86_64__)

asm(R"(
    .text
    .globl lsp_guarded_copy
    .def lsp_guarded_copy; .scl 2; .type 32; .endef
    .seh_proc lsp_guarded_copy
lsp_guarded_copy:
    pushq %rdi
    .seh_pushreg %rdi
    pushq %rsi
    .seh_pushreg %rsi
    subq $40, %rsp
    .seh_stackalloc 40
    .seh_endprologue
.Lguarded_begin:
    movq %rcx, %rdi
    movq %rdx, %rsi
    movq %r8, %rcx
    rep movsb
    nop
.Lguarded_end:
    movl $1, %eax
    jmp .Lguarded_out
.Lguarded_fault:
    xorl %eax, %eax
.Lguarded_out:
    addq $40, %rsp
    popq %rsi
    popq %rdi
    ret
    .seh_handler __C_specific_handler, @except
    .seh_handlerdata
    .long 1
    .rva .Lguarded_begin, .Lguarded_end
    .long 1
    .rva .Lguarded_fault
    .text
    .seh_endproc

    .globl lsp_guarded_copy_address
    .def lsp_guarded_copy_address; .scl 2; .type 32; .endef
    .seh_proc lsp_guarded_copy_address
lsp_guarded_copy_address:
    .seh_endprologue
.Lguarded_address_begin:
    movups (%rdx), %xmm0
    movups -16(%rdx,%r8), %xmm1
    movups %xmm0, (%rcx)
    movups %xmm1, -16(%rcx,%r8)
.Lguarded_address_end:
    movl $1, %eax
    ret
.Lguarded_address_fault:
    xorl %eax, %eax
    ret
    .seh_handler __C_specific_handler, @except
    .seh_handlerdata
    .long 1
    .rva .Lguarded_address_begin, .Lguarded_address_end
    .long 1
    .rva .Lguarded_address_fault
    .text
    .seh_endproc
)");

#elif defined(__i386__)

asm(R"(
    .text
    .globl _lsp_guarded_copy
    .def _lsp_guarded_copy; .scl 2; .type 32; .endef
    .globl _lsp_guarded_copy_address
    .def _lsp_guarded_copy_address; .scl 2; .type 32; .endef
_lsp_guarded_copy:
_lsp_guarded_copy_address:
    pushl %ebp
    movl %esp, %ebp
    pushl %esi
    pushl %edi
    movl 8(%ebp), %edi
    movl 12(%ebp), %esi
    movl 16(%ebp), %ecx
    pushl $_lsp_guarded_handler
    pushl %fs:0
    movl %esp, %fs:0
    rep movsb
    movl $1, %eax
_lsp_guarded_out:
    popl %fs:0
    addl $4, %esp
    popl %edi
    popl %esi
    popl %ebp
    ret
    .def _lsp_guarded_handler; .scl 3; .type 32; .endef
_lsp_guarded_handler:
    movl 4(%esp), %eax
    testl $6, 4(%eax)
    jnz 1f
    movl 12(%esp), %eax
    movl $_lsp_guarded_out, 0xb8(%eax)
    movl $0, 0xb0(%eax)
    xorl %eax, %eax
    ret
1:
    movl $1, %eax
    ret
)");
// The handler's arguments: record at 4(%esp) with its flags at +4 (6: unwinding, which is none of ours), context at
// 12(%esp) with Eax at 0xb0 and Eip at 0xb8. rep movsb leaves the stack alone, so going on at _lsp_guarded_out is
// enough.

#else
#error "guarded_copy: this architecture has no implementation"
#endif

#endif
