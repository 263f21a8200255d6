/** The DLLs as files: one is loaded into every program of the machine, so what it asks of the system is part of the contract. */

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { repository, requireArtifact, type Architecture, type Artifact } from './support/artifacts.js';

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };

interface Dll {
  path: string;
  architecture: Architecture;
  /** What it has to import and export, by objdump. */
  dump: string;
}

const objdump = { x64: 'x86_64-w64-mingw32-objdump', ia32: 'i686-w64-mingw32-objdump' } as const;

function open(artifact: Artifact, architecture: Architecture): Dll {
  const path = requireArtifact(artifact, architecture);
  return { path, architecture, dump: execFileSync(objdump[architecture], ['-p', path], { encoding: 'utf8' }) };
}

/** Imported functions by DLL. */
function imports({ dump }: Dll): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const block of dump.split(/DLL Name: /).slice(1)) {
    const [name = ''] = block.split('\n', 1);
    const table = block.slice(0, block.search(/\n\s*\n/));
    const functions = [...table.matchAll(/^\s+[0-9a-f]+\s+\d+\s+(\w+)\s*$/gm)].map(([, each = '']) => each);
    result.set(name.trim().toUpperCase(), functions);
  }
  return result;
}

function exported({ dump }: Dll): string[] {
  const table = dump.slice(dump.indexOf('[Ordinal/Name Pointer] Table'));
  const names = table.matchAll(/^\s*\[\s*\d+\]\s*(?:\+base\[\s*\d+\]\s+[0-9a-f]+\s+)?([\w@]+)\s*$/gm);
  return [...names].map(([, each = '']) => each).sort();
}

/** What the file holds for a section. */
function sectionOf({ path, architecture }: Dll, name: string): Buffer {
  const headers = execFileSync(objdump[architecture], ['-h', path], { encoding: 'utf8' });
  for (const line of headers.split('\n')) {
    const [, found, size = '', , , offset = ''] = line.trim().split(/\s+/);
    if (found !== name) continue;
    const start = Number.parseInt(offset, 16);
    return readFileSync(path).subarray(start, start + Number.parseInt(size, 16));
  }
  throw new Error(`${path} has no section ${name}`);
}

/** The root of a resource section (IMAGE_RESOURCE_DIRECTORY): types, and the names in each; numbers. */
function resourceNames(resources: Buffer): [number, number[]][] {
  const entries = (at: number): [number, number][] =>
    Array.from({ length: resources.readUInt16LE(at + 12) + resources.readUInt16LE(at + 14) }, (_, i) => [
      resources.readUInt32LE(at + 16 + 8 * i),
      resources.readUInt32LE(at + 20 + 8 * i) & 0x7fff_ffff,
    ]);
  return entries(0).map(([type, at]) => [type, entries(at).map(([name]) => name)]);
}

/** The pointer encodings that the records of an .eh_frame have in common (Linux Standard Base, 10.6.1.1.1). */
function commonEncodings(frames: Buffer): (number | undefined)[] {
  const result: (number | undefined)[] = [];
  let at = 0;
  for (let length = 0; at + 4 <= frames.length && (length = frames.readUInt32LE(at)) > 0; at += 4 + length) {
    if (frames.readUInt32LE(at + 4) !== 0) continue;
    const record = frames.subarray(at + 8, at + 4 + length);
    const end = record.indexOf(0, 1);
    const augmentation = record.toString('latin1', 1, end);
    // Then the two alignment factors, the return address's column and the length of what follows: a byte each, as all are
    // below 64. 'P' has its own encoding, then a pointer of 4 bytes; 'L' and 'R' only an encoding.
    let data = end + 1 + 4;
    let encoding: number | undefined;
    for (const each of augmentation.slice(1)) {
      if (each === 'R') encoding = record[data];
      data += each === 'P' ? 5 : 1;
    }
    result.push(encoding);
  }
  return result;
}

