/**
 * Crash safety of what changes the catalog: each operation is made to fail, and killed, at every call that changes something
 * (test/crash). What it leaves must work for fresh programs, and be repaired by what comes next. Of the calls that only read, about 40
 * of each operation, and of the registry's writes, which are alike for each entry, about 400; CRASH=all for every one.
 */

import { fileURLToPath } from 'node:url';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { nodeExecutables } from './support/artifacts.js';
import { everyPoint, runCrashTests, type CrashReport } from './support/crash_tests.js';
import { stageProgram } from './support/wine.js';

const interruptEverywhere = (part: number, parts: number) =>
  runCrashTests<CrashReport>(
    'crash',
    ({ prefix, programs, path }) => {
      const [node] = nodeExecutables();
      const script = fileURLToPath(new URL('crash/exchange.cjs', import.meta.url));
      const nodeCommand =
        node === undefined
          ? '-'
          : `"${prefix.toWindowsPath(stageProgram(node.path, programs))}" "${prefix.toWindowsPath(script)}"`;
      return [path, nodeCommand, String(part), String(parts), ...(everyPoint ? ['1000000'] : [])];
    },
    60,
  );

// As many prefixes at once as the machines that run this have processors.
const parts = [0, 1];
const reports = (await Promise.all(parts.map((part) => interruptEverywhere(part, parts.length)))).flat();
const count = ({ points }: CrashReport) => Object.values(points).reduce((sum, number) => sum + number, 0);
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
  assert.ok(total > 5_000);
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
