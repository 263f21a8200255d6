// What the command line shows of live connections, in Windows' node.exe under Wine, with the LSP and a tunnel: a program that connects
// through it, one that is left alone, what a change of the rules makes of them. Wine tells no time of a socket, so a decision is
// "probably" a connection's here; that it is certain where Windows tells the time is in test/core/connections_test.cpp.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { Connection } from '../../ts/index.js';
import { namespacePrefix, removeNamespaces } from '../e2e/namespaces.js';
import { nodeExecutables, requireArtifact } from '../support/artifacts.js';
import { makeNamespace } from '../support/provider_host.js';
import { reported } from '../support/reported.js';
import { startMicrosocks } from '../support/socks_servers.js';
import { stageProgram, WinePrefix, type WineProgram } from '../support/wine.js';
import { cliPath, esmPath } from './dist.js';

/** As --json has it. */
type Shown = { [Key in keyof Connection]: Connection[Key] extends Date | null ? string | null : Connection[Key] };
interface Table {
  connections: Shown[];
  decisionsOf: string;
  policyKnown: boolean;
  policyRejected: string | null;
}

const namespace = `${namespacePrefix('connections')}host`;
const target = '1.2.3.4';
const physical = '11.22.33.44';
const port = 7000;

let directory = '';
let prefix: WinePrefix;
let node = '';
let talkerPath = '';
let talker: WineProgram;

const cli = (...parameters: string[]) => prefix.run(node, [prefix.toWindowsPath(cliPath), ...parameters], { winsock: 'test' });

