/** What somebody who looks for a fault wants to see; written to standard error where NODE_DEBUG has `winsock-lsp`. */

import { debuglog, inspect } from 'node:util';

import type { Native } from './native.js';

export const log = debuglog('winsock-lsp');

/** What changes something, which is logged with its arguments. Others are logged by name alone: what is in theirs may not be for a log. */
const changing: ReadonlySet<string> = new Set<keyof Native>([
  'installProvider',
  'removeProvider',
  'stageProviderDll',
  'restoreCatalogs',
  'orderCatalog',
  'allowPublishers',
  'forbidPublishers',
  'clearTunnel',
  'publishAgain',
  'restoreHostModel',
  'deleteLeftover',
  'publishTunnel',
  'withdrawTunnel',
  'writePolicy',
]);

/** Asked several times a second by those who watch. */
const polled: ReadonlySet<string> = new Set<keyof Native>(['readDecisions', 'readTelemetry']);

const shown = (value: unknown) => inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 10 });

function failure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `failed: ${code ?? 'no code'}: ${message}`;
}

/** The same addon, whose calls are logged if anybody wants to see them. */
export function logged(native: Native): Native {
  if (!log.enabled) return native;
  return new Proxy(native, {
    get(target, name) {
      const call: unknown = Reflect.get(target, name);
      if (typeof call !== 'function' || typeof name !== 'string' || polled.has(name)) return call;
      return (...parameters: unknown[]): unknown => {
        const what = `${name}(${changing.has(name) ? parameters.map(shown).join(', ') : parameters.length === 0 ? '' : '…'})`;
        log('%s', what);
        try {
          const result: unknown = Reflect.apply(call, target, parameters);
          if (!(result instanceof Promise)) return result;
          return result.then(
            (value: unknown) => {
              log('%s done%s', name, changing.has(name) && value !== undefined ? `: ${shown(value)}` : '');
              return value;
            },
            (error: unknown) => {
              log('%s %s', name, failure(error));
              throw error;
            },
          );
        } catch (error) {
          log('%s %s', name, failure(error));
          throw error;
        }
      };
    },
  });
}
