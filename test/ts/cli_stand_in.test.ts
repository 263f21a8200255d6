// The command line over the stand-in of winsock-lsp/testing: what commands print and end with where they work, without Windows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { run } from '../../ts/cli/run.js';
import { useStandIn, type StandIn } from '../../ts/testing/index.js';

const test = suite('the command line');
const directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-cli-'));
let machine: StandIn;

test.before.each(() => {
  machine = useStandIn({
    interfaces: [
      { index: 12, alias: 'Ethernet', addresses: ['11.22.33.44/24'] },
      { index: 20, alias: 'OpenVPN TAP', addresses: ['10.8.0.2/24'] },
    ],
    routes: [
      { prefix: '0.0.0.0/0', interfaceIndex: 12, nextHop: '11.22.33.1' },
      { prefix: '1.2.3.0/24', interfaceIndex: 20 },
    ],
  });
});
test.after.each(() => machine.restore());
test.after(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a command line; what it prints. Fails unless it ends with `code`. */
async function cli(code: number, ...argv: string[]): Promise<string> {
  let printed = '';
  const streams = [process.stdout, process.stderr] as const;
  const writers = streams.map((stream) => stream.write);
  for (const stream of streams) {
    stream.write = (text: string | Uint8Array) => {
      printed += String(text);
      return true;
    };
  }
  let ended: number;
  try {
    ended = await run(argv);
  } finally {
    streams.forEach((stream, index) => (stream.write = writers[index] as typeof stream.write));
  }
  assert.is(ended, code, `${argv.join(' ')}: ${printed}`);
  return printed;
}
const json = async <T>(code: number, ...argv: string[]): Promise<T> => JSON.parse(await cli(code, ...argv, '--json')) as T;
const errorOf = async (code: number, ...argv: string[]) => (await json<{ error: { code: string } }>(code, ...argv)).error.code;

test('install, list, map, remove', async () => {
  assert.match(await cli(0, 'install', '--dry-run'), /winsock-lsp over \[MSAFD Tcpip \[TCP\/IP\]\]/);
  assert.match(await cli(0, 'install', '--over', 'tcp,udp'), /1007/);
  const list = await cli(0, 'list');
  assert.match(list, /^\* +1008 +chain +TCP\/IPv4 +1007 > 1001 /m);
  assert.is(list.match(/^\*/gm)?.length, 5);
  assert.match(await cli(0, 'map'), /1003 MSAFD Tcpip \[RAW\/IP\].*<- in use/);
  assert.match(await cli(0, 'install'), /Nothing to do|already/i);
  assert.match(await cli(0, 'remove'), /^Removed catalog entries 1008, 1009, 1010, 1011, 1007\.$/m);
  assert.match(await cli(0, 'remove'), /^Nothing to do: the LSP is not installed\.$/m);
});

test('policy add, list, explain, check, remove', async () => {
  await cli(0, 'policy', 'add', 'app curl.exe source interface Ethernet');
  await cli(0, 'policy', 'add', 'app x.exe source interface Gone', '--before', '1');
  assert.is(
    await cli(0, 'policy', 'list'),
    'LINE  RULE\n' +
      '1     app x.exe source interface Gone         matches nothing: no interface Gone, or without an address\n' +
      '2     app curl.exe source interface Ethernet\n',
  );
  const explained = await json<{ source: string; rule: string }>(0, 'policy', 'explain', '--to', '1.2.3.4', '--app', 'C:\\curl.exe');
  assert.equal([explained.source, explained.rule], ['11.22.33.44', 'app curl.exe source interface Ethernet']);
  const file = join(directory, 'rules.txt');
  writeFileSync(file, 'keep\nto 10.0.0.0/33 keep\n');
  assert.match(await cli(1, 'policy', 'check', file), /line 2, column 4: .*\n {2}to 10\.0\.0\.0\/33 keep\n {5}\^\n/);
  assert.is(await errorOf(1, 'policy', 'set', directory), 'ERR_FILE');
  assert.is(await errorOf(6, 'policy', 'set', join(directory, 'none')), 'ERROR_FILE_NOT_FOUND');
  assert.is(await cli(0, 'policy', 'remove', '1', '--expect', 'app x.exe source interface Gone'), 'Removed line 1: app x.exe source interface Gone\n');
});

test('tunnel set, show, clear, and route in between', async () => {
  assert.is(await cli(0, 'tunnel', 'set', 'office', '--address', '10.8.0.2/24', '--source', '11.22.33.44'), 'Published the tunnel office.\n');
  assert.match(await cli(0, 'tunnel', 'show'), /^office +20 +10\.8\.0\.2\/24 +11\.22\.33\.44 +keep +- +in force$/m);
  assert.match(await cli(0, 'route', '1.2.3.4'), /11\.22\.33\.44/);
  assert.is(await cli(0, 'tunnel', 'clear', 'office'), 'Withdrew the tunnel office.\n');
  assert.is(await cli(0, 'tunnel', 'show'), 'No tunnel is published.\n');
  assert.is(await errorOf(6, 'tunnel', 'clear', 'office'), 'ERROR_FILE_NOT_FOUND');
});

test('stats and watch tell what programs have done', async () => {
  assert.is(await errorOf(6, 'stats'), 'ERR_NOT_INSTALLED');
  await cli(0, 'install');
  await cli(0, 'policy', 'add', 'app curl.exe refuse');
  machine.use({ destination: '9.9.9.9', app: 'C:\\curl.exe', processId: 5 });
  assert.match(await cli(0, 'stats'), /^decidedRefuse +1 /m);
  assert.match(await cli(0, 'stats', '--by-process'), /^curl\.exe\[5\]\n {2}decidedRefuse +1/m);
  assert.match(await cli(0, 'watch', '--recent', '--count', '1'), /curl\.exe\[5\] tcp 9\.9\.9\.9:443 refused <- app curl\.exe refuse\n$/);
});

test('doctor finds and clears a tunnel whose publisher has ended', async () => {
  await cli(0, 'install');
  machine.processes.add(77);
  await cli(0, 'tunnel', 'set', 'old', '--address', '10.8.0.2/24', '--source', '11.22.33.44', '--pid', '77');
  machine.processes.delete(77);
  assert.match(await cli(8, 'doctor'), /warning tunnel-stale: The tunnel old is still published, but process 77, which published it, has ended\./);
  assert.match(await cli(0, 'doctor', '--fix'), /^fixed tunnel-stale: /m);
});

for (const [failing, code, exit] of [
  ['installProvider', 'ERROR_ACCESS_DENIED', 4],
  ['installProvider', 'ERR_READBACK_MISMATCH', 5],
  ['checkSources', 'ERROR_FILE_NOT_FOUND', 6],
  ['findAccount', 'ERR_UNKNOWN_GROUP', 6],
  ['installProvider', 'ERR_CATALOG_BUSY', 7],
  ['installProvider', 'ERR_OTHERS_DEPEND', 7],
  ['installProvider', 'ERR_DLL_REFUSED', 1],
] as const) {
  test(`an installation that ends with ${code} ends the command with ${exit}`, async () => {
    machine.failNext(failing, { code });
    assert.is(await errorOf(exit, 'install', '--publishers', 'VPN Users'), code);
  });
}

test.run();
