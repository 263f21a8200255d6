/** Errors: one class with a stable `code`, and Node's own kind for bad arguments. */

export interface LspErrorDetails {
  code: string;
  message: string;
  errno?: number | undefined;
  syscall?: string | undefined;
}

/**
 * Something that Windows, or this package, refused or could not do. `message` says what was attempted, on what, why it failed and
 * what to do about it.
 */
export class LspError extends Error {
  /**
   * Windows' name of the error (`ERROR_ACCESS_DENIED`, `WSAEACCES`, …) or one of this package's: `ERR_UNSUPPORTED_PLATFORM`,
   * `ERR_ADDON_NOT_FOUND`, `ERR_NOT_INSTALLED`, `ERR_READBACK_MISMATCH`, `ERR_CATALOG_BUSY`, `ERR_NOT_A_PROVIDER`,
   * `ERR_OTHERS_DEPEND`, `ERR_INVALID_TUNNEL`, `ERR_BAD_TELEMETRY`.
   */
  readonly code: string;
  /** Windows' error number; undefined for an error of this package. */
  readonly errno: number | undefined;
  /** The Windows function that failed, such as `WSCInstallProvider`; undefined for an error of this package. */
  readonly syscall: string | undefined;

  constructor({ code, message, errno, syscall }: LspErrorDetails) {
    super(message);
    this.name = 'LspError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

export type ArgumentErrorCode = 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE';

/** A bad argument: a TypeError with Node's code for it. Nothing was attempted. */
export class ArgumentError extends TypeError {
  readonly code: ArgumentErrorCode;

  constructor(code: ArgumentErrorCode, message: string) {
    super(message);
    this.name = 'ArgumentError';
    this.code = code;
  }
}

/** What the addon threw, as one of the classes above; anything else (a fault of ours) as it is. */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof LspError || error instanceof ArgumentError) return error;
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return error;
  if (code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_INVALID_ARG_VALUE') return new ArgumentError(code, error.message);
  return new LspError({ code, message: error.message, errno, syscall });
}
