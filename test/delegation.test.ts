/** install --publishers: who else may publish tunnels, and that it ends with the installation. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { DoctorReport, InstallPlan } from '../ts/index.js';
import { nodeExecutables } from './support/artifacts.js';
import { reported } from './support/reported.js';
import { stageProgram, WinePrefix } from './support/wine.js';
import { cliPath } from './ts/dist.js';

const users = 'S-1-5-32-545';
const everyoneLoggedOn = 'S-1-5-11';

let directory = '';
let prefix: WinePrefix;
let node = '';

async function cli<T>(code: number, ...parameters: string[]): Promise<T> {
  const completed = await prefix.run(node, [prefix.toWindowsPath(cliPath), ...parameters, '--json'], { winsock: 'test' });
  assert.is(completed.code, code, `${parameters.join(' ')} ended with ${completed.code}:\n${completed.stdout}${completed.stderr}`);
  return JSON.parse(completed.stdout) as T;
}

/** What doctor says of who may publish. */
async function publishers(): Promise<string[]> {
  const { findings } = await cli<DoctorReport>(0, 'doctor');
  return findings.filter(({ code }) => code === 'publishers').map(({ message }) => message);
}

interface Failure {
  error: { code: string; message: string };
}

test.before(reported(async () => {
  directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-delegation-'));
  prefix = await WinePrefix.create({ directory: join(directory, 'prefix') });
  const executable = nodeExecutables().at(-1);
  assert.ok(executable, 'no node.exe: run node scripts/run.mjs setup');
  node = stageProgram(executable.path, join(directory, 'node'));
}));
test.after(reported(async () => {
  await prefix?.stop();
  rmSync(directory, { recursive: true, force: true });
}));

test('a group that does not exist is told before anything is installed', async () => {
  const { error } = await cli<Failure>(6, 'install', '--publishers', 'No Such Group');
  assert.is(error.code, 'ERR_UNKNOWN_GROUP');
  assert.match(error.message, /No Such Group/);
  assert.is((await cli<Failure>(6, 'install', '--dry-run', '--publishers', 'No Such Group')).error.code, 'ERR_UNKNOWN_GROUP');
  assert.is((await cli<InstallPlan>(0, 'install', '--dry-run')).changes, true);
});

test('install --publishers lets a group publish, and doctor tells which', async () => {
  await cli(0, 'install', '--publishers', users);
  const told = await publishers();
  assert.is(told.length, 1);
  assert.match(told[0] ?? '', /Users may publish tunnels without being administrators/);
});

test('installing again leaves it; another group takes its place; --no-publishers ends it', async () => {
  const [first] = await publishers();
  await cli(0, 'install');
  assert.equal(await publishers(), [first]);
  const plan = (group: string) => cli<InstallPlan>(0, 'install', '--dry-run', '--publishers', group);
  assert.is((await plan(users)).publishersChange, false);
  assert.is((await plan(everyoneLoggedOn)).publishersChange, true);
  await cli(0, 'install', '--ensure', '--publishers', everyoneLoggedOn);
  const [second, ...rest] = await publishers();
  assert.equal(rest, []);
  assert.not.equal(second, first);
  await cli(0, 'install', '--no-publishers');
  assert.equal(await publishers(), []);
});

test('remove ends it, too', async () => {
  await cli(0, 'install', '--publishers', users);
  await cli(0, 'remove');
  assert.equal(await publishers(), []);
});

test.run();
