import type { LspErrorCode } from '../error_codes.js';
import type { LspError } from '../errors.js';

export const exitCodes = {
  success: 0,
  failure: 1,
  usage: 2,
  unsupportedPlatform: 3,
  accessDenied: 4,
  readbackMismatch: 5,
  notFound: 6,
  conflict: 7,
  findings: 8,
  interrupted: 130,
} as const;
export type ExitCode = keyof typeof exitCodes;

/** As `--help` shows them. They stay the same from version to version. */
export const exitCodeHelp: Readonly<Record<ExitCode, string>> = {
  success: 'done, or there was nothing to do',
  failure: 'any other failure',
  usage: 'wrong usage: an unknown command or option, or a value that cannot be used',
  unsupportedPlatform: 'this is not Windows, or not one for x64 or ia32',
  accessDenied: 'access denied: run it from an elevated prompt',
  readbackMismatch: 'the protocol catalog did not keep what was written (ERR_READBACK_MISMATCH)',
  notFound: 'not found: the DLL, the catalog entry, the tunnel, the address, the group or the installed LSP',
  findings: 'doctor found something wrong that is still there',
  conflict: 'another program is in the way: it is changing the catalog, or its chains stand on ours',
  interrupted: 'Ctrl+C; what the command had changed was put back',
};

/** Rows of number and meaning. */
export function exitCodeRows(shown: readonly ExitCode[]): string[][] {
  const names = (Object.keys(exitCodes) as ExitCode[]).filter((name) => shown.includes(name));
  return names.map((name) => [String(exitCodes[name]), exitCodeHelp[name]]);
}
export const allExitCodes = Object.keys(exitCodes) as ExitCode[];

const byCode: Readonly<Partial<Record<LspErrorCode, number>>> = {
  ABORT_ERR: exitCodes.interrupted,
  ERR_USAGE: exitCodes.usage,
  ERR_INVALID_ARG_TYPE: exitCodes.usage,
  ERR_INVALID_ARG_VALUE: exitCodes.usage,
  ERR_INVALID_CHOICE: exitCodes.usage,
  ERR_NOT_A_TERMINAL: exitCodes.usage,
  ERR_UNSUPPORTED_PLATFORM: exitCodes.unsupportedPlatform,
  ERROR_ACCESS_DENIED: exitCodes.accessDenied,
  WSAEACCES: exitCodes.accessDenied,
  ERR_READBACK_MISMATCH: exitCodes.readbackMismatch,
  ERR_NOT_INSTALLED: exitCodes.notFound,
  ERR_UNKNOWN_ENTRY: exitCodes.notFound,
  ERR_UNKNOWN_GROUP: exitCodes.notFound,
  ERR_NOT_A_GROUP: exitCodes.usage,
  ERROR_FILE_NOT_FOUND: exitCodes.notFound,
  ERROR_PATH_NOT_FOUND: exitCodes.notFound,
  ERROR_MOD_NOT_FOUND: exitCodes.notFound,
  ERROR_NOT_FOUND: exitCodes.notFound,
  ERR_CATALOG_BUSY: exitCodes.conflict,
  ERR_OTHERS_DEPEND: exitCodes.conflict,
  ERR_BROKEN_CHAIN: exitCodes.conflict,
  ERR_NON_IFS_PROVIDER: exitCodes.conflict,
};

export function exitCodeOf({ code }: LspError): number {
  return byCode[code] ?? exitCodes.failure;
}
