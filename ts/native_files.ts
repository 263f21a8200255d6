/** The package's native files: the addon, and the DLLs that it installs. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { bundleName, isBundled, packageRoot } from './root.js';

declare global {
  /**
   * For programs that a bundler has made one file: the folder with the package's `prebuilds` (docs/bundling.md); a relative path is
   * taken from the bundle's folder. A variable of the program, which it sets before its first call, or its bundler with `define`. Not one
   * of the environment: that of an elevated process may be another user's work, and must not choose native code.
   */
  var WINSOCK_LSP_PREBUILDS: string | undefined;
}

const filesOf = {
  x64: ['winsock-lsp.node', 'winsock-lsp.dll', 'winsock-lsp-setup.dll', 'winsock-lsp-ia32.dll'],
  ia32: ['winsock-lsp.node', 'winsock-lsp.dll', 'winsock-lsp-setup.dll'],
} as const;

/** `…\app.asar\…` as the folder beside the archive where Electron's packagers put what is kept outside: no archive holds a DLL. */
const unpacked = (path: string) => path.replace(/\.asar(?=[\\/])/, '.asar.unpacked');

const prebuilds = () =>
  typeof WINSOCK_LSP_PREBUILDS === 'string' ? resolve(packageRoot, WINSOCK_LSP_PREBUILDS) : unpacked(join(packageRoot, 'prebuilds'));

/** Where a file for one architecture is, whether it is there or not. */
export const nativeFile = (architecture: string, name: string) => join(prebuilds(), `win32-${architecture}`, name);

/** The addon's path. Throws, with what to do, if it is not there. */
export function addonPath(): string {
  const path = nativeFile(process.arch, 'winsock-lsp.node');
  if (existsSync(path)) return path;
  if (typeof WINSOCK_LSP_PREBUILDS === 'string') {
    throw new Error(`there is no ${path}; the variable WINSOCK_LSP_PREBUILDS names the folder. ${whatToKeep()}`);
  }
  if (isBundled) throw new Error(`there is no ${path}; this program is a bundle (${bundleName}). ${whatToKeep()}`);
  if (path.includes('.asar.unpacked')) throw new Error(`there is no ${path}; this program is in an archive. ${whatToKeep()}`);
  throw new Error(`there is no ${path}. Install the package again, or build it (docs/contributing.md).`);
}

function whatToKeep(): string {
  const folder = `prebuilds/win32-${process.arch}`;
  const files = filesOf[process.arch === 'ia32' ? 'ia32' : 'x64'].join(', ');
  return (
    `Keep these files of the package winsock-lsp outside of bundles and archives, together: ${files}, of its folder ${folder}. ` +
    'Copy the folder prebuilds beside the bundle (in Electron: asarUnpack), or name another place for it in the ' +
    'variable WINSOCK_LSP_PREBUILDS of the program (docs/bundling.md).'
  );
}
