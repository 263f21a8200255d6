/**
 * Install, remove, order, backup, restore and doctor on the catalogs of real machines (test/catalogs), undisturbed and interrupted: of
 * each operation at a few calls, spread over all of it; CRASH=all for every one (test/crash).
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { parseBackup } from '../ts/backup_format.js';
import { requireArtifact, testWinsockFile } from './support/artifacts.js';
import { backupOf, realMachines, savedCatalogsOf, type RealMachine } from './support/catalogs.js';
import { forMachine32 } from './support/machine32.js';
import { memoryDrive } from './support/memory_drive.js';
import { stageProgram, WinePrefix } from './support/wine.js';

const every = process.env.CRASH === 'all';

interface Undisturbed {
  machine: string;
  undisturbed: string[];
}
interface Report {
  machine: string;
  operation: string;
  both: boolean;
  points: Record<string, number>;
  states: number;
  milliseconds: number;
  failures: string[];
}

/** The base provider of the test Winsock is in the place of Windows' own. */
const standIn = (path: string) => path.replace(/mswsock\.dll$/i, 'test_base_provider.dll');

/** A path of a fixture as a file of the prefix. */
function fileOf(path: string, driveC: string): string {
  const full = path.replace(/^%(SystemRoot|windir)%/i, 'C:\\windows').replace(/^C:\\/i, '');
  return join(driveC, ...full.split('\\').map((part) => (/^(windows|system32)$/i.test(part) ? part.toLowerCase() : part)));
}

/** The DLLs that a machine has besides Windows' own: each is the pass-through LSP, those of the 32-bit catalog by their header. */
function placeDlls({ catalogs, absentDlls }: RealMachine, driveC: string): void {
  const lsp = readFileSync(testWinsockFile('test_passthrough_lsp.dll'));
  for (const architecture of ['ia32', 'x64'] as const) {
    for (const { path } of catalogs[architecture]) {
      if (absentDlls.includes(path) || standIn(path) !== path) continue;
      const file = fileOf(path, driveC);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, architecture === 'x64' ? lsp : forMachine32(lsp));
    }
  }
}

async function examine(part: number, parts: number): Promise<(Undisturbed | Report)[]> {
  const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-catalogs-'));
  const prefix = await WinePrefix.create({ directory: join(folder, 'wine') });
  const { path, folder: dlls, root } = memoryDrive(prefix);
  try {
    const program = stageProgram(requireArtifact('crashTests'), join(folder, 'programs'));
    const dll = readFileSync(requireArtifact('lspDll'));
    for (const name of ['winsock-lsp.dll', 'newer.dll']) writeFileSync(join(dlls, name), dll);
    for (const name of ['ia32.dll', 'newer32.dll']) writeFileSync(join(dlls, name), forMachine32(dll));
    const other = readFileSync(testWinsockFile('test_passthrough_lsp.dll'));
    writeFileSync(join(dlls, 'other.dll'), other);
    writeFileSync(join(dlls, 'other32.dll'), forMachine32(other));
    for (const machine of realMachines) {
      placeDlls(machine, join(folder, 'wine', 'drive_c'));
      writeFileSync(join(dlls, `${machine.name}.catalog`), savedCatalogsOf(machine, standIn));
    }
    const { code, stdout, stderr } = await prefix.run(
      program,
      ['machines', path, String(part), String(parts), ...(every ? ['all'] : [])],
      { winsock: 'test', cwd: dirname(program), timeoutMilliseconds: (every ? 240 : 10) * 60_000 },
    );
    assert.is(code, 0, `${stdout.slice(-3000)}${stderr.slice(-3000)}`);
    return stdout
      .split(/\r?\n/)
      .filter((line) => line.startsWith('{"machine"'))
      .map((line) => JSON.parse(line) as Undisturbed | Report);
  } finally {
    await prefix.stop();
    for (const each of [root, folder]) rmSync(each, { recursive: true, force: true });
  }
}

const parts = [0, 1];
const results = (await Promise.all(parts.map((part) => examine(part, parts.length)))).flat();
const reports = results.filter((result): result is Report => 'operation' in result);
const undisturbed = results.filter((result): result is Undisturbed => 'undisturbed' in result);
const count = (of: readonly Report[]) =>
  of.flatMap(({ points }) => Object.values(points)).reduce((sum, number) => sum + number, 0);
for (const { name } of realMachines) {
  const these = reports.filter(({ machine }) => machine === name);
  const seconds = these.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
  console.log(`${name}: ${these.length} operations, ${count(these)} points of failure, ${seconds.toFixed(1)} s`);
}

test('there are the machines that were asked for', () => {
  const all = realMachines.map(({ machine }) => machine).join('\n');
  for (const kind of [/Windows 7/, /Windows 10/, /Windows 11/, /Server/, /Hyper-V.*WSL|WSL.*Hyper-V/, /vSockets/, /leaves/]) {
    assert.match(all, kind);
  }
  for (const { sources } of realMachines) assert.ok(sources.length > 0);
  assert.equal(undisturbed.map(({ machine }) => machine).sort(), realMachines.map(({ name }) => name));
});

for (const machine of realMachines) {
  test(`${machine.name}: its backup is read as one`, () => {
    const { catalogs } = parseBackup(backupOf(machine), 'backup.json');
    assert.equal(
      catalogs.map(({ entries }) => entries.map(({ id, messageSize }) => [id, messageSize])),
      (['x64', 'ia32'] as const).map((architecture) => machine.catalogs[architecture].map(({ id, messageSize }) => [id, messageSize])),
    );
  });
}
for (const { machine, undisturbed: wrong } of undisturbed) {
  test(`${machine}: install, doctor, remove and restore do what they do elsewhere`, () => {
    assert.equal(wrong, [], wrong.join('\n'));
  });
}
for (const { machine, operation, both, points, states, failures } of reports) {
  test(`${machine}: ${operation}, ${both ? 'both catalogs' : 'the 64-bit catalog'}, survives ${count([{ points } as Report])} points`, () => {
    assert.equal(failures, [], failures.join('\n'));
    assert.ok(states >= 1);
    assert.ok(count([{ points } as Report]) > 0);
  });
}

test.run();
