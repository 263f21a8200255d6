/** The provider put into the protocol catalog and taken out of it. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { checkBoolean, checkNonEmptyText, checkObject } from './arguments.js';
import { LspError } from './errors.js';
import { callNative } from './native.js';
import { packageRoot } from './root.cjs';

export interface InstallOptions {
  /** The provider's DLL; unless told the one that comes with this package for this process's architecture. */
  dll?: string | undefined;
  /** The 32-bit DLL, for the 32-bit programs of a 64-bit Windows; unless told they are left alone. */
  dll32?: string | undefined;
  /** What the entries' names begin with, 1 to 100 characters; `winsock-lsp` unless told. */
  name?: string | undefined;
  /**
   * Whether to copy the DLLs to `%ProgramFiles%\winsock-lsp\<version>`, where only administrators can write, and register
   * the copies; true unless told.
   */
  stage?: boolean | undefined;
}

export interface InstallReport {
  /** False if it was installed and complete already. */
  changed: boolean;
  /** The DLL that is registered. */
  path: string;
  /** The ids of our entries in this process's catalog. */
  entries: number[];
}

/**
 * Puts the LSP above TCP, UDP and RAW over IPv4 and IPv6, first in the catalog, and reads the catalog back. Installing again
 * repairs or upgrades, and changes nothing if there is nothing to do. A backup of the catalog goes to
 * `%ProgramData%\winsock-lsp\backup` first; on an error the catalog is put back as it was. Programs that run already go on as they
 * are. Needs an elevated process.
 *
 * @throws LspError (rejects) ERROR_ACCESS_DENIED: not elevated; ERROR_FILE_NOT_FOUND: no such DLL; ERR_NOT_A_PROVIDER: it is not the
 *   DLL of winsock-lsp; ERR_WRONG_ARCHITECTURE; ERR_UNTRUSTED_PATH: ordinary users can replace the DLL (only with `stage: false`);
 *   ERROR_INVALID_PARAMETER: name or path; ERROR_NOT_SUPPORTED: `dll32`, but this process cannot write the 32-bit catalog;
 *   ERR_CATALOG_BUSY: another process is changing it; ERR_OTHERS_DEPEND: another LSP stands on entries that a repair would
 *   replace; ERR_NO_LOWER_PROVIDER; ERR_CHAIN_TOO_LONG; ERR_READBACK_MISMATCH: Windows answered success, but the catalog does
 *   not hold what was written; what the failing function gives; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE;
 *   ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCInstallProviderAndChains64_32, or WSCInstallProvider and WSCWriteProviderOrder.
 */
export async function installLsp(options: InstallOptions = {}): Promise<InstallReport> {
  checkObject(options, 'options');
  const { dll, dll32, name, stage = true } = options;
  if (dll !== undefined) checkNonEmptyText(dll, 'options.dll');
  if (dll32 !== undefined) checkNonEmptyText(dll32, 'options.dll32');
  if (name !== undefined) checkNonEmptyText(name, 'options.name');
  checkBoolean(stage, 'options.stage');

  const place = (path: string) => (stage ? callNative((native) => native.stageProviderDll(path)) : path);
  callNative((native) => {
    // Before anything is copied.
    if (stage && !native.isElevated()) {
      throw new LspError('Cannot install the provider: this process is not elevated. Run it from an elevated prompt.', {
        code: 'ERROR_ACCESS_DENIED',
        errno: 5,
      });
    }
  });
  const registered = {
    dll: await place(dll === undefined ? packagedDll() : resolve(dll)),
    dll32: dll32 === undefined ? undefined : await place(resolve(dll32)),
    name,
  };
  return callNative((native) => native.installProvider(registered));
}

function packagedDll(): string {
  const path = join(packageRoot, 'prebuilds', `win32-${process.arch}`, 'winsock-lsp.dll');
  if (existsSync(path)) return path;
  throw new LspError(`Cannot install the provider: ${path}, which comes with this package, is missing. Name a DLL.`, {
    code: 'ERROR_FILE_NOT_FOUND',
    errno: 2,
  });
}

export interface RemoveReport {
  /** False if there was nothing of ours. */
  changed: boolean;
  /** The ids of the entries that were removed. */
  entries: number[];
}

/**
 * Takes every entry of ours out of the catalog, and out of the 32-bit one. The staged DLL stays: programs that run go on using
 * it. Needs an elevated process.
 *
 * @throws LspError (rejects) ERROR_ACCESS_DENIED: not elevated; ERR_CATALOG_BUSY; ERR_OTHERS_DEPEND: chains of another LSP stand
 *   on ours, and nothing was changed; ERR_READBACK_MISMATCH; what the failing function gives; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCDeinstallProvider, WSCDeinstallProvider32.
 */
export async function removeLsp(): Promise<RemoveReport> {
  return callNative((native) => native.removeProvider());
}

/**
 * True if the LSP is installed and complete: every chain that installLsp makes is in this process's catalog and names an
 * existing DLL.
 *
 * @throws LspError as enumerateCatalog.
 *
 * Windows: WSCEnumProtocols, WSCGetProviderPath.
 */
export function isInstalled(): boolean {
  return callNative((native) => native.isInstalled());
}
