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
  return { path, architecture, dump: execFileSync(objdump[architecture], ['-p', path], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }) };
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

// What changes the machine: the registry, the catalogs, credentials, the host model and routes, files, security, services, and objects that
// other processes wait for (a section, which is memory, is none of it); with their relations in ntdll and shlwapi, and whatever is behind the name (A, W, Ex, 32).
const changesTheMachine = new RegExp(
  `^(${[
    '(Reg|SHReg|SH)(SetValue|SetKey|CreateKey|Delete|Rename|Replace|Restore|LoadKey|UnLoadKey|CopyTree|SaveKey|Write)',
    '(Nt|Zw)(SetValueKey|CreateKey|DeleteKey|DeleteValueKey|RenameKey|ReplaceKey|RestoreKey|LoadKey|SetInformation(Key|File)|CreateMutant|DeleteFile)',
    'RtlWriteRegistryValue|RtlCreateRegistryKey|RtlDeleteRegistryValue',
    'WSC(Install|Deinstall|UnInstall|Update|Write|Enable|SetProviderInfo|SetApplicationCategory)',
    '(Set|Create|Delete|Flush)(Ip|Unicast|Anycast|If)\\w*Entry',
    'Cred(Write|Delete|Rename|Protect|UIPrompt|UIConfirm)',
    'CreateMutex|OpenMutex|CreatePrivateNamespace|CreateService|ChangeServiceConfig',
    '(CreateDirectory|CreateFile(?!Mapping)|DeleteFile|MoveFile|CopyFile|ReplaceFile|RemoveDirectory|WritePrivateProfile|WriteProfile)',
    'SetNamedSecurityInfo|SetSecurityInfo|SetFileSecurity|SetKernelObjectSecurity|SetEntriesInAcl|ConvertStringSecurityDescriptor',
  ].join('|')})`,
);

/** Names of such functions in the file's bytes, as ANSI or UTF-16 text: what it imports, and what it could look up by name. */
function machineChangersIn(bytes: Buffer): string[] {
  const found = new Set<string>();
  // UTF-16 at an odd offset, too.
  for (const text of [bytes.toString('latin1'), bytes.toString('utf16le'), bytes.subarray(1).toString('utf16le')]) {
    for (const [word] of text.matchAll(/[A-Za-z]\w{5,}/g)) if (changesTheMachine.test(word)) found.add(word);
  }
  return [...found].sort();
}

function exported({ dump }: Dll): string[] {
  const table = dump.slice(dump.indexOf('[Ordinal/Name Pointer] Table'));
  const names = table.matchAll(/^\s*\[\s*\d+\]\s*(?:\+base\[\s*\d+\]\s+[0-9a-f]+\s+)?([\w@]+)\s*$/gm);
  return [...names].map(([, each = '']) => each).sort();
}

/** What the linker says that winsock-lsp.dll was made of; only MinGW's leaves it. */
function linkMap(architecture: Architecture): string {
  return readFileSync(join(repository, 'build', `lsp-dll-${architecture}`, 'lsp-dll', 'winsock-lsp.dll.map'), 'utf8');
}

