import type { LspErrorCode } from './error_codes.js';

export interface LspErrorDetails {
  code: LspErrorCode;
  errno?: number | undefined;
  syscall?: string | undefined;
  cause?: unknown;
}

/** Marks the errors of every copy of this package that a program may have, bundled ones too. */
const mark = Symbol.for('winsock-lsp.LspError');

/**
 * What every function of this package throws or rejects with. Tell errors apart by `code`, which stays the same from version
 * to version; the message may change.
 */
export class LspError extends Error {
  override readonly name: string = 'LspError';
  /**
   * A Windows error by name (`WSAEACCES`, `ERROR_ACCESS_DENIED`; `ERROR_<number>` for one without a known name), or one of this
   * package's own, which begin with `ERR_`: `ERR_UNSUPPORTED_PLATFORM`, `ERR_INVALID_ARG_VALUE`, `ERR_READBACK_MISMATCH`, …; or `ABORT_ERR`.
   */
  readonly code: LspErrorCode;
  /** Windows' error number, positive; absent for this package's own errors. */
  readonly errno: number | undefined;
  /** The Windows function that failed, such as `WSCInstallProvider`; absent if it was none. */
  readonly syscall: string | undefined;

  constructor(message: string, { code, errno, syscall, cause }: LspErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    Object.defineProperty(this, mark, { value: true });
  }

  /** For JSON: all four fields always, null where there is nothing. */
  toJSON(): { code: LspErrorCode; errno: number | null; syscall: string | null; message: string } {
    return { code: this.code, errno: this.errno ?? null, syscall: this.syscall ?? null, message: this.message };
  }
}

/** What a call rejects with that its signal called off: as Node's own functions do, by the name `AbortError`, with the signal's reason as `cause`. */
export class AbortError extends LspError {
  override readonly name = 'AbortError';

  constructor(message: string, reason: unknown) {
    super(message, { code: 'ABORT_ERR', cause: reason });
  }
}

/**
 * Whether something that was caught is an LspError, of this copy of the package or of another one that the program has: a bundle may hold
 * one, for which `instanceof` says no.
 */
export function isLspError(error: unknown): error is LspError {
  return error instanceof Error && (error as { [mark]?: unknown })[mark] === true;
}

/** An error of the native module as an LspError. Anything else, which would be a fault of ours, stays what it is. */
export function toLspError(error: unknown): unknown {
  if (error instanceof LspError || !(error instanceof Error)) return error;
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  return code === undefined ? error : new LspError(error.message, { code: code as LspErrorCode, errno, syscall });
}
