// Ctrl+C while the command line changes something, or shows something that goes on. No Windows, no addon.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { interruptible } from '../../ts/cli/interrupt.js';
import { packageFolder } from '../support/artifacts.js';
import { cliPath } from './dist.js';

const listeners = () => process.listenerCount('SIGINT');

test('the first Ctrl+C calls the work off, which ends in its own time; the second is the system\'s', async () => {
  const before = listeners();
  const order: string[] = [];
  const ended = interruptible(async (signal) => {
    assert.is(listeners(), before + 1);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    order.push('called off');
    assert.is(listeners(), before);
    await new Promise((resolve) => setTimeout(resolve, 10));
    order.push('put back');
    throw new Error('it was called off');
  });
  process.emit('SIGINT');
  await ended.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'it was called off'),
  );
  assert.equal(order, ['called off', 'put back']);
  assert.is(listeners(), before);
});

test('work that ends by itself leaves Ctrl+C to the system', async () => {
  const before = listeners();
  assert.is(await interruptible((signal) => Promise.resolve(signal.aborted)), false);
  assert.is(listeners(), before);
});

const directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-interrupt-'));
test.after(() => rmSync(directory, { recursive: true, force: true }));

/** The command line over a stand-in on which an installation takes a minute; Ctrl+C as often as told, once it is at work. */
async function interrupted(parameters: string[], times = 1): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const preload = join(directory, 'stand-in.mjs');
  const url = (...parts: string[]) => pathToFileURL(join(packageFolder, 'dist', 'esm', ...parts)).href;
  writeFileSync(
    preload,
    `import { useStandIn } from '${url('testing', 'index.js')}';
    import { installLsp } from '${url('index.js')}';
    const slow = process.argv.includes('install');
    const machine = useStandIn({ stepMilliseconds: slow ? 1500 : 0 });
    if (!slow) await installLsp();
    setTimeout(() => process.stderr.write('at work'), 300);\n`,
  );
  const child = spawn(process.execPath, ['--import', pathToFileURL(preload).href, cliPath, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => {
    const began = stderr === '';
    stderr += String(text);
    if (!began) return;
    for (let time = 0; time < times; ++time) setTimeout(() => child.kill('SIGINT'), 100 * time);
  });
  const code = await new Promise<number | null>((ended) => child.on('close', ended));
  return { code, stdout, stderr: stderr.replace('at work', '') };
}

test('a command that changes something ends with 130, and says what it did', async () => {
  const { code, stdout, stderr } = await interrupted(['install']);
  assert.equal([code, stdout], [130, '']);
  assert.match(stderr, /^winsock-lsp: Cannot install the provider: it was called off\. Everything is as it was\.\n$/);
  const json = await interrupted(['install', '--json']);
  assert.equal([json.code, (JSON.parse(json.stdout) as { error: { code: string } }).error.code], [130, 'ABORT_ERR']);
});

test('the second Ctrl+C ends it at once, with 130 too', async () => {
  const begun = Date.now();
  const { code, stderr } = await interrupted(['install'], 2);
  assert.equal([code, stderr], [130, '']);
  assert.ok(Date.now() - begun < 20_000);
});

for (const command of [['watch'], ['stats', '--watch'], ['watch', '--json']]) {
  test(`${command.join(' ')} goes on until Ctrl+C, and ends with 130 and without a word`, async () => {
    const { code, stderr } = await interrupted(command);
    assert.equal([code, stderr], [130, '']);
  });
}

test.run();
