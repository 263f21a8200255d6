/** Where this program was started from: for an elevated process that is a question of who can replace it. */

import { join } from 'node:path';

import { callNative } from './native.js';
import { packageRoot } from './root.js';

/** One file of each folder of ours that Node reads code from: who can add to a folder, or replace it, is found by any. */
const scripts = [['dist', 'esm', 'cli', 'main.js'], ['dist', 'esm', 'index.js'], ['package.json']];

/**
 * Refuses to go on if this process is elevated and others than administrators can replace what it runs: node.exe, the addon, or
 * the package's own files. Windows only.
 *
 * @throws LspError (rejects) ERR_UNTRUSTED_PATH: which file, who, and what to do.
 */
export function checkRunFrom(): Promise<void> {
  return callNative((native) => native.checkRunFrom(scripts.map((parts) => join(packageRoot, ...parts))));
}
