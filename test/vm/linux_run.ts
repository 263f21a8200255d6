/** The harness's own proof: a Linux guest does with a payload disk what a prepared Windows does. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from '../support/artifacts.js';
import { makeLinuxGuest, runScript } from './linux_guest.js';
import { runMachine, type Run } from './machine.js';
import { PayloadDisk } from './payload.js';
import { readTap, type TapReport } from './tap.js';

/** Where the guest's kernel is kept between runs. */
export const guestFolder = join(repository, 'build', 'tools', 'vm');

export async function runLinuxGuest(folder: string, timeoutMinutes: number): Promise<{ run: Run; report: TapReport }> {
  mkdirSync(guestFolder, { recursive: true });
  const kernel = makeLinuxGuest(guestFolder);
  const files = join(folder, 'files');
  mkdirSync(files);
  // As large as what Windows gets in one file, node.exe apart.
  writeFileSync(join(files, 'payload.bin'), Buffer.alloc(3_000_000, 'winsock-lsp'));
  writeFileSync(join(files, 'SHA256SUMS'), execFileSync('sha256sum', ['payload.bin'], { cwd: files }));
  writeFileSync(join(files, 'run.sh'), runScript);
  const payload = new PayloadDisk(join(folder, 'linux-payload.img'), 64);
  payload.put(['payload.bin', 'SHA256SUMS', 'run.sh'].map((name) => join(files, name)));
  // Boots nothing, but is there as the image of Windows is: the guest writes to it, and the file must stay what it was.
  const image = join(folder, 'image.raw');
  writeFileSync(image, Buffer.alloc(1_048_576));
  const run = await runMachine({
    ...{ image, format: 'raw', kernel, payload, serialLog: join(folder, 'serial.log') },
    // By software: it takes seconds, and a /dev/kvm that is there need not work.
    ...{ memoryMegabytes: 256, timeoutMinutes, accelerator: 'tcg' },
  });
  return { run, report: readTap(run.results ?? '') };
}