// Functions that Windows XP exports (for x64, Server 2003), of those that we have a use for. A new import fails the test below until
// somebody has looked it up ("Minimum supported client" is no help, it names XP for much older ones) and added it here.
const sinceXp: Record<string, string> = {
  'KERNEL32.DLL': `ChangeTimerQueueTimer CloseHandle CreateDirectoryW CreateEventW CreateFileW CreateMutexW CreateProcessW CreateTimerQueueTimer DeleteCriticalSection
    DeleteFileW DeleteTimerQueueTimer EnterCriticalSection ExpandEnvironmentStringsW FindClose FindFirstFileW FindNextFileW FlushFileBuffers FormatMessageW
    FreeLibrary GetCurrentProcess
    GetCurrentProcessId GetCurrentThreadId GetDriveTypeW GetEnvironmentVariableW GetExitCodeProcess GetFileAttributesW GetFileSizeEx GetFullPathNameW GetLastError
    GetModuleFileNameW GetModuleHandleExW GetModuleHandleW GetProcAddress GetProcessHeap GetProcessTimes
    GetStdHandle GetSystemDirectoryW GetSystemTime GetSystemTimeAsFileTime GetSystemWindowsDirectoryW GetSystemWow64DirectoryW GetTickCount GetVersion HeapAlloc HeapFree InitializeCriticalSection
    IsDBCSLeadByteEx LeaveCriticalSection LoadLibraryA LoadLibraryExW LoadLibraryW LocalFree MoveFileExW MultiByteToWideChar OpenProcess QueryDosDeviceW RaiseException
    ReadFile ReleaseMutex RemoveDirectoryW ResetEvent RtlCaptureContext RtlLookupFunctionEntry RtlUnwindEx RtlVirtualUnwind
    SetErrorMode SetEvent SetLastError Sleep TerminateProcess TlsAlloc TlsFree TlsGetValue TlsSetValue VirtualAlloc VirtualFree VirtualProtect VirtualQuery
    WaitForMultipleObjects WaitForSingleObject WideCharToMultiByte WriteFile __C_specific_handler`,
  'ADVAPI32.DLL': `AllocateAndInitializeSid CheckTokenMembership ConvertSidToStringSidW
    ConvertStringSecurityDescriptorToSecurityDescriptorW FreeSid GetAce GetSecurityDescriptorDacl
    GetSecurityDescriptorOwner GetSecurityInfo RegCloseKey RegCreateKeyExW RegDeleteKeyW RegDeleteValueW RegEnumKeyExW RegEnumValueW RegNotifyChangeKeyValue
    RegOpenKeyExW RegQueryValueExW RegSetValueExW`,
  'WS2_32.DLL': `WSAEnumNameSpaceProvidersW WSAGetLastError WSASetLastError WSAStartup WSACleanup WSCDeinstallProvider WSCEnumProtocols WSCGetProviderPath
    WSCInstallProvider WSCWriteProviderOrder htonl htons ntohl ntohs`,
};

