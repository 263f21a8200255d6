/**
 * Runs every test file in a process of its own, two at a time, and adds up what they report. Each has networks, Wine prefixes and
 * directories of its own. Wine 8 loses a program now and then, with and without our DLL (test/support/wine.ts): a file over Wine that
 * fails is run once more, four files at most. What failed, the first time or for good, is named again at the end. Arguments: parts of file
 * names to run only those. WINSOCK_LSP_TEST_JOBS: how many at a time.
 */

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const timeoutMilliseconds = 30 * 60_000;

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

function testFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)))
    .sort();
}

/** uvu's closing lines; a file that ends without them has failed as a whole. */
function readTotals(output: string, code: number | null): Totals {
  const number = (name: string) => Number(output.match(new RegExp(`^\\s*${name}:\\s+(\\d+)`, 'm'))?.[1] ?? Number.NaN);
  const total = number('Total');
  const passed = number('Passed');
  const skipped = number('Skipped');
  if (Number.isNaN(total + passed + skipped)) return { passed: 0, failed: 1, skipped: 0 };
  const failed = total - passed;
  return { passed, skipped, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** Those that run no Windows program: what fails there has failed. */
const native = ['core.test.ts', 'fuzz.test.ts', 'dll.test.ts', 'sign.test.ts', 'prebuilds.test.ts', 'socks_servers.test.ts'];
const mostRepeated = 4;
const repeated: string[] = [];
/** For the last lines, which are all that is seen of a long log. */
const failures: string[] = [];

async function run(file: string, processor: number): Promise<Totals> {
  const totals = await runOnce(file, processor, 'the first time');
  if (totals.failed === 0 || repeated.length === mostRepeated || native.includes(basename(file))) return totals;
  repeated.push(file);
  process.stdout.write(`${file} … is run once more\n`);
  return runOnce(file, processor, 'again');
}

/**
 * What needs processors beside each other: threads that race, compilers, suites that have two prefixes at once.
 * All others have one, and the wineserver on it too: handed over on the same processor, a call takes a third less than across two.
 */
const onAll = [...native, 'provider.test.ts', 'differential.test.ts', 'socks5.test.ts', 'runtimes.test.ts', 'catalog_crash.test.ts', 'real_catalogs.test.ts', 'package_install.test.ts', 'bundle.test.ts'];
const taskset = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

async function runOnce(file: string, processor: number, when: string): Promise<Totals> {
  const begun = Date.now();
  const line = [process.execPath, '--import', 'tsx', file];
  if (taskset && !onAll.includes(basename(file))) line.unshift('taskset', '-c', String(processor));
  const [command = '', ...parameters] = line;
  const child = spawn(command, parameters, {
    cwd: repository,
    env: { ...process.env, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const timer = setTimeout(() => {
    output += `\n${file} was ended after ${timeoutMilliseconds / 60_000} minutes\n`;
    child.kill('SIGTERM');
  }, timeoutMilliseconds);
  const code = await new Promise<number | null>((ended) => child.on('close', ended));
  clearTimeout(timer);
  const totals = readTotals(output, code);
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`${file} … ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped (${seconds} s)\n`);
  if (totals.failed > 0) {
    process.stdout.write(`${output}\n`);
    const names = [...output.matchAll(/^\s*FAIL\s+(.*)$/gm)].map(([, name = '']) => name);
    failures.push(`${file} failed ${when}: ${names.slice(0, 5).join(', ') || output.trim().split('\n').at(-1)}${names.length > 5 ? ', …' : ''}`);
  }
  return totals;
}

// Those that take minutes begin first, so that none is left alone at the end.
const long = ['e2e.test.ts', 'wine.test.ts', 'split_tunnelling.test.ts', 'provider.test.ts', 'differential.test.ts', 'repair.test.ts', 'catalog_crash.test.ts', 'real_catalogs.test.ts'];
const rank = (file: string) => {
  const place = long.indexOf(basename(file));
  return place < 0 ? long.length : place;
};

const parts = process.argv.slice(2);
const waiting = testFiles(join(repository, 'test'))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort((a, b) => rank(a) - rank(b));
const jobs = Number(process.env.WINSOCK_LSP_TEST_JOBS ?? Math.min(2, availableParallelism()));
const all: Totals = { passed: 0, failed: 0, skipped: 0 };
await Promise.all(
  Array.from({ length: Math.max(1, jobs) }, async (_, job) => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const totals = await run(file, job % availableParallelism());
      all.passed += totals.passed;
      all.failed += totals.failed;
      all.skipped += totals.skipped;
    }
  }),
);
for (const failure of failures) process.stdout.write(`${failure}\n`);
process.exitCode = all.failed > 0 || all.passed === 0 ? 1 : 0;
process.stdout.write(`${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped\n`);
