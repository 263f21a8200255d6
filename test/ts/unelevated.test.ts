// The command line for a user without elevation: what changes the catalog says so before it touches anything, and what only looks
// works. What only Windows' access rights keep such a user from (policy set, for one) cannot be shown under Wine, which enforces none.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { CatalogEntry } from '../../ts/index.js';
import { nodeExecutables, requireArtifact, testWinsockFile } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import { stageProgram, WinePrefix } from '../support/wine.js';
import { cliPath } from './dist.js';

interface Failure {
  error: { code: string; message: string };
}

let directory = '';
let prefix: WinePrefix;
let node = '';
let backup = '';

const line = (...parameters: string[]) => [prefix.toWindowsPath(cliPath), ...parameters, '--json'];

async function elevated<T>(...parameters: string[]): Promise<T> {
  const { code, stdout, stderr } = await prefix.run(node, line(...parameters), { winsock: 'test' });
  assert.is(code, 0, `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

const unelevated = (...parameters: string[]) =>
  prefix.run(requireArtifact('unelevated'), [prefix.toWindowsPath(node), ...line(...parameters)], { winsock: 'test' });

/** Both catalogs, and whether our folder and the backup folder are there. */
async function state(): Promise<unknown[]> {
  const catalogs = [];
  for (const arch of ['x64', 'ia32']) catalogs.push(await elevated<CatalogEntry[]>('list', '--arch', arch));
  const folders = ['Program Files/winsock-lsp', 'ProgramData/winsock-lsp/backup'];
  return [...catalogs, ...folders.map((folder) => existsSync(join(prefix.directory, 'drive_c', folder)))];
}

test.before(reported(async () => {
  directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-unelevated-'));
  prefix = await WinePrefix.create({ directory: join(directory, 'prefix') });
  const executable = nodeExecutables().at(-1);
  assert.ok(executable, 'no node.exe: run node scripts/run.mjs setup');
  node = stageProgram(executable.path, join(directory, 'node'));
  backup = prefix.toWindowsPath(join(directory, 'backup.json'));
}));
test.after(reported(async () => {
  await prefix?.stop();
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
}));

function defineRefused(when: string, commands: readonly (() => string[])[]): void {
  test(`without elevation, ${when}: what changes something ends with 4, and touches nothing`, async () => {
    const before = await state();
    for (const parameters of commands.map((command) => command())) {
      const { code, stdout, stderr } = await unelevated(...parameters);
      assert.is(code, 4, `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
      const { error } = JSON.parse(stdout) as Failure;
      assert.is(error.code, 'ERROR_ACCESS_DENIED', parameters.join(' '));
      assert.match(error.message, /not elevated.*Run it from an elevated prompt/);
    }
    assert.equal(await state(), before);
  });
}

function defineLooking(when: string, doctorCode: number): void {
  test(`without elevation, ${when}: what only looks works`, async () => {
    for (const parameters of [['list'], ['map'], ['install', '--dry-run'], ['remove', '--dry-run'], ['restore', backup, '--dry-run']]) {
      const { code, stdout, stderr } = await unelevated(...parameters);
      assert.is(code, 0, `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
      JSON.parse(stdout);
    }
    assert.is((await unelevated('doctor')).code, doctorCode);
  });
}

const install = () => ['install'];
const restore = () => ['restore', backup];
const order = () => ['order', '--first', '1003'];
const remove = () => ['remove'];

test('a program is started without elevation', async () => {
  await elevated('backup', backup);
  const { code, stderr } = await unelevated('list');
  assert.is(code, 0, stderr);
});
defineRefused('not installed', [install, order, restore]);
defineLooking('not installed', 0);
test('an administrator installs it', async () => {
  await elevated('install');
});
defineRefused('installed', [install, remove, order, restore]);
defineLooking('installed', 0);
test('an entry is lost', async () => {
  const [chain] = (await elevated<CatalogEntry[]>('list')).filter(({ name }) => name.startsWith('winsock-lsp over'));
  const tool = stageProgram(testWinsockFile('winsock_catalog.exe'), join(directory, 'tool'));
  const { code, stderr } = await prefix.run(tool, ['deinstall', String(chain?.id)], { winsock: 'test' });
  assert.is(code, 0, stderr);
});
defineRefused('damaged', [install, remove, () => ['doctor', '--fix']]);
defineLooking('damaged', 8);

test.run();
