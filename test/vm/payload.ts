/** The payload disk: an image with one FAT32 partition, written and read with mtools, so that nothing has to be mounted. */

import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const sector = 512;
const partitionStart = 2048; // sectors; where Windows begins partitions itself

export class PayloadDisk {
  readonly #partition: string;

  constructor(
    readonly image: string,
    megabytes: number,
  ) {
    this.#partition = `${image}@@${partitionStart * sector}`;
    const sectors = megabytes * 2048;
    const file = openSync(image, 'wx');
    ftruncateSync(file, sectors * sector);
    // A master boot record with a partition of type 0x0c, FAT32 by logical addresses: Windows gives that a drive letter.
    const record = Buffer.alloc(sector);
    record.writeUInt8(0x0c, 446 + 4);
    record.writeUInt32LE(partitionStart, 446 + 8);
    record.writeUInt32LE(sectors - partitionStart, 446 + 12);
    record.writeUInt16LE(0xaa55, 510);
    writeSync(file, record, 0, sector, 0);
    closeSync(file);
    this.#mtools('mformat', '-F', '-v', 'LSPPAYLOAD', '-T', String(sectors - partitionStart), '-h', '255', '-s', '63', '-H', String(partitionStart), '::');
  }

  /** Copies files or folders into the disk's root, or into a folder of it. */
  put(paths: readonly string[], folder = ''): void {
    this.#mtools('mcopy', '-s', '-m', '-o', '-Q', ...paths, `::${folder}`);
  }

  makeFolder(name: string): void {
    this.#mtools('mmd', `::${name}`);
  }

  /** A file's content, or undefined if it is not there. */
  read(name: string): string | undefined {
    const { status, stdout } = this.#run('mtype', [`::${name}`]);
    return status === 0 ? stdout : undefined;
  }

  #run(command: string, parameters: string[]) {
    // mtools refuses what looks odd to it, such as a partition whose size is not a multiple of a track's.
    return spawnSync(command, ['-i', this.#partition, ...parameters], {
      encoding: 'utf8',
      env: { ...process.env, MTOOLS_SKIP_CHECK: '1' },
      maxBuffer: 64 * 1024 * 1024,
    });
  }

  #mtools(command: string, ...parameters: string[]): void {
    const { status, error, stdout, stderr } = this.#run(command, parameters);
    if (error !== undefined) throw new Error(`cannot start ${command}: ${error.message}. Debian has it in the package mtools.`);
    if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} on ${this.image} failed: ${stdout}${stderr}`);
  }
}
