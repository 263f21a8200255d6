/** The provider put into the protocol catalog and taken out of it, and what that would change. */

import { existsSync } from 'node:fs';

import { withSignal, type Abortable } from './abort.js';
import { checkBoolean, checkNonEmptyText, checkObject, invalidType, invalidValue } from './arguments.js';
import { decodeCatalog, enumerateCatalog, ownArchitecture, type Architecture, type CatalogEntry } from './catalog.js';
import { LspError } from './errors.js';
import { callNative, isReplaced, type NativeInstallOptions, type NativePlan } from './native.js';
import { nativeFile } from './native_files.js';
import { fullPath } from './paths.js';

/** Over what chains of ours are laid: a protocol, over IPv4 and IPv6, or a catalog entry by its id. */
export type Over = 'tcp' | 'udp' | 'raw' | number;

export interface InstallOptions extends Abortable {
  /** The provider's DLL; unless told the one that comes with this package for this process's architecture. */
  dll?: string | undefined;
  /**
   * The 32-bit DLL, for the 32-bit programs of a 64-bit Windows; null leaves them alone. Unless told, the one that comes with
   * this package, if it is there and `dll` is the package's too.
   */
  dll32?: string | null | undefined;
  /** What the entries' names begin with, 1 to 100 characters; unless told as they are registered, else `winsock-lsp`. */
  name?: string | undefined;
  /**
   * `'all'`, or a list of protocols and of ids of entries (base providers, or chains of others) to lay chains over; an id counts
   * before its protocol. Unless told what was chosen the last time, else all. It is remembered until the LSP is removed, so that a
   * protocol that was not chosen is not taken for one that is missing.
   */
  over?: 'all' | readonly Over[] | undefined;
  /**
   * Whether to copy the DLLs to `%ProgramFiles%\winsock-lsp\<version>`, where only administrators can write, and register
   * the copies; true unless told.
   */
  stage?: boolean | undefined;
  /**
   * Groups and accounts that may publish tunnels without being administrators: `OpenVPN Administrators`, for OpenVPN GUI's users,
   * `NT SERVICE\\OpenVPNService`, as which OpenVPN's service runs since 2.7, `DOMAIN\\Group` or a SID; one, or up to 16. They take the
   * place of those before. Null: nobody any more. Unless told it stays as it is.
   * docs/security.md says what they can and what they cannot.
   */
  publishers?: string | readonly string[] | null | undefined;
  /**
   * Whether to take the DLLs also from where others than administrators can write; false unless told: every process would load
   * what they put there.
   */
  trustSource?: boolean | undefined;
  /** Whether an older version may take the place of a newer one; false unless told. */
  downgrade?: boolean | undefined;
}

export interface InstallReport {
  /** False if it was installed and complete already. */
  changed: boolean;
  /** The DLL that is registered. */
  path: string;
  /** The ids of our entries in this process's catalog. */
  entries: number[];
  /** The file with the catalogs as they were before; null if nothing was changed. */
  backup: string | null;
}

/** A catalog entry in a plan. One that does not exist yet has neither an id nor a provider id: Windows gives it them. */
export interface PlannedEntry extends Omit<CatalogEntry, 'id' | 'providerId' | 'chain' | 'chainParts'> {
  id: number | null;
  providerId: string | null;
  /** Null: the layered entry that is added. */
  chain: (number | null)[];
  chainParts: { id: number | null; name: string | null }[];
}

export interface CatalogPlan {
  architecture: Architecture;
  /** Why the catalog cannot stay as it is; null: it can, and nothing is removed, added or moved. */
  fault: string | null;
  removed: PlannedEntry[];
  added: PlannedEntry[];
  /** The whole catalog afterwards, in its order. */
  after: PlannedEntry[];
}

export interface Plan {
  /** False: the catalogs stay as they are. */
  changes: boolean;
  /** Those that are concerned, this process's own first. */
  catalogs: CatalogPlan[];
  /** The files of earlier versions that are deleted afterwards; those in use when Windows starts the next time. */
  deleted: string[];
}

export interface InstallPlan extends Plan {
  /** The DLL that is registered afterwards. */
  path: string;
  /** What is copied before that. */
  files: { from: string; to: string }[];
  /** The choice that is remembered afterwards. */
  over: 'all' | Over[];
  /** Whether another one is remembered now. */
  overChanges: boolean;
  /** Whether others may publish tunnels now than `publishers` says. */
  publishersChange: boolean;
}

