/** The DLL as a file: it is loaded into every program of the machine, so what it asks of the system is part of the contract. */

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { requireArtifact } from './support/artifacts.js';

const dll = requireArtifact('lspDll');
const dump = execFileSync('x86_64-w64-mingw32-objdump', ['-p', dll], { encoding: 'utf8' });
const sections = execFileSync('x86_64-w64-mingw32-objdump', ['-h', dll], { encoding: 'utf8' });

/** Imported functions by DLL. */
function imports(): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const block of dump.split(/DLL Name: /).slice(1)) {
    const [name = ''] = block.split('\n', 1);
    const table = block.slice(0, block.search(/\n\s*\n/));
    const functions = [...table.matchAll(/^\s+[0-9a-f]+\s+\d+\s+(\w+)\s*$/gm)].map(([, each = '']) => each);
    result.set(name.trim().toUpperCase(), functions);
  }
  return result;
}

// Functions that Windows XP (x64: Server 2003) exports, of those that we have a use for. A new import fails the test below until
// somebody has looked it up ("Minimum supported client" is no help, it names XP for much older ones) and added it here.
const sinceXp: Record<string, string> = {
  'KERNEL32.DLL': `CloseHandle CreateDirectoryW CreateEventW CreateFileW CreateMutexW CreateSemaphoreW DeleteCriticalSection
    DeleteFileW EnterCriticalSection ExpandEnvironmentStringsW FlushFileBuffers FormatMessageW FreeLibrary GetCurrentProcess
    GetCurrentProcessId GetCurrentThreadId GetEnvironmentVariableW GetFileAttributesW GetFileSizeEx GetLastError
    GetModuleFileNameW GetModuleHandleA GetModuleHandleExW GetModuleHandleW GetProcAddress GetProcessHeap GetProcessTimes
    GetStdHandle GetSystemDirectoryW GetSystemTime GetTickCount GetVersion HeapAlloc HeapFree InitializeCriticalSection
    IsDBCSLeadByteEx LeaveCriticalSection LoadLibraryExW LoadLibraryW LocalFree MoveFileExW MultiByteToWideChar OpenProcess RaiseException
    ReadFile ReleaseMutex ReleaseSemaphore ResetEvent RtlCaptureContext RtlLookupFunctionEntry RtlUnwindEx RtlVirtualUnwind
    SetEvent SetLastError Sleep TlsAlloc TlsFree TlsGetValue TlsSetValue VirtualAlloc VirtualFree VirtualProtect VirtualQuery
    WaitForMultipleObjects WaitForSingleObject WideCharToMultiByte WriteFile __C_specific_handler`,
  'ADVAPI32.DLL': `AllocateAndInitializeSid CheckTokenMembership ConvertSidToStringSidW
    ConvertStringSecurityDescriptorToSecurityDescriptorW FreeSid GetAce GetNamedSecurityInfoW GetSecurityDescriptorDacl
    GetSecurityDescriptorOwner RegCloseKey RegCreateKeyExW RegDeleteKeyW RegEnumKeyExW RegNotifyChangeKeyValue RegOpenKeyExW
    RegQueryValueExW RegSetValueExW`,
  'WS2_32.DLL': `WSAGetLastError WSASetLastError WSAStartup WSACleanup WSCDeinstallProvider WSCEnumProtocols WSCGetProviderPath
    WSCInstallProvider WSCWriteProviderOrder htonl htons ntohl ntohs`,
};

test('the DLL imports from KERNEL32, ADVAPI32, WS2_32 and the C run time of the system only', () => {
  const names = [...imports().keys()].sort();
  assert.equal(names, ['ADVAPI32.DLL', 'KERNEL32.DLL', 'MSVCRT.DLL', 'WS2_32.DLL']);
});

for (const [name, functions] of Object.entries(sinceXp)) {
  test(`the DLL imports nothing from ${name} that Windows XP did not have`, () => {
    const imported = imports().get(name) ?? [];
    assert.ok(imported.length > 0);
    const known = new Set(functions.split(/\s+/));
    assert.equal(
      imported.filter((each) => !known.has(each)),
      [],
    );
  });
}

test('the DLL exports what ws2_32, installers and OpenVPN look for, and nothing else', () => {
  const table = dump.slice(dump.indexOf('[Ordinal/Name Pointer] Table'));
  const exported = [...table.matchAll(/^\s*\[\s*\d+\]\s*(?:\+base\[\s*\d+\]\s+[0-9a-f]+\s+)?(\w+)\s*$/gm)].map(([, each]) => each);
  assert.equal(exported.sort(), [
    'GetLspGuid',
    'GetLspTelemetry',
    'WSPStartup',
    'openvpn_plugin_close_v1',
    'openvpn_plugin_func_v1',
    'openvpn_plugin_func_v3',
    'openvpn_plugin_min_version_required_v1',
    'openvpn_plugin_open_v1',
    'openvpn_plugin_open_v3',
  ]);
});

test('one section is shared between processes, and it holds the counters only', () => {
  const shared = [...sections.matchAll(/^\s*\d+ (\S+)\s+([0-9a-f]+) .*\n.*\bSHARED\b/gm)];
  assert.equal(
    shared.map(([, name]) => name),
    ['.shared'],
  );
  assert.ok(Number.parseInt(shared[0]?.[2] ?? '', 16) <= 256);
});

test('the DLL may be moved in memory, and its data is not executable', () => {
  const characteristics = Number.parseInt(dump.match(/DllCharacteristics\s+([0-9a-f]+)/)?.[1] ?? '', 16);
  const dynamicBase = 0x40;
  const nxCompatible = 0x100;
  assert.is(characteristics & (dynamicBase | nxCompatible), dynamicBase | nxCompatible);
});

// The aim is 200 KB (docs/performance.md says where the bytes are); this keeps it from growing meanwhile.
test('the DLL is not larger than 270 KB', () => {
  const bytes = statSync(dll).size;
  assert.is(bytes, readFileSync(dll).length);
  assert.ok(bytes < 270_000, `${bytes} bytes`);
});

test.run();
