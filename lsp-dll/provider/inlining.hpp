// Where a call's hot path is one function, and what is kept out of it. The DLL is compiled as one unit, and GCC would
// rather call a function of three screens from two places than have it twice: with a dozen small frames each datagram
// spends more time on saving registers than on its decision.
#pragma once

#if defined(__GNUC__)
// All that the function calls becomes a part of it, but for what is LSP_APART.
#define LSP_FLAT __attribute__((flatten))
// Not on the hot path, or not wanted twice.
#define LSP_APART __attribute__((noinline))
#define LSP_INLINE __attribute__((always_inline)) inline
#else
#define LSP_FLAT
#define LSP_APART __declspec(noinline)
#define LSP_INLINE __forceinline
#endif
