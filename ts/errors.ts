export interface LspErrorDetails {
  code: string;
  errno?: number | undefined;
  syscall?: string | undefined;
  cause?: unknown;
}

/**
 * What every function of this package throws or rejects with. Tell errors apart by `code`, which stays the same from version
 * to version; the message may change. (A program that loads the package both with `import` and with `require` has two
 * LspError classes: do not rely on `instanceof` there.)
 */
export class LspError extends Error {
  override readonly name = 'LspError';
  /**
   * A Windows error by name (`WSAEACCES`, `ERROR_ACCESS_DENIED`; `ERROR_<number>` for one without a known name), or one of this
   * package's own, which begin with `ERR_`: `ERR_UNSUPPORTED_PLATFORM`, `ERR_INVALID_ARG_VALUE`, `ERR_READBACK_MISMATCH`, ….
   */
  readonly code: string;
  /** Windows' error number, positive; absent for this package's own errors. */
  readonly errno: number | undefined;
  /** The Windows function that failed, such as `WSCInstallProvider`; absent if it was none. */
  readonly syscall: string | undefined;

  constructor(message: string, { code, errno, syscall, cause }: LspErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }

  /** For JSON: all four fields always, null where there is nothing. */
  toJSON(): { code: string; errno: number | null; syscall: string | null; message: string } {
    return { code: this.code, errno: this.errno ?? null, syscall: this.syscall ?? null, message: this.message };
  }
}

/** An error of the native module as an LspError. Anything else, which would be a fault of ours, stays what it is. */
export function toLspError(error: unknown): unknown {
  if (error instanceof LspError || !(error instanceof Error)) return error;
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  return code === undefined ? error : new LspError(error.message, { code, errno, syscall });
}
