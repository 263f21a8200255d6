import type { LspError } from '../errors.js';

export const exitCodes = {
  success: 0,
  failure: 1,
  usage: 2,
  unsupportedPlatform: 3,
  accessDenied: 4,
  readbackMismatch: 5,
  notFound: 6,
  findings: 7,
} as const;

/** As `--help` shows them. */
export const exitCodeHelp: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['1', 'any other failure'],
  ['2', 'wrong usage: an unknown command or option, or a value that cannot be used'],
  ['3', 'this is not Windows, or not one for x64 or ia32'],
  ['4', 'access denied: run it from an elevated prompt'],
  ['5', 'the protocol catalog did not keep what was written (ERR_READBACK_MISMATCH)'],
  ['6', 'not found: the DLL, the tunnel, the address, the catalog entry or the installed LSP'],
  ['7', 'doctor found something wrong that is still there'],
];

const byCode: Readonly<Record<string, number>> = {
  ERR_USAGE: exitCodes.usage,
  ERR_INVALID_ARG_TYPE: exitCodes.usage,
  ERR_INVALID_ARG_VALUE: exitCodes.usage,
  ERR_UNSUPPORTED_PLATFORM: exitCodes.unsupportedPlatform,
  ERROR_ACCESS_DENIED: exitCodes.accessDenied,
  WSAEACCES: exitCodes.accessDenied,
  ERR_READBACK_MISMATCH: exitCodes.readbackMismatch,
  ERR_NOT_INSTALLED: exitCodes.notFound,
  ERR_UNKNOWN_ENTRY: exitCodes.notFound,
  ERROR_FILE_NOT_FOUND: exitCodes.notFound,
  ERROR_PATH_NOT_FOUND: exitCodes.notFound,
  ERROR_MOD_NOT_FOUND: exitCodes.notFound,
  ERROR_NOT_FOUND: exitCodes.notFound,
};

export function exitCodeOf({ code }: LspError): number {
  return byCode[code] ?? exitCodes.failure;
}
