// MinGW only. What libstdc++ calls when a container cannot go on, so that its own versions are not linked: those bring
// std::logic_error, the old std::string, <random>, the locales and the demangler into every program of the machine, 400
// KB of them. Likewise MinGW's own printf, which can print long double where all we print is short. Where a container
// would throw std::length_error or std::out_of_range, our callers' catch at the boundary gets std::bad_alloc; they do
// not tell the two apart.
#if defined(__MINGW32__)

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <new>

namespace std {

[[noreturn]] void __throw_bad_alloc() { throw bad_alloc(); }
[[noreturn]] void __throw_bad_array_new_length() { throw bad_alloc(); }
[[noreturn]] void __throw_length_error(const char*) { throw bad_alloc(); }
[[noreturn]] void __throw_logic_error(const char*) { throw bad_alloc(); }
[[noreturn]] void __throw_out_of_range(const char*) { throw bad_alloc(); }
[[noreturn]] void __throw_out_of_range_fmt(const char*, ...) { throw bad_alloc(); }
[[noreturn]] void __throw_invalid_argument(const char*) { throw bad_alloc(); }
[[noreturn]] void __throw_bad_function_call() { throw bad_alloc(); }

}  // namespace std

namespace __gnu_cxx {

[[noreturn]] void __verbose_terminate_handler() { std::abort(); }

}  // namespace __gnu_cxx

extern "C" {

[[noreturn]] void __cxa_throw_bad_array_new_length() { throw std::bad_alloc(); }

// The system's versions write no terminator when the text does not fit.
int __mingw_vsnprintf(char* text, size_t size, const char* format, va_list arguments) {
    const int length = _vsnprintf(text, size, format, arguments);
    if (size > 0) text[size - 1] = '\0';
    return length;
}

int __mingw_vsnwprintf(wchar_t* text, size_t size, const wchar_t* format, va_list arguments) {
    const int length = _vsnwprintf(text, size, format, arguments);
    if (size > 0) text[size - 1] = L'\0';
    return length;
}

}  // extern "C"

#endif
