/** Calling off, by an AbortSignal, what runs off the main thread. */

import { invalidType } from './arguments.js';
import { AbortError, LspError } from './errors.js';
import { callNative, type Cancellation } from './native.js';

export interface Abortable {
  /**
   * Calls it off between its steps: what was changed is put back, and the promise rejects with an AbortError (`name` AbortError,
   * `code` ABORT_ERR), whose `cause` is the signal's reason. Once the last step is done it is too late, and the promise resolves.
   */
  signal?: AbortSignal | undefined;
}

/**
 * Runs `change`, which passes the cancellation on to the addon and may look at the signal itself. `what` ends the sentence
 * "Cannot …".
 * Errors: ERR_INVALID_ARG_TYPE, ABORT_ERR, those of the change.
 */
export async function withSignal<T>(
  signal: AbortSignal | undefined,
  what: string,
  change: (cancellation: Cancellation | undefined) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return change(undefined);
  if (!(signal instanceof AbortSignal)) throw invalidType('options.signal', 'an AbortSignal', signal);
  const aborted = (message: string) => new AbortError(message, signal.reason);
  if (signal.aborted) throw aborted(`Cannot ${what}: it was called off. Nothing was changed.`);

  const cancellation = callNative((native) => native.newCancellation());
  const cancel = () => callNative((native) => native.cancel(cancellation));
  signal.addEventListener('abort', cancel);
  try {
    return await change(cancellation);
  } catch (error) {
    throw error instanceof LspError && (error.code as string) === 'ERR_ABORTED' ? aborted(error.message) : error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
