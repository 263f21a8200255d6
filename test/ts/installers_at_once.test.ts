// Several processes that install at the same time, through the command line: one waits for the other half a minute, then says that
// the catalog is busy; and whatever happens, every entry is there once.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { CatalogEntry, InstallReport } from '../../ts/index.js';
import { nodeExecutables } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import { stageProgram, WinePrefix, type Completed } from '../support/wine.js';
import { cliPath } from './dist.js';

/** How long an installer waits for another one: CatalogLock. */
const patience = 30_000;
/** The first one holds the catalog so long: the second one may take the difference to start, and the third the rest. */
const pause = patience + 12_000;
const thirdAfter = 16_000;

let directory = '';
let prefix: WinePrefix;
let node = '';

interface Ended extends Completed {
  /** When, as Date.now has it, and after how many milliseconds. */
  at: number;
  lasted: number;
}

async function run(parameters: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const begun = Date.now();
  const line = [prefix.toWindowsPath(cliPath), ...parameters, '--json'];
  const completed = await prefix.run(node, line, { winsock: 'test', environment, timeoutMilliseconds: 150_000 });
  return { ...completed, at: Date.now(), lasted: Date.now() - begun };
}

async function cli<T>(...parameters: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(parameters);
  assert.is(code, 0, `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

function reportOf({ code, stdout, stderr }: Ended): InstallReport {
  assert.is(code, 0, `install ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as InstallReport;
}

/** Our hidden entry and one chain over each base provider, in both catalogs; nothing twice. */
async function requireInstalledOnce(): Promise<void> {
  for (const arch of ['x64', 'ia32']) {
    const all = await cli<CatalogEntry[]>('list', '--arch', arch);
    const ours = all.filter(({ name }) => name.startsWith('winsock-lsp')).map(({ name }) => name);
    assert.is(ours.length, 7, `${arch}: ${ours.join(', ')}`);
    assert.is(new Set(ours).size, 7, `${arch}: ${ours.join(', ')}`);
    assert.is(new Set(all.map(({ id }) => id)).size, all.length);
  }
  assert.is((await run(['doctor'])).code, 0);
}

const callsIn = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split(/\r?\n/).filter(Boolean) : []);

test.before(reported(async () => {
  directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-at-once-'));
  prefix = await WinePrefix.create({ directory: join(directory, 'prefix') });
  const executable = nodeExecutables().at(-1);
  assert.ok(executable, 'no node.exe: run node scripts/run.mjs setup');
  node = stageProgram(executable.path, join(directory, 'node'));
}));
test.after(reported(async () => {
  await prefix?.stop();
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
}));

/** The number of the call by which an install on a fresh catalog puts its first entries in. */
let firstWrite = 0;
test('two installers that start together both succeed, and every entry is there once', async () => {
  const file = join(directory, 'calls');
  const reports = (await Promise.all([run(['install'], { TEST_WINSOCK_COUNT: prefix.toWindowsPath(file) }), run(['install'])])).map(reportOf);
  assert.equal(reports.map(({ changed }) => changed).sort(), [false, true]);
  await requireInstalledOnce();
  await cli('remove');
  rmSync(file);
  reportOf(await run(['install'], { TEST_WINSOCK_COUNT: prefix.toWindowsPath(file) }));
  firstWrite = callsIn(file).findIndex((name) => name.startsWith('WSCInstallProvider')) + 1;
  assert.ok(firstWrite > 0, callsIn(file).join(' '));
  await cli('remove');
});

test('one that holds the catalog: who waits too long ends with 7 and ERR_CATALOG_BUSY, who comes later succeeds', async () => {
  const file = join(directory, 'first-calls');
  const first = run(['install'], {
    TEST_WINSOCK_PAUSE: `${firstWrite}:${pause}`,
    TEST_WINSOCK_COUNT: prefix.toWindowsPath(file),
  });
  const begun = Date.now();
  while (callsIn(file).length < firstWrite) {
    assert.ok(Date.now() - begun < 60_000, 'the first installer has not come to its first entry');
    await delay(50);
  }
  const second = run(['install']);
  await delay(thirdAfter);
  const [held, late, patient] = await Promise.all([first, second, run(['install'])]);

  assert.is(late.code, 7, `${late.stdout}${late.stderr}`);
  const { error } = JSON.parse(late.stdout) as { error: { code: string; message: string } };
  assert.is(error.code, 'ERR_CATALOG_BUSY');
  assert.match(error.message, /another/i);
  assert.ok(late.lasted >= patience, `the second installer waited ${late.lasted} ms`);
  assert.ok(late.at < held.at, 'the second installer ended after the first');

  assert.is(reportOf(held).changed, true);
  assert.is(reportOf(patient).changed, false);
  assert.ok(patient.at >= held.at - 1_000, 'the third installer did not wait');
  await requireInstalledOnce();
});

test.run();
