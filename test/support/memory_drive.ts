import { existsSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { WinePrefix } from './wine.js';

const memory = '/dev/shm';

/**
 * A folder in memory on a drive of a prefix's own: what is written there thousands of times, and flushed, rather not to a disk. Not below
 * Z:, where the way to it leads through what Wine shows as a link: nothing is registered from there.
 *
 * @returns its path there and here, and the drive's root here, which is the caller's to delete.
 */
export function memoryDrive(prefix: WinePrefix): { path: string; folder: string; root: string } {
  const root = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'winsock-lsp-drive-'));
  const folder = join(root, 'tests');
  mkdirSync(folder);
  const devices = join(prefix.directory, 'dosdevices');
  mkdirSync(devices, { recursive: true });
  symlinkSync(root, join(devices, 'y:'));
  return { path: 'Y:\\tests', folder, root };
}
