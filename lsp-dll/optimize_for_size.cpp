// In a release each DLL is one unit of its sources in their order (CMakeLists.txt). What comes before this file is on
// the way of every call, or nearly, and is compiled for speed; what comes after it need not be.
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("Os")
#endif