async function json<T>(...parameters: string[]): Promise<T> {
  const { code, stdout, stderr } = await cli(...parameters, '--json');
  assert.is(code, 0, `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}
const list = async (...parameters: string[]) => (await json<Table>('connections', ...parameters)).connections;

function only(found: readonly Shown[], what: string): Shown {
  assert.is(found.length, 1, `${what}: ${JSON.stringify(found, null, 1)}`);
  return found[0] as Shown;
}
const outgoing = (found: readonly Shown[], address: string) =>
  only(found.filter(({ remoteAddress, remotePort }) => remoteAddress === address && remotePort === port), address);

test.before(reported(async () => {
  directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-connections-'));
  makeNamespace(namespace);
  prefix = await WinePrefix.create({ directory: join(directory, 'prefix'), networkNamespace: namespace });
  const executable = nodeExecutables().at(-1);
  assert.ok(executable, 'no node.exe: run node scripts/run.mjs setup');
  node = stageProgram(executable.path, join(directory, 'node'));
  await json('install', '--no-dll32');
  await json('tunnel', 'set', 'office', '--address', '128.129.0.2/24', '--source', physical);
  const script = join(directory, 'talker.cjs');
  writeFileSync(
    script,
    `const net = require('net');
     require('dgram').createSocket('udp4').bind(5353, '0.0.0.0', () =>
       net.createServer((socket) => socket.on('error', () => {})).listen(${port}, '0.0.0.0', () =>
         net.connect(${port}, '${target}', () => net.connect(${port}, '127.0.0.1', () => console.log('connected')))));
     setTimeout(() => {}, 600000);`,
  );
  talkerPath = stageProgram(executable.path, join(directory, 'talker'), { name: 'talker.exe' });
  talker = prefix.spawn(talkerPath, [prefix.toWindowsPath(script)], { winsock: 'test' });
  await talker.waitForOutput(/connected/);
}));
test.after(reported(async () => {
  await prefix?.stop();
  removeNamespaces(namespace);
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
}));

test('a connection through the tunnel has its program, its interface, its source, and the rule that was told of it', async () => {
  const found = outgoing(await list(), target);
  assert.equal(
    [found.protocol, found.state, found.localAddress, found.image, found.incoming, found.interfaceName, found.standing],
    ['tcp', 'established', physical, 'talker.exe', false, 'physical', 'current'],
  );
  assert.match(found.path ?? '', /\\talker\\talker\.exe$/);
  assert.ok(Math.abs(Date.now() - Date.parse(found.started ?? '')) < 300_000, String(found.started));
  const { decided, says } = found;
  assert.ok(decided !== null && says !== null);
  assert.equal([decided.verdict, decided.source, decided.tunnel, decided.certain], ['source', physical, 'office', false]);
  assert.match(decided.rule ?? '', /^via \d+ source 11\.22\.33\.44$|^except .* via \d+ source 11\.22\.33\.44$/);
  assert.equal([says.verdict, says.source, says.rule, says.tunnel], ['source', physical, decided.rule, 'office']);
});

test('the other end, which was accepted, has no rule, and neither has a listener nor a UDP socket', async () => {
  // Wine finds the owner of a socket by the program's own file descriptors, and one that has only listened or accepted has none yet.
  const all = (await list()).filter(({ image, processId }) => image === 'talker.exe' || processId === 0);
  const accepted = only(all.filter(({ localAddress, remoteAddress }) => localAddress === target && remoteAddress === physical), 'accepted');
  assert.equal([accepted.incoming, accepted.decided, accepted.says, accepted.standing], [true, null, null, 'unknown']);
  const listener = only(all.filter(({ state }) => state === 'listen'), 'listener');
  assert.equal([listener.localAddress, listener.localPort, listener.remoteAddress, listener.says], ['0.0.0.0', port, null, null]);
  const socket = only(all.filter(({ protocol, localPort }) => protocol === 'udp' && localPort === 5353), 'UDP');
  assert.equal([socket.state, socket.remoteAddress, socket.remotePort, socket.decided, socket.says], [null, null, null, null, null]);
});

test('what no decision is on record of has what the policy says now, and not as decided', async () => {
  const loopback = outgoing(await list(), '127.0.0.1');
  assert.is(loopback.decided, null);
  assert.equal([loopback.says?.verdict, loopback.says?.reason], ['keep', 'loopback']);
  const { stdout } = await cli('connections', '--to', '127.0.0.1');
  assert.match(stdout, /talker\.exe\[\d+\] +tcp +127\.0\.0\.1:\d+ +127\.0\.0\.1:7000 +established .*now: loopback/);
});

test('filters: by program, destination, rule and tunnel', async () => {
  const situations = [
    [['--app', 'TALKER*', '--to', '1.2.3.0/24'], 1],
    [['--app', 'node.exe', '--to', '1.2.3.0/24'], 0],
    [['--tunnel', 'office', '--to', target], 1],
    [['--tunnel', 'elsewhere'], 0],
    [['--rule', 'source 11.22', '--to', target], 1],
    [['--rule', 'source 5.6.7.8'], 0],
    [['--stale', '--to', target], 0],
  ] as const;
  for (const [parameters, count] of situations) assert.is((await list(...parameters)).length, count, parameters.join(' '));
});

test('a table fits the terminal', async () => {
  for (const width of [80, 120]) {
    const { code, stdout } = await prefix.run(node, [prefix.toWindowsPath(cliPath), 'connections'], {
      winsock: 'test',
      environment: { COLUMNS: String(width) },
    });
    assert.is(code, 0);
    const longest = Math.max(...stdout.split(/\r?\n/).map((each) => each.length));
    assert.ok(longest <= width, `${longest} columns of ${width}:\n${stdout}`);
  }
});

test('after a change of the rules: decided by an earlier policy, and stale', async () => {
  await json('policy', 'add', 'to 1.2.3.0/24 keep');
  const found = outgoing(await list('--stale'), target);
  assert.equal([found.standing, found.decided?.rule, found.decided?.verdict, found.says?.rule], ['stale', null, 'source', 'to 1.2.3.0/24 keep']);
  const { stdout } = await cli('connections', '--stale');
  assert.match(stdout, /talker\.exe\[\d+\] .* now left alone .*probably rule \d+ of an earlier policy/);
  await json('policy', 'remove', '1');
  assert.is(outgoing(await list(), target).standing, 'current');
});

test('a connection that a rule leads has its real destination, and the proxy as its other end', async () => {
  const proxy = await startMicrosocks({ networkNamespace: namespace, address: physical });
  try {
    const rule = `to ${target} port 7002 socks5 ${physical}:${proxy.port}`;
    await json('policy', 'add', rule);
    const script = join(directory, 'led.cjs');
    writeFileSync(
      script,
      `const net = require('net');
       net.createServer((socket) => socket.on('error', () => {})).listen(7002, '0.0.0.0', () =>
         net.connect(7002, '${target}', () => console.log('connected')));
       setTimeout(() => {}, 600000);`,
    );
    // Not node.exe: Wine tells of two files that are one by the first name of the two that was run.
    const program = prefix.spawn(talkerPath, [prefix.toWindowsPath(script)], { winsock: 'test' });
    try {
      await program.waitForOutput(/connected/);
      for (const filter of [target, physical]) {
        const led = only((await list('--to', filter)).filter(({ destinationPort }) => destinationPort === 7002), filter);
        assert.equal([led.remoteAddress, led.remotePort, led.destinationAddress, led.standing], [physical, proxy.port, target, 'current']);
        assert.equal([led.decided?.verdict, led.decided?.rule, led.says?.rule], ['socks5', rule, rule]);
      }
      const { stdout } = await cli('connections', '--to', target);
      assert.match(stdout, new RegExp(`talker\\.exe\\[\\d+\\] .*1\\.2\\.3\\.4:7002 by 11\\.22\\.33\\.44:${proxy.port} +established`));
    } finally {
      await program.kill();
      await json('policy', 'remove', '1');
    }
  } finally {
    await proxy.stop();
  }
});

test('without elevation: said so, and one\'s own connections all the same', async () => {
  const line = [prefix.toWindowsPath(node), prefix.toWindowsPath(cliPath), 'connections'];
  const plain = await prefix.run(requireArtifact('unelevated'), line, { winsock: 'test' });
  assert.is(plain.code, 0, plain.stderr);
  assert.match(plain.stdout, /told to administrators only/);
  const { stdout } = await prefix.run(requireArtifact('unelevated'), [...line, '--json'], { winsock: 'test' });
  const { decisionsOf, connections } = JSON.parse(stdout) as Table;
  assert.is(decisionsOf, 'own_user');
  assert.is(outgoing(connections, target).decided?.source, physical);
});

test('history: Wine has no such record, and that is said', async () => {
  assert.equal(await json('history'), { events: [], unreadable: 0, recording: 'missing' });
  assert.match((await cli('history')).stdout, /Wine has none/);
});

test('report writes a page of all this, and never over a file unless told', async () => {
  const file = join(directory, 'report.html');
  const path = prefix.toWindowsPath(file);
  const written = await json<{ path: string; full: boolean }>('report', path);
  assert.equal([written.path.toLowerCase(), written.full], [path.toLowerCase(), false]);
  const page = readFileSync(file, 'utf8');
  for (const expected of [/talker\.exe\[\d+\]/, /11\.22\.33\.44:\d+/, /1\.2\.3\.4:7000/, /<td>office<\/td>/, /winsock-lsp over \[MSAFD/, /<rect class="source"/]) {
    assert.match(page, expected);
  }
  assert.not.match(page, /could not be found out/);
  const refused = await cli('report', path, '--json');
  assert.is(refused.code, 1);
  assert.is((JSON.parse(refused.stdout) as { error: { code: string } }).error.code, 'ERROR_FILE_EXISTS');
  assert.is(readFileSync(file, 'utf8'), page);
  await json('report', path, '--full', '--force');
  assert.match(readFileSync(file, 'utf8'), /Everything is in it/);
  if (process.env.KEEP_REPORT !== undefined) copyFileSync(file, process.env.KEEP_REPORT);
});

test('watchConnections tells what opens and closes, until it is told to end', async () => {
  const script = join(directory, 'watch.mjs');
  const url = pathToFileURL(esmPath).href.replace('file:///', 'file:///Z:/');
  writeFileSync(
    script,
    `import net from 'node:net';
     import { watchConnections } from ${JSON.stringify(url)};
     const ending = new AbortController();
     let socket;
     net.createServer((accepted) => accepted.on('error', () => {})).listen(7001, '127.0.0.1', () =>
       setTimeout(() => (socket = net.connect(7001, '127.0.0.1')), 1500));
     const seen = [];
     for await (const { change, connection } of watchConnections({ signal: ending.signal, intervalMilliseconds: 200 })) {
       if (connection.remotePort !== 7001) continue;
       seen.push([change, connection.processId === process.pid, connection.remoteAddress]);
       if (change === 'opened') socket.destroy();
       else ending.abort();
     }
     console.log(JSON.stringify(seen));
     process.exit();`,
  );
  const { code, stdout, stderr } = await prefix.run(node, [prefix.toWindowsPath(script)], { winsock: 'test' });
  assert.is(code, 0, stderr);
  // By process id: the programs are links to one file here, and Wine tells the first one's name for all of them.
  assert.equal(JSON.parse(stdout), ['opened', 'closed'].map((change) => [change, true, '127.0.0.1']));
});

test('top refuses where there is no terminal', async () => {
  for (const [parameters, expected] of [[['top'], 'ERR_NOT_A_TERMINAL'], [['top', '--json'], 'ERR_USAGE']] as const) {
    const { code, stdout, stderr } = await cli(...parameters);
    assert.is(code, 2, stdout + stderr);
    assert.match(stdout + stderr, /connections --json/, expected);
  }
});

test('what is wrong is refused', async () => {
  const { code, stdout } = await cli('connections', '--to', 'example.com', '--json');
  assert.is(code, 2);
  assert.is((JSON.parse(stdout) as { error: { code: string } }).error.code, 'ERR_USAGE');
});

test.run();