/** The sources that winsock-lsp.dll is built of, as the unit that CMake made of them has them. */
function providerSources(architecture: Architecture): string[] {
  const unit = join(repository, 'build', `lsp-dll-${architecture}`, 'lsp-dll', 'CMakeFiles', 'winsock_lsp_dll.dir', 'Unity', 'unity_0_cxx.cxx');
  return [...readFileSync(unit, 'utf8').matchAll(/^#include "(.*\.cpp)"/gm)].map(([, each = '']) => each);
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

// Functions that Windows XP exports (for x64, Server 2003), of those that we have a use for. A new import fails the test below until
// somebody has looked it up ("Minimum supported client" is no help, it names XP for much older ones) and added it here.
const sinceXp: Record<string, string> = {
  'KERNEL32.DLL': `ChangeTimerQueueTimer CloseHandle CreateDirectoryW CreateEventW CreateFileMappingW CreateFileW
    CreateMutexW CreateProcessW CreateSemaphoreW CreateTimerQueueTimer DeleteCriticalSection DeleteFileW
    DeleteTimerQueueTimer EnterCriticalSection ExpandEnvironmentStringsW FindClose FindFirstFileW FindNextFileW
    FlushFileBuffers FormatMessageW FreeLibrary GetCurrentProcess GetCurrentProcessId GetCurrentThread GetCurrentThreadId
    GetDriveTypeW GetEnvironmentVariableW GetExitCodeProcess GetFileAttributesW GetFileSizeEx GetFullPathNameW GetLastError
    GetLongPathNameW GetModuleFileNameW GetModuleHandleA GetModuleHandleExW GetModuleHandleW GetProcAddress GetProcessHeap
    GetProcessTimes GetStdHandle GetSystemDirectoryW GetSystemTime GetSystemTimeAsFileTime GetSystemWindowsDirectoryW
    GetSystemWow64DirectoryW GetTickCount GetVersion HeapAlloc HeapFree InitializeCriticalSection IsDBCSLeadByteEx
    LeaveCriticalSection LoadLibraryA LoadLibraryExW LoadLibraryW LocalFree MapViewOfFile MoveFileExW MultiByteToWideChar
    OpenFileMappingW OpenProcess QueryDosDeviceW RaiseException ReadFile RegisterWaitForSingleObject ReleaseMutex ReleaseSemaphore RemoveDirectoryW
    ResetEvent RtlCaptureContext RtlLookupFunctionEntry RtlUnwindEx RtlVirtualUnwind SetErrorMode SetEvent SetLastError
    Sleep TerminateProcess TlsAlloc TlsFree TlsGetValue TlsSetValue UnregisterWait VirtualAlloc VirtualFree VirtualProtect VirtualQuery
    WaitForMultipleObjects WaitForSingleObject WideCharToMultiByte WriteFile __C_specific_handler lstrcmpiW lstrcpyW lstrcpynA
    lstrcpynW lstrlenA lstrlenW`,
  'ADVAPI32.DLL': `AddAccessAllowedAce AllocateAndInitializeSid CheckTokenMembership ConvertSidToStringSidW
    ConvertStringSecurityDescriptorToSecurityDescriptorW CopySid CreateWellKnownSid EqualSid FreeSid GetAce GetKernelObjectSecurity
    GetNamedSecurityInfoW GetSecurityDescriptorDacl GetSecurityDescriptorOwner GetSecurityInfo GetTokenInformation InitializeAcl
    InitializeSecurityDescriptor OpenProcessToken OpenThreadToken RegCloseKey RegCreateKeyExW RegDeleteKeyW RegDeleteValueW
    RegEnumKeyExW RegEnumValueW RegNotifyChangeKeyValue RegOpenKeyExW RegQueryInfoKeyW RegQueryValueExW RegSetValueExW
    SetSecurityDescriptorControl SetSecurityDescriptorDacl SetSecurityDescriptorGroup SetSecurityDescriptorOwner SetThreadToken`,
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
  }

  test(`winsock-lsp.dll, ${architecture}, is smaller than 256 KB: an alarm, not a budget`, () => {
    const { size } = statSync(provider.path);
    assert.ok(size > 0 && size < 256 * 1024, `${size} bytes`);
  });

  test(`winsock-lsp.dll, ${architecture}, has no thread-local storage, for which the system would make room in each thread of each program`, () => {
    assert.match(provider.dump, /^Entry 9 0+ 0+ Thread Storage Directory/m);
  });

  test(`winsock-lsp.dll, ${architecture}, is linked without the C++ run time and start-up code, and has nothing to initialise`, () => {
    const map = linkMap(architecture);
    // Beside our own unit and the system's import libraries: GCC's arithmetic, member by member.
    const members = [...map.matchAll(/^(?:LOAD |[^\n]*?)(\S+\/)?(lib[\w+.-]+\.a)\((\S+)\)/gm)].map(([, , library = '', member = '']) => `${library} ${member}`);
    const linked = new Set(members.filter((each) => !/^lib(kernel32|advapi32|ws2_32|msvcrt[\w-]*)\.a /.test(each)));
    assert.equal([...linked].filter((each) => !/^libgcc\.a _?(chkstk_ms|chkstk|udivdi3|umoddi3|divdi3|moddi3|udivmoddi4|lshrdi3|ashldi3)\.o$/.test(each)), []);
    for (const absent of ['libstdc++', 'libsupc++', 'libmingwex', 'libmingw32', 'crtbegin', 'crtend', 'dllcrt2']) {
      assert.not.ok(map.includes(absent), absent);
    }
    const initialisers = [...map.matchAll(/^ \.(?:ctors|init_array|CRT\$X\w+|tls)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)/gm)].filter(([, size = '']) => Number.parseInt(size, 16) > 0);
    assert.equal(initialisers.map(([line]) => line), []);
  });

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
      'winsock_lsp_policy_grammar',
    ]);
  });

  test(`the DLL that every program loads neither imports nor looks up a function that changes the machine, ${architecture}`, () => {
    assert.equal([...imports(provider).values()].flat().filter((name) => changesTheMachine.test(name)), []);
    assert.equal(machineChangersIn(readFileSync(provider.path)), []);
  });

  test(`such a function would be noticed: imported, or as a text for GetProcAddress, ${architecture}`, () => {
    const imported = [...imports(setup).values()].flat().filter((name) => changesTheMachine.test(name));
    for (const name of ['RegSetValueExW', 'RegCreateKeyExW', 'WSCInstallProvider']) assert.ok(imported.includes(name), name);
    const lookedUp = machineChangersIn(readFileSync(setup.path));
    for (const name of ['SetIpInterfaceEntry', 'RegDeleteKeyExW', ...imported]) assert.ok(lookedUp.includes(name), name);
    const bytes = readFileSync(provider.path);
    for (const name of ['RegSetKeyValueW', 'RegRenameKey', 'WSCUpdateProvider', 'WSCEnableNSProvider32', 'SetIpInterfaceEntry', 'CreateMutexExW']) {
      for (const encoding of ['latin1', 'utf16le'] as const) {
        for (const before of ['\0', '\0\0']) {
          const put = Buffer.concat([bytes, Buffer.from(before, 'latin1'), Buffer.from(`${name}\0`, encoding)]);
          assert.equal(machineChangersIn(put), [name], encoding);
        }
      }
    }
  });

  test(`the setup DLL exports what the plugin calls, and nothing else, ${architecture}`, () => {
    assert.equal(exported(setup), ['WinsockLspPluginClose', 'WinsockLspPluginEvent', 'WinsockLspPluginOpen']);
  });

  test(`one section is shared between processes, and it holds counters only, ${architecture}`, () => {
    const sections = execFileSync(objdump[architecture], ['-h', provider.path], { encoding: 'utf8' });
    const shared = [...sections.matchAll(/^\s*\d+ (\S+)\s+([0-9a-f]+) .*\n.*\bSHARED\b/gm)];
    assert.equal(
      shared.map(([, name]) => name),
      ['.shared'],
    );
    assert.ok(Number.parseInt(shared[0]?.[2] ?? '', 16) <= 32_000);
  });

  test(`the DLL is for ${architecture}`, () => {
    const format = { x64: 'pei-x86-64', ia32: 'pei-i386' };
    for (const { dump } of [provider, setup]) assert.match(dump, new RegExp(`file format ${format[architecture]}$`, 'm'));
  });
}

