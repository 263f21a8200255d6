/** Backups of the Winsock catalogs: made, read, put back. */

import { readFile, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { withSignal, type Abortable } from './abort.js';
import { checkBoolean, checkNonEmptyText, checkObject } from './arguments.js';
import { parseBackup } from './backup_format.js';
import type { LspErrorCode } from './error_codes.js';
import { LspError } from './errors.js';
import { callNative } from './native.js';

/** Far more than any catalog; a file of this size is none. */
const longestBackup = 16 * 1024 * 1024;

export interface BackupOptions {
  /** Whether a file that is there already is replaced; false unless told. */
  overwrite?: boolean | undefined;
}

export interface RestoreOptions extends Abortable {
  /** Whether providers that the backup does not have are taken out; false unless told: they stay. */
  exact?: boolean | undefined;
  /** Only tells what would be done. Needs no elevation. */
  dryRun?: boolean | undefined;
}

export interface RestoreReport {
  /** False if everything was as the backup has it. Of a dry run: whether something would be done. */
  changed: boolean;
  /** What was done, in order; a sentence each. */
  steps: string[];
  /** What could not be restored, and why; a sentence each. */
  notes: string[];
  /** The file with the catalogs as they were before; null if nothing was changed. */
  backup: string | null;
}

function fileError(attempt: string, error: unknown): LspError {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Readonly<Record<string, [LspErrorCode, number]>> = {
    ENOENT: ['ERROR_FILE_NOT_FOUND', 2],
    EACCES: ['ERROR_ACCESS_DENIED', 5],
    EPERM: ['ERROR_ACCESS_DENIED', 5],
    EEXIST: ['ERROR_FILE_EXISTS', 80],
  };
  const [name, errno] = known[code ?? ''] ?? (['ERR_FILE', undefined] as const);
  const remedy = code === 'EEXIST' ? ' Name another file, or have it overwritten.' : '';
  return new LspError(`${attempt}: ${message} (${name}).${remedy}`, { code: name, errno, cause: error });
}

/**
 * Writes both catalogs, transport entries and namespace providers, to a JSON file. Gives its full path.
 *
 * @throws LspError (rejects) ERROR_FILE_EXISTS; ERROR_FILE_NOT_FOUND: no such folder; ERROR_ACCESS_DENIED; ERR_FILE: another
 *   error of the file system; as enumerateCatalog.
 *
 * Windows: WSCEnumProtocols(32), WSCGetProviderPath(32), WSCGetProviderInfo(32), WSAEnumNameSpaceProviders,
 * WSCEnumNameSpaceProviders32.
 */
export async function backupCatalogs(file: string, options: BackupOptions = {}): Promise<string> {
  checkNonEmptyText(file, 'file');
  checkObject(options, 'options');
  const { overwrite = false } = options;
  checkBoolean(overwrite, 'options.overwrite');
  const path = resolve(file);
  const text = await callNative((native) => native.backupText());
  try {
    await writeFile(path, text, { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    throw fileError(`Cannot write the backup to ${path}`, error);
  }
  return path;
}

/**
 * Makes the catalogs as a backup has them, up to the ids, which Windows gives anew: protocol chains are rewritten to the new
 * ids. A transaction as installLsp is one: what is there is backed up first, the result is read back, and on an error everything
 * is put back. Needs an elevated process.
 *
 * @param file A file of backupCatalogs, or one of those in `%ProgramData%\winsock-lsp\backup`.
 * @throws LspError (rejects) ERR_INVALID_BACKUP: the file is not a backup, and the message says where; ERROR_FILE_NOT_FOUND;
 *   ERR_UNTRUSTED_PATH: it names a DLL of a base or namespace provider that others than administrators could replace, or a path on
 *   another machine, and the message says where in the file; ERROR_ACCESS_DENIED: not elevated; ERR_CATALOG_BUSY;
 *   ERR_READBACK_MISMATCH; ABORT_ERR; what the failing function gives.
 *
 * Windows: WSCInstallProvider(64_32), WSCUpdateProvider(32), WSCDeinstallProvider(32), WSCWriteProviderOrder(32),
 * WSCSetProviderInfo(32), WSCInstallNameSpace(32), WSCUnInstallNameSpace(32), WSCEnableNSProvider(32), WSCWriteNameSpaceOrder(32).
 */
export async function restoreCatalogs(file: string, options: RestoreOptions = {}): Promise<RestoreReport> {
  checkNonEmptyText(file, 'file');
  checkObject(options, 'options');
  const { exact = false, dryRun = false } = options;
  checkBoolean(exact, 'options.exact');
  checkBoolean(dryRun, 'options.dryRun');
  callNative(() => undefined); // elsewhere than on Windows the file does not matter
  const path = resolve(file);
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > longestBackup) {
      throw new LspError(`Cannot restore ${path}: it is longer than ${longestBackup} bytes, so it is no backup.`, {
        code: 'ERR_INVALID_BACKUP',
      });
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw error instanceof LspError ? error : fileError(`Cannot read the backup ${path}`, error);
  }
  const { catalogs } = parseBackup(text, path);
  return withSignal(options.signal, 'restore the catalogs', (cancellation) =>
    callNative((native) => native.restoreCatalogs(catalogs, { exact, dryRun }, cancellation)),
  );
}
