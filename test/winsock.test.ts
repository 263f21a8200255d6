// The test Winsock: its own native tests, and unmodified node.exe of each version on it, on the bare base provider and with
// another LSP in the chain; for 32-bit programs too, whose catalog is another one of the same prefix.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { missingForArchitecture, nodeExecutables, testWinsockFile } from './support/artifacts.js';
import { reported } from './support/reported.js';
import { stageProgram, WinePrefix } from './support/wine.js';
import { readRecording } from './winsock/recording.js';

const program = (name: string) => fileURLToPath(new URL(`winsock/programs/${name}`, import.meta.url));

const architectures = (['x64', 'ia32'] as const).filter((architecture) => {
  const missing = missingForArchitecture(architecture);
  if (missing !== undefined) test.skip(`the test Winsock, ${architecture}: ${missing}`);
  return missing === undefined;
});
const directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-winsock-'));
let prefix: WinePrefix;
let catalog: string;
let folders = 0;

/** A program in a folder of its own. */
function stage(executable: string): string {
  return stageProgram(executable, join(directory, `program-${++folders}`));
}

async function changeCatalog(...parameters: string[]): Promise<string> {
  const { code, stdout, stderr } = await prefix.run(catalog, parameters, { winsock: 'test' });
  assert.is(code, 0, stderr);
  return stdout;
}

test.before(reported(async () => {
  prefix = await WinePrefix.create({ directory: join(directory, 'prefix'), programs32: architectures.includes('ia32') });
  catalog = stage(testWinsockFile('winsock_catalog.exe'));
}));

test.after(reported(async () => {
  await prefix.stop();
  rmSync(directory, { recursive: true, force: true });
}));

for (const architecture of architectures) {
  test(`the native tests of catalog, dispatch and base provider pass, ${architecture}`, async () => {
    const executable = stage(testWinsockFile('winsock_test.exe', architecture));
    stageProgram(testWinsockFile('test_passthrough_lsp.dll', architecture), join(executable, '..'));
    const { code, stdout, stderr } = await prefix.run(executable, [], { winsock: 'test' });
    assert.match(stdout, /\[doctest\] Status: SUCCESS!/, `${stdout}${stderr}`);
    assert.is(code, 0);
  });
}

const expected = {
  'TCP client and server': 'echo hello',
  'a refused TCP connection': 'ECONNREFUSED',
  'TCP over IPv6': 'six',
  'UDP, unbound': 'echo unbound',
  'UDP, bound': 'echo bound',
  'UDP, connected': 'echo connected',
  'HTTP to localhost': 'you asked for /page',
  'dns.lookup of localhost': '127.0.0.1',
};

const nodes = architectures.flatMap((architecture) => nodeExecutables(architecture));
test('there is a node.exe to test with, of each architecture', () => {
  const found = new Set(nodes.map(({ architecture }) => architecture));
  assert.equal([...found], architectures, 'fetch it first (node scripts/run.mjs setup)');
});

for (const { name: named, version, path } of nodes) {
  const run = async (environment: Record<string, string>) => {
    const { code, stdout, stderr } = await prefix.run(stage(path), [prefix.toWindowsPath(program('loopback.cjs'))], {
      winsock: 'test',
      environment,
    });
    assert.is(code, 0, stderr);
    const lines = stdout.trim().split(/\r?\n/);
    return Object.fromEntries(
      lines.map((line) => {
        const { name, result, error } = JSON.parse(line) as { name: string; result?: string; error?: string };
        return [name, result ?? error];
      }),
    );
  };

  test(`${named} on the base provider, which records what arrives`, async () => {
    const record = join(directory, `record-${version}`);
    assert.equal(await run({ TEST_WINSOCK_RECORD: prefix.toWindowsPath(record) }), expected);
    const calls = readRecording(record);
    const connections = calls.filter(({ call, address }) => call === 'ConnectEx' && address === '127.0.0.1');
    assert.ok(connections.length >= 2, 'libuv connects by ConnectEx');
    for (const { result, error } of connections) assert.ok(result === 1 || error === 997, 'done, or pending');
    assert.ok(calls.some(({ call, address }) => call === 'bind' && address === '127.0.0.1'));
    assert.ok(calls.some(({ call, type, address }) => call === 'sendto' && type === 2 && address === '127.0.0.1'));
    assert.ok(calls.every(({ process, sequence }) => process > 0 && sequence > 0));
  });

  test(`${named} through another LSP, whose WSPStartup runs once per chain`, async () => {
    const log = join(directory, `log-${version}`);
    await changeCatalog(
      'install',
      ...architectures.map((each) => prefix.toWindowsPath(testWinsockFile('test_passthrough_lsp.dll', each))),
    );
    try {
      assert.equal(await run({ TEST_PASSTHROUGH_LOG: prefix.toWindowsPath(log) }), expected);
    } finally {
      await changeCatalog('remove', 'test pass-through');
    }
    const chains = readFileSync(log, 'utf8').trim().split('\n');
    assert.is(new Set(chains).size, chains.length, chains.join('\n'));
    for (const name of ['TCP/IP', 'UDP/IP', 'TCP/IPv6']) {
      assert.ok(chains.some((line) => line.endsWith(`over [MSAFD Tcpip [${name}]]`)), name);
    }
  });
}

test('winsock_catalog lists, installs, removes and resets', async () => {
  const fresh = await changeCatalog('list');
  assert.is(fresh.trim().split('\n').length, 6);
  await changeCatalog('install', 'C:\\no such.dll', 'C:\\no such 32.dll', 'nothing');
  assert.is((await changeCatalog('list')).trim().split('\n').length, 13);
  assert.match(await changeCatalog('list', '32'), /no such 32\.dll \[nothing over \[MSAFD Tcpip \[TCP\/IP\]\]\]/);
  await changeCatalog('remove', 'nothing');
  assert.is(await changeCatalog('list'), fresh);
  await changeCatalog('install', 'C:\\no such.dll');
  await changeCatalog('reset');
  assert.is(await changeCatalog('list'), fresh);
  assert.is((await prefix.run(catalog, ['remove', 'nothing'], { winsock: 'test' })).code, 1);
});

test('kill ends a Windows program and its children, and nothing else', async () => {
  const [node] = nodes;
  if (node === undefined) return;
  const executable = stage(node.path);
  const script = prefix.toWindowsPath(program('parent.cjs'));
  const running = () =>
    readdirSync('/proc').filter((name) => {
      try {
        return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(script);
      } catch {
        return false;
      }
    }).length;
  const killed = prefix.spawn(executable, [script], { winsock: 'test' });
  const spared = prefix.spawn(executable, [script], { winsock: 'test' });
  await Promise.all([killed, spared].map((each) => each.waitForOutput(/child runs/, { timeoutMilliseconds: 30_000 })));
  assert.is(running(), 4);
  await killed.kill();
  assert.is(running(), 2);
  assert.is(await killed.exited, 128 + 9);
  await spared.kill();
  assert.is(running(), 0);
});

test('a program that does not end in time is killed and reported', async () => {
  const [node] = nodes;
  if (node === undefined) return;
  const script = prefix.toWindowsPath(program('parent.cjs'));
  try {
    await prefix.run(stage(node.path), [script], { winsock: 'test', timeoutMilliseconds: 3000 });
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /did not end within 3000 ms/);
  }
});

test('paths of the prefix become C:, all others Z:', () => {
  assert.is(prefix.toWindowsPath(join(prefix.directory, 'drive_c', 'a b', 'c.dll')), 'C:\\a b\\c.dll');
  assert.is(prefix.toWindowsPath('/tmp/x'), 'Z:\\tmp\\x');
});

test.run();