/**
 * Each source of winsock-lsp.dll, file by file, as CMake has it for a Debug build. Each compiler sees one architecture: the other is
 * compiled, all sources in one, for the release.
 */
const compilers = [
  { name: 'GCC, Debug', command: 'x86_64-w64-mingw32-g++-win32', architecture: 'x64', flags: ['-O0', '-g'] },
  { name: 'Clang', command: 'clang++-14', architecture: 'ia32', flags: ['-pedantic'] },
] as const;

for (const { name, command, architecture, flags } of compilers) {
  test(`every source of winsock-lsp.dll compiles by itself without a warning: ${name}, ${architecture}`, () => {
    const target: string[] = [];
    if (name === 'Clang') {
      const library = execFileSync('i686-w64-mingw32-g++-win32', ['-print-file-name=include/c++'], { encoding: 'utf8' }).trim();
      target.push('--target=i686-w64-windows-gnu', '-isystem', library, '-isystem', join(library, 'i686-w64-mingw32'));
    }
    const definitions = ['NOMINMAX', 'UNICODE', '_UNICODE', 'WIN32_LEAN_AND_MEAN', '_WIN32_WINNT=0x0601', `WINSOCK_LSP_VERSION="${version}"`];
    const sources = providerSources(architecture);
    assert.ok(sources.length > 40, `${sources.length} sources`);
    const output = execFileSync(
      command,
      [
        ...target,
        ...['-std=c++20', '-fno-exceptions', '-fno-rtti', '-fsyntax-only', '-Wall', '-Wextra', '-Werror'],
        ...flags,
        ...definitions.map((each) => `-D${each}`),
        ...sources,
      ],
      { encoding: 'utf8', cwd: repository },
    );
    assert.is(output, '');
  });
}

test.run();
