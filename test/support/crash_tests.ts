/** crash_tests.exe, which interrupts what changes a catalog: on a prefix of its own, with our DLLs and another LSP's beside it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import * as assert from 'uvu/assert';

import { requireArtifact, testWinsockFile } from './artifacts.js';
import { forMachine32 } from './machine32.js';
import { memoryDrive } from './memory_drive.js';
import { stageProgram, WinePrefix } from './wine.js';

/** Whether every point of failure is tried, instead of a sample: CRASH=all. */
export const everyPoint = process.env.CRASH === 'all';

/** What was tried at one operation. */
export interface CrashReport {
  machine: string;
  operation: string;
  both: boolean;
  points: Record<string, number>;
  states: number;
  milliseconds: number;
  failures: string[];
}

/** Where the program runs. */
export interface CrashGround {
  prefix: WinePrefix;
  /** Of the prefix, on the host. */
  driveC: string;
  programs: string;
  /** The folder of the DLLs, as the program sees it, and on the host: its backups go there too, and each is flushed, so it is in memory. */
  path: string;
  dlls: string;
}

/** What it reported, a line of JSON each. `parametersOf` may put more files on the ground; the time is for a sample. */
export async function runCrashTests<Line>(
  name: string,
  parametersOf: (ground: CrashGround) => string[],
  everyMinutes: number,
): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), `winsock-lsp-${name}-`));
  const prefix = await WinePrefix.create({ directory: join(folder, 'wine') });
  const { path, folder: dlls, root } = memoryDrive(prefix);
  try {
    const programs = join(folder, 'programs');
    const program = stageProgram(requireArtifact('crashTests'), programs);
    const dll = readFileSync(requireArtifact('lspDll'));
    for (const each of ['winsock-lsp.dll', 'newer.dll']) writeFileSync(join(dlls, each), dll);
    for (const each of ['ia32.dll', 'newer32.dll']) writeFileSync(join(dlls, each), forMachine32(dll));
    const other = readFileSync(testWinsockFile('test_passthrough_lsp.dll'));
    writeFileSync(join(dlls, 'other.dll'), other);
    writeFileSync(join(dlls, 'other32.dll'), forMachine32(other));
    const parameters = parametersOf({ prefix, driveC: join(folder, 'wine', 'drive_c'), programs, path, dlls });
    const { code, stdout, stderr } = await prefix.run(program, parameters, {
      winsock: 'test',
      cwd: dirname(program),
      timeoutMilliseconds: (everyPoint ? everyMinutes : 10) * 60_000,
    });
    assert.is(code, 0, `${stdout.slice(-3000)}${stderr.slice(-3000)}`);
    return stdout
      .split(/\r?\n/)
      .filter((line) => line.startsWith('{"machine"'))
      .map((line) => JSON.parse(line) as Line);
  } finally {
    await prefix.stop();
    for (const each of [root, folder]) rmSync(each, { recursive: true, force: true });
  }
}