function overText(over: InstallOptions['over']): string | undefined {
  if (over === undefined || over === 'all') return over;
  if (!Array.isArray(over)) throw invalidType('options.over', "'all' or an array", over);
  const items = over as readonly unknown[];
  if (items.length === 0) throw invalidValue('options.over', 'an array that is not empty', over);
  for (const item of items) {
    const isId = typeof item === 'number' && Number.isInteger(item) && item > 0 && item <= 0xffff_ffff;
    if (!isId && item !== 'tcp' && item !== 'udp' && item !== 'raw') {
      throw invalidValue('options.over', "'all', or an array of 'tcp', 'udp', 'raw' and ids of catalog entries", over);
    }
  }
  return items.join(',');
}

const readOver = (text: string): 'all' | Over[] =>
  text === 'all'
    ? 'all'
    : text.split(',').map((item) => (item === 'tcp' || item === 'udp' || item === 'raw' ? item : Number(item)));

const packagedDllOf = (architecture: string) => nativeFile(architecture, 'winsock-lsp.dll');

/** A stand-in has all files that it is asked for. */
const isThere = (path: string) => isReplaced() || existsSync(path);

function packagedDll32(): string | undefined {
  if (ownArchitecture() !== 'x64' || !isThere(packagedDllOf('ia32'))) return undefined;
  try {
    enumerateCatalog({ architecture: 'ia32' });
    return packagedDllOf('ia32');
  } catch (error) {
    // No 32-bit catalog, so no 32-bit programs.
    if (error instanceof LspError && error.code === 'ERROR_NOT_SUPPORTED') return undefined;
    throw error;
  }
}

function packagedDll(): string {
  const path = packagedDllOf(process.arch);
  if (isThere(path)) return path;
  throw new LspError(`Cannot install the provider: ${path}, which comes with this package, is missing. Name a DLL.`, {
    code: 'ERROR_FILE_NOT_FOUND',
    errno: 2,
  });
}

interface CheckedOptions {
  stage: boolean;
  publishers: string[] | null | undefined;
  trustSource: boolean;
  dll(): string;
  dll32(): string | undefined;
  rest: Omit<NativeInstallOptions, 'dll' | 'dll32'>;
}

const mostPublishers = 16;

function publisherNames(publishers: InstallOptions['publishers']): string[] | null | undefined {
  if (publishers === undefined || publishers === null) return publishers;
  if (typeof publishers !== 'string' && !Array.isArray(publishers)) throw invalidType('options.publishers', 'a string, an array or null', publishers);
  const names = typeof publishers === 'string' ? [publishers] : [...publishers];
  for (const [index, name] of names.entries()) {
    checkNonEmptyText(name, typeof publishers === 'string' ? 'options.publishers' : `options.publishers[${index}]`);
  }
  if (names.length === 0 || names.length > mostPublishers) {
    throw invalidValue('options.publishers', `one name to ${mostPublishers}; null for nobody`, names.length);
  }
  return names;
}

/**
 * The line for OpenVPN's configuration that loads the plugin: its full path below OpenVPN's folder, with each backslash twice. OpenVPN
 * for Windows ends at a bare file name, which it looks for in the current folder and does not trust there.
 *
 * @throws LspError ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: RegQueryValueExW of HKLM\\SOFTWARE\\OpenVPN; where OpenVPN is not installed, its installer's usual folder.
 */
export function openVpnPluginLine(): string {
  return callNative((native) => native.openVpnPluginLine());
}

function checkOptions(options: InstallOptions): CheckedOptions {
  checkObject(options, 'options');
  const { dll, dll32, name, over, stage = true, publishers, trustSource = false, downgrade = false } = options;
  if (dll !== undefined) checkNonEmptyText(dll, 'options.dll');
  if (dll32 !== undefined && dll32 !== null) checkNonEmptyText(dll32, 'options.dll32');
  if (name !== undefined) checkNonEmptyText(name, 'options.name');
  checkBoolean(stage, 'options.stage');
  checkBoolean(trustSource, 'options.trustSource');
  checkBoolean(downgrade, 'options.downgrade');
  return {
    stage,
    publishers: publisherNames(publishers),
    trustSource,
    dll: () => (dll === undefined ? packagedDll() : fullPath(dll)),
    dll32: () => {
      if (dll32 === undefined) return dll === undefined ? packagedDll32() : undefined;
      return dll32 === null ? undefined : fullPath(dll32);
    },
    rest: { name, over: overText(over), downgrade },
  };
}

