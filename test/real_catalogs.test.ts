/**
 * Install, remove, order, backup, restore and doctor on the catalogs of real machines (test/catalogs), undisturbed and interrupted: of
 * each operation at a few calls, spread over all of it; CRASH=all for every one (test/crash).
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { parseBackup } from '../ts/backup_format.js';
import { testWinsockFile } from './support/artifacts.js';
import { backupOf, realMachines, savedCatalogsOf, type RealMachine } from './support/catalogs.js';
import { everyPoint, runCrashTests, type CrashReport } from './support/crash_tests.js';
import { forMachine32 } from './support/machine32.js';

interface Undisturbed {
  machine: string;
  undisturbed: string[];
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

const examine = (part: number, parts: number) =>
  runCrashTests<Undisturbed | CrashReport>(
    'catalogs',
    ({ driveC, path, dlls }) => {
      for (const machine of realMachines) {
        placeDlls(machine, driveC);
        writeFileSync(join(dlls, `${machine.name}.catalog`), savedCatalogsOf(machine, standIn));
      }
      return ['machines', path, String(part), String(parts), ...(everyPoint ? ['all'] : [])];
    },
    240,
  );

const parts = [0, 1];
const results = (await Promise.all(parts.map((part) => examine(part, parts.length)))).flat();
const reports = results.filter((result): result is CrashReport => 'operation' in result);
const undisturbed = results.filter((result): result is Undisturbed => 'undisturbed' in result);
const count = (of: readonly CrashReport[]) =>
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
  test(`${machine}: ${operation}, ${both ? 'both catalogs' : 'the 64-bit catalog'}, survives ${count([{ points } as CrashReport])} points`, () => {
    assert.equal(failures, [], failures.join('\n'));
    assert.ok(states >= 1);
    assert.ok(count([{ points } as CrashReport]) > 0);
  });
}

test.run();