for (const architecture of ['x64', 'ia32'] as const) {
  const provider = open('lspDll', architecture);
  const setup = open('lspSetupDll', architecture);
  const addon = open('addon', architecture);

  for (const dll of [provider, setup, addon]) {
    const file = `${basename(dll.path)}, ${architecture}`;

    test(`${file} says its version and what it is, and has a manifest that Windows does not act on`, () => {
      const resources = sectionOf(dll, '.rsrc');
      const text = (value: string) => Buffer.from(`${value}\0`, 'utf16le');
      for (const value of ['OriginalFilename', basename(dll.path), 'FileVersion', version]) {
        assert.ok(resources.includes(text(value)), value);
      }
      // VS_FIXEDFILEINFO: signature and structure version, then the file's version as two words of high and low halves.
      const fixed = resources.indexOf(Buffer.from([0xbd, 0x04, 0xef, 0xfe]));
      assert.ok(fixed > 0);
      const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
      assert.equal([resources.readUInt32LE(fixed + 8), resources.readUInt32LE(fixed + 12)], [major * 65536 + minor, patch * 65536]);
      assert.ok(resources.includes('<assemblyIdentity'));
      assert.equal(resourceNames(resources), [[16, [1]], [24, [3]]]);
    });

    test(`${file} has no symbols, no time and no path of the machine that built it`, () => {
      assert.match(dll.dump, /^Time\/Date\s+Thu Jan {2}1 00:00:00 1970/m);
      const bytes = readFileSync(dll.path);
      const header = bytes.readUInt32LE(0x3c);
      assert.is(bytes.readUInt32LE(header + 12), 0, 'symbols');
      for (const path of [repository, tmpdir(), '/usr/lib/gcc']) assert.not.ok(bytes.includes(path), path);
    });
  }

  for (const dll of [provider, setup]) {
    const file = `${basename(dll.path)}, ${architecture}`;

    test(`${file} imports from KERNEL32, ADVAPI32, WS2_32 and the C run time of the system only`, () => {
      const names = [...imports(dll).keys()].sort();
      assert.equal(names, ['ADVAPI32.DLL', 'KERNEL32.DLL', 'MSVCRT.DLL', 'WS2_32.DLL']);
    });

    for (const [name, functions] of Object.entries(sinceXp)) {
      test(`${file} imports nothing from ${name} that Windows XP did not have`, () => {
        const imported = imports(dll).get(name) ?? [];
        assert.ok(imported.length > 0);
        const known = new Set(functions.split(/\s+/));
        assert.equal(
          imported.filter((each) => !known.has(each)),
          [],
        );
      });
    }

    test(`${file} may be moved in memory, its data is not executable, and it may handle exceptions`, () => {
      const characteristics = Number.parseInt(dll.dump.match(/DllCharacteristics\s+([0-9a-f]+)/)?.[1] ?? '', 16);
      const dynamicBase = 0x40;
      const nxCompatible = 0x100;
      const noSeh = 0x400; // Windows would not call guarded_copy's handler on ia32
      assert.is(characteristics & (dynamicBase | nxCompatible | noSeh), dynamicBase | nxCompatible);
      const highEntropy = 0x20;
      assert.is((characteristics & highEntropy) !== 0, architecture === 'x64', 'high-entropy addresses');
    });

    test(`${file} has no thread-local storage, for which the system would make room in each thread of each program`, () => {
      assert.match(dll.dump, /^Entry 9 0+ 0+ Thread Storage Directory/m);
    });

    test(`${file} is smaller than 200 KB`, () => {
      const { size } = statSync(dll.path);
      assert.ok(size > 0 && size < 200 * 1024, `${size} bytes`);
    });
  }

  test(`the DLL exports what ws2_32, installers and OpenVPN look for, and nothing else, ${architecture}`, () => {
    assert.equal(exported(provider), [
      'GetLspGuid',
      'WSPStartup',
      'openvpn_plugin_close_v1',
      'openvpn_plugin_func_v1',
      'openvpn_plugin_func_v3',
      'openvpn_plugin_min_version_required_v1',
      'openvpn_plugin_open_v1',
      'openvpn_plugin_open_v3',
    ]);
  });

  test(`the DLL that every program loads has none of the functions that change the catalog, ${architecture}`, () => {
    const changing = /^WSC(Install|Deinstall|Write)/;
    assert.equal((imports(provider).get('WS2_32.DLL') ?? []).filter((name) => changing.test(name)), []);
    assert.ok((imports(setup).get('WS2_32.DLL') ?? []).some((name) => changing.test(name)));
  });

  test(`the setup DLL exports what the plugin calls, and nothing else, ${architecture}`, () => {
    assert.equal(exported(setup), ['WinsockLspSetupInstall', 'WinsockLspSetupRemove']);
  });

  test(`one section is shared between processes, and it holds counters and the ring of decisions only, ${architecture}`, () => {
    const sections = execFileSync(objdump[architecture], ['-h', provider.path], { encoding: 'utf8' });
    const shared = [...sections.matchAll(/^\s*\d+ (\S+)\s+([0-9a-f]+) .*\n.*\bSHARED\b/gm)];
    assert.equal(
      shared.map(([, name]) => name),
      ['.shared'],
    );
    assert.ok(Number.parseInt(shared[0]?.[2] ?? '', 16) <= 7_000);
  });

  if (architecture === 'ia32') {
    for (const dll of [provider, setup]) {
      // lsp-dll/runtime/unwinder.cpp reads no others.
      test(`${basename(dll.path)}: where a function begins is said relative to its frame description, ${architecture}`, () => {
        const encodings = commonEncodings(sectionOf(dll, '.eh_fram'));
        assert.ok(encodings.length > 0);
        const relativeSigned4 = 0x1b;
        assert.equal(encodings.filter((each) => each !== relativeSigned4), []);
      });
    }
  }

  test(`the DLL is for ${architecture}`, () => {
    const format = { x64: 'pei-x86-64', ia32: 'pei-i386' };
    for (const { dump } of [provider, setup]) assert.match(dump, new RegExp(`file format ${format[architecture]}$`, 'm'));
  });
}

test.run();
