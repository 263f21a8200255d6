/** The addon, loaded when a Windows function is first used: importing this package works everywhere. */

import { fromNative, LspError } from './errors.js';
import { requireAddon } from './loader.cjs';
import type { Native } from './native.js';

let loaded: Native | undefined;

function load(): Native {
  if (process.platform !== 'win32') {
    throw new LspError({
      code: 'ERR_UNSUPPORTED_PLATFORM',
      message: `winsock-lsp works on Windows only, and this is ${process.platform}: check process.platform before calling it`,
    });
  }
  try {
    return requireAddon() as Native;
  } catch (error) {
    throw new LspError({
      code: 'ERR_ADDON_NOT_FOUND',
      message:
        `cannot load the addon for win32-${process.arch}: ${error instanceof Error ? error.message.trim() : String(error)}. ` +
        'Install the package again, on this machine and for this architecture',
    });
  }
}

/** The result of `use`, with the addon's errors turned into this package's classes. */
export function withAddon<Result>(use: (native: Native) => Result): Result {
  try {
    return use((loaded ??= load()));
  } catch (error) {
    throw fromNative(error);
  }
}

export async function withAddonAsync<Result>(use: (native: Native) => Promise<Result>): Promise<Result> {
  try {
    return await use((loaded ??= load()));
  } catch (error) {
    throw fromNative(error);
  }
}
