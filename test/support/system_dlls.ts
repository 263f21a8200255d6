/**
 * Test DLLs that stand in for DLLs of Windows. They lie in system32, because programs load from there by full path too (Go, newer Rust):
 * a DLL beside the program would not be theirs. Wine's own stays beside it under another name, for the stand-in to do the work with.
 */

import { copyFileSync, existsSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

import { requireArtifact, testWinsockFile, wine32Folder, type Architecture } from './artifacts.js';

export type StandInName = 'ws2_32' | 'iphlpapi';
/** A stand-in's, or Wine's own. */
export type Whose = 'test' | 'wine';

export interface StandIn {
  /** Of the DLL that it stands in for, without `.dll`. */
  name: StandInName;
  /**
   * Wine's load order, `n` unless told. It also holds for Wine's own under its other name where that is loaded without a path, as for a
   * forwarded export: then `n,b`.
   */
  order?: 'n' | 'n,b';
  /** What goes into system32: the stand-in itself, and what it needs beside it. */
  files(architecture: Architecture): string[];
}

/** Every stand-in that a prefix has. A program gets them, or Wine's own, by `winsock` (wine.ts). */
export const standIns: readonly StandIn[] = [
  {
    name: 'ws2_32',
    files: (architecture) => [
      requireArtifact('testWinsock', architecture),
      testWinsockFile('test_base_provider.dll', architecture),
    ],
  },
  { name: 'iphlpapi', order: 'n,b', files: (architecture) => [requireArtifact('testIpHelper', architecture)] },
];

/** What Wine's own is called, so that a stand-in can load it: test/winsock/system_winsock.cpp has the same. */
const wineName = (name: string) => `wine_${name}`;

/** What Wine calls an architecture's folders. */
const folders = {
  x64: { system: 'system32', windows: 'x86_64-windows' },
  ia32: { system: 'syswow64', windows: 'i386-windows' },
} as const satisfies Record<Architecture, object>;
/** Both architectures' DLLs call the same Unix libraries (WoW64). */
const unix = 'x86_64-unix';

const wineLibraryFolders = ['/usr/lib/x86_64-linux-gnu/wine', '/usr/lib64/wine', '/usr/lib/wine', '/opt/wine-stable/lib64/wine', '/opt/wine-stable/lib/wine'];

function wineLibrary(architecture: Architecture, name: string): string {
  const wine32 = wine32Folder();
  const candidates = architecture === 'ia32' && wine32 !== undefined ? [wine32] : wineLibraryFolders;
  const found = candidates.map((folder) => join(folder, folders[architecture].windows, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`Wine's ${name} (${architecture}) is not in ${candidates.join(', ')}`);
  return found;
}

/** `to` becomes the same file, or a copy where it is on another file system. */
export function linkOrCopy(from: string, to: string): void {
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** Wine's own DLLs under their other names, in a folder for WINEDLLPATH. */
function folderOfRenamed(prefix: string): string {
  return join(prefix, 'wine-dlls');
}

/** Puts every stand-in into a prefix that Wine has made. */
export function installStandIns(prefix: string, architectures: readonly Architecture[]): void {
  const renamed = folderOfRenamed(prefix);
  for (const { name, files } of standIns) {
    for (const architecture of architectures) {
      const { system, windows } = folders[architecture];
      const systemFolder = join(prefix, 'drive_c', 'windows', system);
      mkdirSync(join(renamed, windows), { recursive: true });
      const own = wineLibrary(architecture, `${name}.dll`);
      // Wine takes a DLL of its own from WINEDLLPATH, and only if a file of that name is in system32.
      for (const folder of [join(renamed, windows), systemFolder]) linkOrCopy(own, join(folder, `${wineName(name)}.dll`));
      for (const file of files(architecture)) linkOrCopy(file, join(systemFolder, basename(file)));
    }
    const library = wineLibraryFolders.map((folder) => join(folder, unix, `${name}.so`)).find((path) => existsSync(path));
    if (library === undefined) continue; // not every DLL of Wine's has one
    mkdirSync(join(renamed, unix), { recursive: true });
    linkOrCopy(library, join(renamed, unix, `${wineName(name)}.so`));
  }
}

/** For WINEDLLPATH: where Wine looks for DLLs of its own, beyond those that are installed. */
export function wineDllPath(prefix: string, wine32: string | undefined): string {
  return [folderOfRenamed(prefix), ...(wine32 === undefined ? [] : [wine32])].join(':');
}

/** For WINEDLLOVERRIDES: whose DLLs a program gets. */
export function standInOverrides(whose: Record<StandInName, Whose>): string[] {
  return standIns.map(({ name, order = 'n' }) => `${name}=${whose[name] === 'test' ? order : 'b'}`);
}
