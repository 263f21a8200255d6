/**
 * Crash safety of what changes the catalog: each operation is made to fail, and killed, at every call and every registry write
 * (test/crash). What it leaves must work for fresh programs, and be repaired by what comes next. Of the calls that only read, about 80
 * of each operation; CRASH=all for every one.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { nodeExecutables, requireArtifact, testWinsockFile } from './support/artifacts.js';
import { forMachine32 } from './support/machine32.js';
import { memoryDrive } from './support/memory_drive.js';
import { stageProgram, WinePrefix } from './support/wine.js';

const every = process.env.CRASH === 'all';

interface Report {
  operation: string;
  both: boolean;
  points: Record<string, number>;
  states: number;
  milliseconds: number;
  failures: string[];
}

async function interruptEverywhere(part: number, parts: number): Promise<Report[]> {
  const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-crash-'));
  const prefix = await WinePrefix.create({ directory: join(folder, 'wine') });
  // Each change of a catalog flushes its backup, which is written there too.
  const { path, folder: dlls, root } = memoryDrive(prefix);
  try {
    const programs = join(folder, 'programs');
    const program = stageProgram(requireArtifact('crashTests'), programs);
    const dll = readFileSync(requireArtifact('lspDll'));
    for (const name of ['winsock-lsp.dll', 'newer.dll']) writeFileSync(join(dlls, name), dll);
    for (const name of ['ia32.dll', 'newer32.dll']) writeFileSync(join(dlls, name), forMachine32(dll));
    const other = readFileSync(testWinsockFile('test_passthrough_lsp.dll'));
    writeFileSync(join(dlls, 'other.dll'), other);
    writeFileSync(join(dlls, 'other32.dll'), forMachine32(other));
    const [node] = nodeExecutables();
    const script = fileURLToPath(new URL('crash/exchange.cjs', import.meta.url));
    const nodeCommand =
      node === undefined
        ? '-'
        : `"${prefix.toWindowsPath(stageProgram(node.path, programs))}" "${prefix.toWindowsPath(script)}"`;
    const parameters = [path, nodeCommand, String(part), String(parts), ...(every ? ['1000000'] : [])];
    const { code, stdout, stderr } = await prefix.run(program, parameters, {
      winsock: 'test',
      cwd: dirname(program),
      timeoutMilliseconds: (every ? 60 : 10) * 60_000,
    });
    assert.is(code, 0, `${stdout.slice(-3000)}${stderr.slice(-3000)}`);
    return stdout
      .split(/\r?\n/)
      .filter((line) => line.startsWith('{"machine"'))
      .map((line) => JSON.parse(line) as Report);
  } finally {
    await prefix.stop();
    for (const each of [root, folder]) rmSync(each, { recursive: true, force: true });
  }
}

// As many prefixes at once as the machines that run this have processors.
const parts = [0, 1];
const reports = (await Promise.all(parts.map((part) => interruptEverywhere(part, parts.length)))).flat();
const count = ({ points }: Report) => Object.values(points).reduce((sum, number) => sum + number, 0);
for (const report of reports) {
  const { operation, both, states, failures } = report;
  console.log(
    `${operation}, ${both ? 'both catalogs' : '64-bit catalog'}: ${count(report)} points of failure, ` +
      `${states} different catalogs left, ${failures.length === 0 ? 'all survived' : `${failures.length} failures`}`,
  );
}
const total = reports.reduce((sum, report) => sum + count(report), 0);
console.log(`${total} points of failure tried in all`);

test('every operation was interrupted', () => {
  assert.is(reports.length, new Set(reports.map(({ operation, both }) => `${operation} ${both}`)).size);
  assert.ok(reports.length >= 14);
  assert.ok(total > 10_000);
});
for (const { operation, both, points, states, failures } of reports) {
  const catalogs = both ? 'both catalogs' : 'the 64-bit catalog';
  for (const [kind, number] of Object.entries(points)) {
    test(`${operation}, ${catalogs}: survives ${kind} at each of ${number} points`, () => {
      const these = failures.filter((failure) => failure.startsWith(kind));
      assert.equal(these, [], these.join('\n'));
    });
  }
  test(`${operation}, ${catalogs}: the ${states} catalogs that came about work and are repaired`, () => {
    assert.ok(states >= 2); // an order is the one or the other
    assert.equal(failures, [], failures.join('\n'));
  });
}

test.run();
