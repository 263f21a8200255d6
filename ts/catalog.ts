/** The Winsock protocol catalog. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { withSignal, type Abortable } from './abort.js';
import { checkBoolean, checkNonEmptyText, checkObject, checkOneOf } from './arguments.js';
import { callNative, type Architecture } from './native.js';
import { LspError } from './errors.js';
import { packageRoot } from './root.cjs';

export type { Architecture } from './native.js';

export interface CatalogEntry {
  /** Given by Windows when the entry was installed. Protocol chains name their parts by it. */
  id: number;
  /** Who installed it, as in `{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}`. */
  providerId: string;
  /** A base provider talks to the transport itself; a layered provider is the hidden entry of an LSP; a chain is what programs use of it. */
  kind: 'base' | 'layered' | 'chain';
  /** True for what installLsp has made. */
  ours: boolean;
  name: string;
  /** The provider's DLL, environment strings not expanded. Empty if the catalog does not tell. */
  path: string;
  /** The ids of a chain's parts, from the top layer down to the base provider; empty unless `kind` is `chain`. */
  chain: number[];
  version: number;
  /** 2: AF_INET, 23: AF_INET6, …. */
  addressFamily: number;
  /** 1: SOCK_STREAM, 2: SOCK_DGRAM, 3: SOCK_RAW, …. */
  socketType: number;
  /** 6: TCP, 17: UDP, 0: any, …. */
  protocol: number;
  /** dwProviderFlags (`PFL_…`). */
  providerFlags: number;
  /** dwServiceFlags1 (`XP1_…`). */
  serviceFlags: number;
}

const kinds = new Map<number, CatalogEntry['kind']>([
  [0, 'layered'],
  [1, 'base'],
]);

/**
 * Every entry of the protocol catalog, hidden ones too, in the order in which Windows looks for a socket's provider.
 *
 * @param options.architecture Which catalog of a 64-bit Windows: `x64` or `ia32`; this process's own unless told.
 * @throws LspError ERROR_NOT_SUPPORTED: this process cannot see that catalog; WSAENOBUFS and others as Windows gives them;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCEnumProtocols or WSCEnumProtocols32, WSCGetProviderPath or WSCGetProviderPath32.
 */
export function enumerateCatalog(options: { architecture?: Architecture | undefined } = {}): CatalogEntry[] {
  checkObject(options, 'options');
  const { architecture } = options;
  if (architecture !== undefined) checkOneOf(architecture, 'options.architecture', ['x64', 'ia32']);
  return callNative((native) => native.enumerateCatalog(architecture)).map(({ chainLength, chain, ...entry }) => ({
    ...entry,
    kind: kinds.get(chainLength) ?? 'chain',
    chain: chainLength > 1 ? chain : [],
  }));
}

export interface InstallOptions extends Abortable {
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
 * are; the DLLs staged before that no catalog names any more are deleted. Needs an elevated process.
 *
 * @throws LspError (rejects) ERROR_ACCESS_DENIED: not elevated; ERROR_FILE_NOT_FOUND: no such DLL; ERR_NOT_A_PROVIDER: it is not the
 *   DLL of winsock-lsp; ERR_WRONG_ARCHITECTURE; ERR_UNTRUSTED_PATH: ordinary users can replace the DLL (only with `stage: false`);
 *   ERROR_INVALID_PARAMETER: name or path; ERROR_NOT_SUPPORTED: `dll32`, but this process cannot write the 32-bit catalog;
 *   ERR_CATALOG_BUSY: another process is changing it; ERR_OTHERS_DEPEND: another LSP stands on entries that a repair would
 *   replace; ERR_NO_LOWER_PROVIDER; ERR_CHAIN_TOO_LONG; ERR_READBACK_MISMATCH: Windows answered success, but the catalog does
 *   not hold what was written; what the failing function gives; ABORT_ERR: `signal` called it off; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCInstallProviderAndChains64_32, or WSCInstallProvider and WSCWriteProviderOrder.
 */
export async function installLsp(options: InstallOptions = {}): Promise<InstallReport> {
  checkObject(options, 'options');
  const { dll, dll32, name, stage = true, signal } = options;
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
  return withSignal(signal, 'install the provider', async (cancellation) => {
    const registered = {
      dll: await place(dll === undefined ? packagedDll() : resolve(dll)),
      dll32: dll32 === undefined ? undefined : await place(resolve(dll32)),
      name,
    };
    return callNative((native) => native.installProvider(registered, cancellation));
  });
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
 * Takes every entry of ours out of the catalog, and out of the 32-bit one, and deletes the staged DLLs: those that running programs
 * use go on working, and are deleted when Windows starts the next time. Needs an elevated process.
 *
 * @throws LspError (rejects) ERROR_ACCESS_DENIED: not elevated; ERR_CATALOG_BUSY; ERR_OTHERS_DEPEND: chains of another LSP stand
 *   on ours, and nothing was changed; ERR_READBACK_MISMATCH; what the failing function gives; ABORT_ERR: `signal` called it off;
 *   ERR_INVALID_ARG_TYPE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCDeinstallProvider, WSCDeinstallProvider32.
 */
export async function removeLsp(options: Abortable = {}): Promise<RemoveReport> {
  checkObject(options, 'options');
  return withSignal(options.signal, 'remove the provider', (cancellation) =>
    callNative((native) => native.removeProvider(cancellation)),
  );
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
