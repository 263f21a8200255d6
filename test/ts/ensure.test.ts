/** `install --ensure` as programs that look after many machines use it (docs/fleet.md): its JSON and its exit codes. */

import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { CatalogEntry } from '../../ts/index.js';
import { missingForNetwork } from '../e2e/namespaces.js';
import { nodeExecutables } from '../support/artifacts.js';
import { ProviderHost } from '../support/provider_host.js';
import { stageProgram } from '../support/wine.js';
import { cliPath } from './dist.js';

interface Ensured {
  changed: boolean;
  healthy: boolean;
  path: string;
  entries: number[];
  findings: { code: string; severity: string }[];
}

const [node] = nodeExecutables();
const reason = missingForNetwork() ?? (node === undefined ? 'there is no node.exe' : undefined);

if (reason !== undefined || node === undefined) {
  console.log(`skipped: ${reason}`);
  test.skip('install --ensure');
} else {
  let host: ProviderHost;
  let program: string;
  test.before(async () => {
    host = await ProviderHost.create('ensure');
    program = stageProgram(node.path, join(host.folder, 'node'));
  });
  test.after(() => host.stop());

  const run = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await host.prefix.run(program, [host.prefix.toWindowsPath(cliPath), ...parameters], { winsock: 'test' });
    return { code, stdout, said: `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}` };
  };
  const json = async <T>(code: number, ...parameters: string[]): Promise<T> => {
    const completed = await run(...parameters, '--json');
    assert.is(completed.code, code, completed.said);
    return JSON.parse(completed.stdout) as T;
  };
  const ensure = (...parameters: string[]) => json<Ensured>(0, 'install', '--ensure', ...parameters);
  const ours = async () => (await json<CatalogEntry[]>(0, 'list')).filter((entry) => entry.ours).map(({ id }) => id);

  test('--dry-run says that something would be changed, and changes nothing', async () => {
    assert.is((await ensure('--dry-run')).changed, true);
    assert.equal(await ours(), []);
  });

  test('a backup folder that is a link, as users can make one, is refused, and nothing is changed', async () => {
    const programData = join(host.prefix.directory, 'drive_c', 'ProgramData');
    const elsewhere = join(host.folder, 'elsewhere');
    for (const folder of [programData, elsewhere]) mkdirSync(folder, { recursive: true });
    symlinkSync(elsewhere, join(programData, 'winsock-lsp'));
    const { error } = await json<{ error: { code: string; message: string } }>(1, 'install', '--ensure');
    rmSync(join(programData, 'winsock-lsp'));
    assert.is(error.code, 'ERR_UNTRUSTED_PATH');
    assert.match(error.message, /C:\\ProgramData\\winsock-lsp is a link/);
    assert.equal(readdirSync(elsewhere), []);
    assert.equal(await ours(), []);
  });

  test('the first time it changes the catalog, and the machine is healthy', async () => {
    const { changed, healthy, path, entries, findings } = await ensure();
    assert.equal([changed, healthy], [true, true], JSON.stringify(findings));
    assert.match(path, /^C:\\Program Files\\winsock-lsp\\/i);
    assert.equal(entries, await ours());
    assert.is(entries.length, 7);
  });

  test('the second time it changes nothing, and --dry-run says the same', async () => {
    const before = await ours();
    for (const parameters of [[], ['--dry-run']]) {
      const { changed, healthy, entries } = await ensure(...parameters);
      assert.equal([changed, healthy, entries], [false, true, before]);
    }
    assert.equal(await ours(), before);
  });

  test('another choice is a change, once', async () => {
    assert.is((await ensure('--over', 'tcp')).changed, true);
    assert.is((await ours()).length, 3);
    assert.is((await ensure('--over', 'tcp')).changed, false);
    assert.is((await ensure()).changed, false);
  });

  test('after the LSP was removed by others it is put back', async () => {
    assert.is((await json<{ changed: boolean }>(0, 'remove')).changed, true);
    assert.is((await ensure('--over', 'all')).changed, true);
    assert.is((await ours()).length, 7);
  });

  test('what fails has an exit code of its own, and JSON', async () => {
    const { error } = await json<{ error: { code: string } }>(6, 'install', '--ensure', '--dll', 'C:\\none.dll');
    assert.is(error.code, 'ERROR_FILE_NOT_FOUND');
    assert.is((await run('install', '--ensure', '--over', 'icmp')).code, 2);
  });

  test('without --json it is a line', async () => {
    const { code, stdout } = await run('install', '--ensure');
    assert.is(code, 0);
    assert.match(stdout, /^Nothing to do: C:\\Program Files\\winsock-lsp\\.*\.\r?\n/);
  });

  test('remove has the same: a change, then none', async () => {
    assert.is((await json<{ changed: boolean }>(0, 'remove')).changed, true);
    assert.is((await json<{ changed: boolean }>(0, 'remove')).changed, false);
  });
}

test.run();
