/** The order of the protocol catalog, which decides whose sockets programs get. */

import { withSignal, type Abortable } from './abort.js';
import { checkBoolean, checkInteger, checkObject, checkOneOf, invalidType, invalidValue } from './arguments.js';
import { callNative, type Architecture } from './native.js';

export interface OrderOptions extends Abortable {
  /** Which catalog of a 64-bit Windows: `x64` or `ia32`; this process's own unless told. */
  architecture?: Architecture | undefined;
  /** Whether the entries go to the front; unless told they share the places that they have now. */
  first?: boolean | undefined;
}

export interface OrderReport {
  /** False if they were in that order already. */
  changed: boolean;
  /** All ids, as they were. */
  before: number[];
  /** All ids, as they are now. */
  after: number[];
  /** The file with the catalogs as they were before; null if nothing was changed. */
  backup: string | null;
}

/**
 * Puts entries of the protocol catalog into another order. Those that are not named keep theirs. A backup is written first, the
 * result is read back, and on an error the order is put back. Needs an elevated process.
 *
 * @param ids Of all or of some of the entries.
 * @throws LspError (rejects) ERROR_ACCESS_DENIED: not elevated; ERR_UNKNOWN_ENTRY: an id that is not in the catalog, or twice in
 *   the list; ERR_CATALOG_BUSY; ERR_READBACK_MISMATCH; ABORT_ERR; what the failing function gives;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: WSCWriteProviderOrder, WSCWriteProviderOrder32.
 */
export async function orderCatalog(ids: readonly number[], options: OrderOptions = {}): Promise<OrderReport> {
  if (!Array.isArray(ids)) throw invalidType('ids', 'an array of numbers', ids);
  if (ids.length === 0) throw invalidValue('ids', 'the ids of one entry or more', ids);
  ids.forEach((id, index) => checkInteger(id, `ids[${index}]`, 0, 0xffff_ffff));
  checkObject(options, 'options');
  const { architecture, first = false } = options;
  if (architecture !== undefined) checkOneOf(architecture, 'options.architecture', ['x64', 'ia32']);
  checkBoolean(first, 'options.first');
  const copy = [...ids];
  return withSignal(options.signal, 'change the order of the protocol catalog', (cancellation) =>
    callNative((native) => native.orderCatalog(architecture, copy, first, cancellation)),
  );
}
