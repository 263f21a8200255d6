// What a test program may ask of the ws2_32.dll it is linked to, beyond Windows' own exports: failures made on purpose,
// and a catalog of the process's own that costs no registry. A program finds these with GetProcAddress (control below),
// so that it also starts on another ws2_32.dll.
#pragma once

#include <windows.h>
#include <winsock2.h>

// Calls (of WSC* functions) and writes (to the registry, of keys, values and trees) are counted from 1 in each process,
// from the last TestWinsockArm on. 0 stands for none.
struct TestWinsockFaults {
    unsigned failCall;  // it answers `error` and does nothing
    int error;
    BOOL failsFromThere;  // every later call does too
    unsigned tearCall;    // it makes `parts` of its new entries, then answers `error`; killed there if that is 0
    unsigned parts;
    unsigned killCall;   // before it does anything
    unsigned failWrite;  // the call that it belongs to answers WSANO_RECOVERY
    unsigned killWrite;  // with everything before it written
    unsigned pauseCall;  // it first waits
    unsigned pauseMilliseconds;
    unsigned noticeCall;  // before it does anything, `notice` is called with `context`
    void(WSAAPI* notice)(void* context);
    void* context;
    // A kill ends the calling thread, without unwinding, and not the process: what it had locked is abandoned, what it
    // had in memory stays as it was. Thousands of kills a second, in one process.
    BOOL killsThread;
};

struct TestWinsockCounts {
    unsigned calls, writes;
};

// One of the calls since TestWinsockArm.
struct TestWinsockCall {
    char name[64];
    unsigned writes;      // how many it made
    unsigned newEntries;  // how many it added, to both catalogs together
};

struct TestWinsockSavedHeader {
    DWORD nextEntryId, count64, count32;
};
struct TestWinsockSavedEntry {
    wchar_t path[MAX_PATH];
    WSAPROTOCOL_INFOW info;
    DWORD lspCategories;
};

using TestWinsockArm = void WSAAPI(const TestWinsockFaults*);  // null: nothing fails any more; counts from 0 again
using TestWinsockCount = void WSAAPI(TestWinsockCounts*);
using TestWinsockDescribe = void WSAAPI(unsigned call, TestWinsockCall*);
// From now on this process has catalogs of its own, in memory, or those of the registry again.
using TestWinsockKeepInMemory = void WSAAPI(BOOL);
// The catalogs as bytes, and back: a header, then the entries of the 64-bit catalog and of the 32-bit one. *size is in
// bytes; too small a one is corrected and answers WSAENOBUFS.
using TestWinsockSave = int WSAAPI(BYTE* buffer, DWORD* size);
using TestWinsockLoad = int WSAAPI(const BYTE* buffer, DWORD size);
