/** Who changed the Winsock catalog, and when: Windows' own record. */

import { checkInteger, checkObject } from './arguments.js';
import { parseEvents, type CatalogEvent } from './catalog_events.js';
import { callNative } from './native.js';

export interface HistoryOptions {
  /** How many records to read, the newest; 1 to 10 000, 1000 unless told. */
  count?: number | undefined;
}

export interface CatalogHistory {
  /** Newest first. */
  events: CatalogEvent[];
  /** How many records could not be understood. */
  unreadable: number;
  /**
   * Whether Windows records changes now: `off`, and `wevtutil set-log` turns it on (historyRemedy); `missing`: this Windows has no such
   * channel; `unknown`: Windows does not tell.
   */
  recording: 'on' | 'off' | 'missing' | 'unknown';
}

export const catalogLogChannel = 'Microsoft-Windows-Winsock-WS2HELP/Operational';

/** How to turn the record on, from an elevated prompt. */
export const historyRemedy = `wevtutil set-log ${catalogLogChannel} /enabled:true`;

/**
 * Reads the channel Microsoft-Windows-Winsock-WS2HELP/Operational: who installed, removed, disabled or reset what in the Winsock catalogs. It is
 * on by default since Windows Vista, holds 1 MB, and then forgets the oldest.
 *
 * @throws LspError (rejects) ERROR_ACCESS_DENIED and others as Windows gives them; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE;
 *   ERR_UNSUPPORTED_PLATFORM. A Windows without the channel is no error.
 *
 * Windows: EvtQuery, EvtNext, EvtRender, EvtGetChannelConfigProperty.
 */
export async function catalogHistory(options: HistoryOptions = {}): Promise<CatalogHistory> {
  checkObject(options, 'options');
  const { count = 1000 } = options;
  checkInteger(count, 'options.count', 1, 10_000);
  const { exists, enabled, records } = await callNative((native) => native.readCatalogLog(count));
  const recording = !exists ? 'missing' : enabled === null ? 'unknown' : enabled ? 'on' : 'off';
  return { ...parseEvents(records), recording };
}
