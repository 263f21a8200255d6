/** A program in Go for Windows (programs/go), which makes the same exchanges as programs/prober.cjs when asked. */

import { requireArtifact, type Architecture } from '../support/artifacts.js';
import type { WinePrefix } from '../support/wine.js';
import type { NodeHost } from './prober.js';

export function goName(architecture: Architecture): string {
  return `Go${architecture === 'x64' ? '' : ` ${architecture}`}`;
}

/** Go's prober over the test Winsock. It has no scripts: whichever is asked for, it is the prober. */
export function goProgram(prefix: WinePrefix, architecture: Architecture): NodeHost {
  const executable = requireArtifact('goProber', architecture);
  return {
    name: goName(architecture),
    run: () => Promise.reject(new Error('the program in Go runs no scripts')),
    spawn: (_script, parameters, environment) => prefix.spawn(executable, parameters, { winsock: 'test', environment }),
    path: (linuxPath) => prefix.toWindowsPath(linuxPath),
  };
}