/**
 * Puts the LSP above TCP, UDP and RAW over IPv4 and IPv6, or what `over` chooses of them, first in the catalog, and reads the
 * catalog back. Installing again repairs or upgrades, and changes nothing if there is nothing to do. A backup of the catalog goes
 * to `%ProgramData%\winsock-lsp\backup` first; on an error the catalog is put back as it was. Programs that run already go on as
 * they are; the DLLs staged before that no catalog names any more are deleted. Needs an elevated process.
 *
 * @throws LspError (rejects) ERROR_ACCESS_DENIED: not elevated; ERROR_FILE_NOT_FOUND: no such DLL; ERR_NOT_A_PROVIDER: it is no
 *   provider's DLL; ERR_NO_LSP_GUID: it is another provider's (it has no GetLspGuid); ERR_WRONG_ARCHITECTURE; ERR_UNTRUSTED_PATH: ordinary users can replace the DLL
 *   where it comes from (unless `trustSource`) or where it is registered, or the folder of the backups is a link or one that they can write;
 *   ERR_DOWNGRADE: what is registered is newer (unless `downgrade`); ERR_DLL_REFUSED: Windows does not load the DLL, tried in a process of its own;
 *   ERROR_INVALID_PARAMETER: name or path; ERROR_NOT_SUPPORTED: `dll32`, but this process cannot write the 32-bit catalog;
 *   ERR_CATALOG_BUSY: another process is changing it; ERR_OTHERS_DEPEND: another LSP stands on entries that a repair would
 *   replace; ERR_UNKNOWN_ENTRY: `over` names an entry that does not exist; ERR_INVALID_CHOICE: one that cannot be stood on;
 *   ERR_NON_IFS_PROVIDER: with `dll32`, a provider without IFS handles is topmost; ERR_BROKEN_CHAIN: with `dll32`, a chain
 *   of an LSP that was taken out in part is topmost; ERR_NO_LOWER_PROVIDER; ERR_CHAIN_TOO_LONG;
 *   ERR_READBACK_MISMATCH: Windows answered success, but the catalog does not hold what was written; ERR_UNKNOWN_GROUP, ERR_NOT_A_GROUP: of `publishers` (no such group or account; a domain or a computer); what the failing function gives; ABORT_ERR: `signal` called it off; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCInstallProviderAndChains64_32, or WSCInstallProvider and WSCWriteProviderOrder; LookupAccountNameW, RegCreateKeyExW.
 */
export function installLsp(options: InstallOptions = {}): Promise<InstallReport> {
  return installOrMakeAgain(options, false);
}

/** `anew`: our entries are made again even where nothing is found wrong with them, in one transaction. */
export async function installOrMakeAgain(options: InstallOptions, anew: boolean): Promise<InstallReport> {
  const { stage, publishers, trustSource, dll, dll32, rest } = checkOptions(options);
  const place = (path: string) => (stage ? callNative((native) => native.stageProviderDll(path, trustSource)) : path);
  callNative((native) => {
    // Before anything is copied.
    if (stage && !native.isElevated()) {
      throw new LspError('Cannot install the provider: this process is not elevated. Run it from an elevated prompt.', {
        code: 'ERROR_ACCESS_DENIED',
        errno: 5,
      });
    }
  });
  return withSignal(options.signal, 'install the provider', async (cancellation) => {
    // An account that is not known is told before anything is done.
    for (const name of publishers ?? []) await callNative((native) => native.findAccount(name));
    const first = dll();
    const second = dll32();
    // Before one of them is copied. Where they stay, installProvider judges them more strictly.
    const sources = second === undefined ? [first] : [first, second];
    await callNative((native) => native.checkSources(sources, trustSource || !stage, rest.downgrade === true));
    const registered = {
      dll: await place(first),
      dll32: second === undefined ? undefined : await place(second),
      ...rest,
      anew,
    };
    const report = await callNative((native) => native.installProvider(registered, cancellation));
    if (publishers === null) await callNative((native) => native.forbidPublishers());
    if (Array.isArray(publishers)) await callNative((native) => native.allowPublishers(publishers));
    return report;
  });
}

async function wouldChange(publishers: readonly string[] | null | undefined): Promise<boolean> {
  if (publishers === undefined) return false;
  const wanted = new Set<string>();
  for (const name of publishers ?? []) wanted.add((await callNative((native) => native.findAccount(name))).sid);
  const now = callNative((native) => native.listPublishers());
  return now.length !== wanted.size || now.some(({ sid }) => !wanted.has(sid));
}

