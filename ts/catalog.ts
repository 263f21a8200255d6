/** The Winsock protocol catalog: reading it, and putting our provider into it and out again. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withAddon, withAddonAsync } from './addon.js';
import { addressFamilyName, protocolName, providerFlagNames, serviceFlagNames, socketTypeName } from './catalog_names.js';
import { packageRoot } from './loader.cjs';
import type { Architecture, NativeCatalogEntry } from './native.js';
import { checkFlag, checkOptions, checkText, checkWord } from './validate.js';

export type { Architecture } from './native.js';

/** An entry of the protocol catalog (Windows' WSAPROTOCOL_INFO). */
export interface CatalogEntry {
  /** The catalog entry id. Windows assigns it; it changes when the entry is installed again. */
  id: number;
  /** The provider's GUID, as in `{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}`. */
  providerId: string;
  name: string;
  /** The provider's DLL as registered, environment strings not expanded; empty if the catalog did not tell. */
  path: string;
  /** A base provider, a layered provider's own (hidden) entry, or a protocol chain with a layered provider on top. */
  kind: 'base' | 'layered' | 'chain';
  /** Programs that enumerate protocols do not see it. */
  hidden: boolean;
  /** It belongs to winsock-lsp, or is a chain with it. */
  ours: boolean;
  /** Windows' names; `AF_<number>` and the like where it has none. */
  addressFamily: string;
  socketType: string;
  protocol: string;
  /** The protocol's version number, 2 in practice. */
  version: number;
  /** For a chain: the ids of its entries from the top down; empty otherwise. */
  chain: number[];
  /** `PFL_MATCHES_PROTOCOL_ZERO`, … */
  providerFlags: string[];
  /** `XP1_IFS_HANDLES`, … */
  serviceFlags: string[];
}

export interface EnumerateOptions {
  /** Which of a 64-bit Windows' two catalogs; this process's own unless told. */
  architecture?: Architecture | undefined;
}

export interface InstallOptions {
  /** The provider's DLL for this process's architecture; the one that comes with this package unless told. */
  dll?: string | undefined;
  /** The 32-bit DLL, for 32-bit programs. Unless told: the one that comes with this package, if it does and `dll` is not given. */
  dll32?: string | undefined;
  /** What our catalog entries' names start with, at most 100 characters; `winsock-lsp` unless told. */
  name?: string | undefined;
  /**
   * Copy the DLLs under Program Files, where only administrators can write, and register the copies; true unless told. With
   * false the DLLs are registered where they are.
   */
  stage?: boolean | undefined;
}

export interface InstallReport {
  /** False: it was installed and complete already. */
  changed: boolean;
  /** What is registered in this process's catalog. */
  path: string;
  /** The ids of our entries now in this process's catalog. */
  entries: number[];
}

export interface RemoveReport {
  /** False: there was nothing of ours. */
  changed: boolean;
  /** The ids that were removed. */
  entries: number[];
}

/** Exported for the tests. */
export function toCatalogEntry(entry: NativeCatalogEntry): CatalogEntry {
  const { chainLength, chain, addressFamily, socketType, protocol, providerFlags, serviceFlags, ...same } = entry;
  const flags = providerFlagNames(providerFlags);
  return {
    ...same,
    kind: chainLength === 0 ? 'layered' : chainLength === 1 ? 'base' : 'chain',
    hidden: flags.includes('PFL_HIDDEN'),
    addressFamily: addressFamilyName(addressFamily),
    socketType: socketTypeName(socketType),
    protocol: protocolName(protocol),
    chain: chainLength > 1 ? chain : [],
    providerFlags: flags,
    serviceFlags: serviceFlagNames(serviceFlags),
  };
}

/**
 * All entries of the protocol catalog, hidden ones too, in catalog order: the first that fits a socket gets it.
 *
 * Errors: `ERROR_NOT_SUPPORTED` if this process cannot see that catalog; the code of the failing call.
 * Windows: WSCEnumProtocols or WSCEnumProtocols32, WSCGetProviderPath.
 */
export function enumerateCatalog(options: EnumerateOptions = {}): CatalogEntry[] {
  checkOptions(options, 'options');
  const { architecture } = options;
  if (architecture !== undefined) checkWord(architecture, 'options.architecture', ['x64', 'ia32']);
  return withAddon((native) => native.enumerateCatalog(architecture).map(toCatalogEntry));
}

function shippedDll(architecture: string): string {
  return join(packageRoot(), 'prebuilds', `win32-${architecture}`, 'winsock-lsp.dll');
}

function shippedDll32(): string | undefined {
  const path = shippedDll('ia32');
  return process.arch !== 'ia32' && existsSync(path) ? path : undefined;
}

/**
 * Puts winsock-lsp above TCP, UDP and RAW over IPv4 and IPv6, first in the catalog, and reads the catalog back. Programs that
 * start from now on go through it. Installing again repairs or upgrades, it never doubles; on any error the catalog is put
 * back as it was.
 *
 * Errors: `ERROR_ACCESS_DENIED` before anything is touched if the process is not elevated; `ERROR_FILE_NOT_FOUND` (the DLL);
 * `ERR_NOT_A_PROVIDER`; `ERR_CATALOG_BUSY`; `ERR_READBACK_MISMATCH` if the catalog does not hold what was written; the code of
 * the failing call.
 * Windows: WSCInstallProviderAndChains64_32, or WSCInstallProvider, WSCWriteProviderOrder and their 64_32 forms.
 */
export async function installLsp(options: InstallOptions = {}): Promise<InstallReport> {
  checkOptions(options, 'options');
  const { dll, dll32, name, stage = true } = options;
  if (dll !== undefined) checkText(dll, 'options.dll');
  if (dll32 !== undefined) checkText(dll32, 'options.dll32');
  if (name !== undefined) {
    checkText(name, 'options.name');
  }
  checkFlag(stage, 'options.stage');

  const path = resolve(dll ?? shippedDll(process.arch));
  const path32 = dll32 ?? (dll === undefined ? shippedDll32() : undefined);
  return withAddonAsync(async (native) => {
    const place = async (source: string): Promise<string> => (stage ? native.stageProviderDll(source) : source);
    return native.installProvider({
      dll: await place(path),
      ...(path32 !== undefined && { dll32: await place(resolve(path32)) }),
      ...(name !== undefined && { name }),
    });
  });
}

/**
 * Takes every entry of winsock-lsp out of the catalog(s). Programs that run keep it until they end. Nothing there is success,
 * with `changed` false.
 *
 * Errors: `ERROR_ACCESS_DENIED` if the process is not elevated; `ERR_OTHERS_DEPEND` if other providers' chains are built over
 * ours (nothing is changed then); `ERR_CATALOG_BUSY`; the code of the failing call.
 * Windows: WSCDeinstallProvider, WSCDeinstallProvider32.
 */
export async function removeLsp(): Promise<RemoveReport> {
  return withAddonAsync((native) => native.removeProvider());
}

/** True if every chain that `installLsp` makes is in this process's catalog and names an existing DLL. Errors: as enumerateCatalog. */
export function isInstalled(): boolean {
  return withAddon((native) => native.isInstalled());
}