async function planNative(
  options: InstallOptions,
): Promise<{ native: NativePlan; path: string; files: InstallPlan['files']; publishersChange: boolean }> {
  const { stage, publishers, dll, dll32, rest } = checkOptions(options);
  const placed = (path: string) =>
    stage ? callNative((native) => native.planStaging(path)) : Promise.resolve({ path, copies: [] });
  // Where this is not Windows, that is said before a file is looked for.
  callNative(() => undefined);
  const publishersChange = await wouldChange(publishers);
  const source = dll();
  const first = await placed(source);
  const source32 = dll32();
  const second = source32 === undefined ? undefined : await placed(source32);
  // What is not copied is looked at where it lies.
  const copied = (from: string, { copies }: { copies: InstallPlan['files'] }) =>
    copies.some((copy) => copy.from === from) ? from : undefined;
  const native = await callNative((addon) =>
    addon.planInstall({
      dll: first.path,
      dll32: second?.path,
      source: copied(source, first),
      source32: second === undefined || source32 === undefined ? undefined : copied(source32, second),
      ...rest,
    }),
  );
  return { native, path: first.path, files: [...first.copies, ...(second?.copies ?? [])], publishersChange };
}

function readPlan({ changes, catalogs, deleted, firstPlannedId }: NativePlan): Plan {
  const known = (id: number) => (id >= firstPlannedId ? null : id);
  return {
    changes,
    deleted,
    catalogs: catalogs.map(({ architecture, fault, removed, added, after }) => {
      // The parts' names are those of all entries that play a part.
      const names = new Map([...removed, ...added, ...after].map(({ id, name }) => [id, name]));
      const planned = (entries: NativePlan['catalogs'][number]['after']): PlannedEntry[] =>
        decodeCatalog(entries, architecture).map((entry) => ({
          ...entry,
          id: known(entry.id),
          providerId: known(entry.id) === null ? null : entry.providerId,
          chain: entry.chain.map(known),
          chainParts: entry.chain.map((id) => ({ id: known(id), name: names.get(id) ?? null })),
        }));
      return {
        architecture,
        fault: fault === '' ? null : fault,
        removed: planned(removed),
        added: planned(added),
        after: planned(after),
      };
    }),
  };
}

/**
 * What installLsp would do with these options now, by the same code. Changes nothing, and needs no elevated process.
 *
 * @throws LspError (rejects) as installLsp, where that can be foreseen; not ERROR_ACCESS_DENIED.
 */
export async function planInstall(options: InstallOptions = {}): Promise<InstallPlan> {
  const { native, ...rest } = await planNative(options);
  return { ...readPlan(native), ...rest, over: readOver(native.over), overChanges: native.overChanges };
}

export interface RemoveReport {
  /** False if there was nothing of ours. */
  changed: boolean;
  /** The ids of the entries that were removed. */
  entries: number[];
  /** The file with the catalogs as they were before; null if nothing was changed. */
  backup: string | null;
  /** How many rules of the administrator's there were. */
  rules: number;
  /** Whether they are gone. Else they stay, and are in force with the next installation. */
  purged: boolean;
}

export interface RemoveOptions extends Abortable {
  /** Whether to take the administrator's rules too; false unless told: they stay. */
  purge?: boolean | undefined;
}

/**
 * Takes every entry of ours out of the catalog, and out of the 32-bit one, and deletes the staged DLLs: those that running programs
 * use go on working, and are deleted when Windows starts the next time. A backup of the catalog is written first, as installLsp does;
 * on an error the catalog is put back as it was. Nobody but administrators publishes tunnels any more. Needs an elevated process.
 *
 * @throws LspError (rejects) ERROR_ACCESS_DENIED: not elevated; ERR_CATALOG_BUSY; ERR_OTHERS_DEPEND: chains of another LSP stand
 *   on ours, and nothing was changed; ERR_READBACK_MISMATCH; what the failing function gives; ABORT_ERR: `signal` called it off;
 *   ERR_INVALID_ARG_TYPE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCDeinstallProvider, WSCDeinstallProvider32.
 */
export async function removeLsp(options: RemoveOptions = {}): Promise<RemoveReport> {
  checkObject(options, 'options');
  const { purge = false } = options;
  checkBoolean(purge, 'options.purge');
  const report = await withSignal(options.signal, 'remove the provider', (cancellation) =>
    callNative((native) => native.removeProvider({ purge }, cancellation)),
  );
  await callNative((native) => native.forbidPublishers());
  return report;
}

/**
 * What removeLsp would do now, by the same code. Changes nothing, and needs no elevated process.
 *
 * @throws LspError (rejects) as removeLsp, where that can be foreseen; not ERROR_ACCESS_DENIED.
 */
export async function planRemove(): Promise<Plan> {
  return readPlan(await callNative((native) => native.planRemove()));
}

/**
 * True if the LSP is installed and complete: every chain that the last installation was to make is in this process's catalog
 * and names an existing DLL.
 *
 * @throws LspError as enumerateCatalog.
 *
 * Windows: WSCEnumProtocols, WSCGetProviderPath.
 */
export function isInstalled(): boolean {
  return callNative((native) => native.isInstalled());
}
