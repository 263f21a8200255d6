// The stand-in of winsock-lsp/testing beside the addon in Windows' node.exe: the same rules, destinations and tunnels for both.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import * as lsp from '../../ts/index.js';
import { useStandIn } from '../../ts/testing/index.js';
import { missingForNetwork, namespacePrefix, removeNamespaces } from '../e2e/namespaces.js';
import { nodeExecutables } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import { stageProgram, WinePrefix } from '../support/wine.js';
import { esmPath } from './dist.js';

const long = (bytes: number) => 'x'.repeat(bytes);

/** Good ones and bad ones, each kind of fault at least once. */
const rules: readonly string[] = [
  'keep', 'KEEP', ' \t refuse ', '# a comment', '', '#', 'app "a b" keep', 'app "say ""hi""" keep', 'app é.exe to 10.0.0.0/8 keep',
  'to 10.0.0.0/8,192.0.2.7 except 10.1.0.0/16 port 443,8000-8080 proto TCP via "OpenVPN TAP" source 11.22.33.44 otherwise refuse',
  'to 2001:db8::/32,::1,::ffff:0:0/95 keep', 'to ::ffff:10.0.0.0/104 keep', 'to ::ffff:1.2.3.4 keep', 'to ::/0 source interface Ethernet',
  'via 12 keep', 'via 281474976710656 keep', 'via 0 keep', 'via 012 keep', 'via 4294967296 keep', 'via 99999999999999999999999 keep', 'via "12" keep',
  'to 10.0.0.0/33 keep', 'to 10.0.0 keep', 'to 10.0.0.0/08 keep', 'to 10.0.0.0/ keep', 'to fe80::1%3 keep', 'to 1.2.3.4, keep', 'to ,1.2.3.4 keep', 'to "1.2.3.4, 5" keep',
  'to é keep', `to ${long(65)} keep`, `to ${long(64)} keep`, `to ${Array(1025).fill('::').join(',')} keep`, `to ${Array(1024).fill('::').join(',')} keep`,
  'port 65536 keep', 'port 1-2-3 keep', 'port 9-8 keep', 'port -1 keep', 'port "80" keep', 'port 0 keep', 'port "9-8" keep',
  'proto icmp keep', 'proto "tcp" keep', 'proto keep', 'app', 'app keep', 'app "" keep', 'app x', 'to', 'via "" keep',
  'app a app b keep', 'to ::1 TO ::2 keep', 'source', 'source 1.2.3.4 otherwise', 'source 1.2.3.4 otherwise drop', 'source 1.2.3.4 otherwise "keep"',
  'source ::ffff:1.2.3.4', 'source 0.0.0.0', 'source 224.0.0.1', 'source ff02::1', 'source 255.255.255.255', 'source 240.0.0.1', 'source 0.1.2.3', 'source ::',
  'source 127.0.0.1', 'source fe80::1', 'source host', 'source interface', 'source interface 0', 'source "interface" x', 'source interface "a b" otherwise Refuse',
  'keep keep', 'keep otherwise refuse', 'refuse to ::1', 'keep # no comment', 'keep "x"', 'teleport', 'teleport Mars', 'in from ::/0 keep', '"keep"', 'to 1.2.3.4 allow',
  'app "x keep', 'app x"y keep', 'app "x"y keep', 'app "a\tb" keep', 'app x\u0001 keep', '# \u0007', 'app \u0085 keep', `app ${long(4100)} keep`, `app ${long(4087)} keep`, 'K\u00e9ep',
];

const policy = [
  '# in this order',
  'app curl.exe to 1.2.3.9 refuse',
  'app "C:\\Program Files\\*\\mail.exe" source interface Ethernet',
  'app torrent.exe source interface Tun otherwise refuse',
  'app torrent.exe to ::/0 source interface Tun otherwise refuse',
  'to 1.2.3.0/24 except 1.2.3.128/25 port 25,100-200 proto tcp via 20 source 11.22.33.44 otherwise refuse',
  'to 8.8.8.8 source 11.22.33.44',
  'to 9.9.9.9 keep',
];
const curl = 'C:\\bin\\CURL.exe';
const questions: readonly (readonly [string, lsp.ExplainOptions])[] = [
  ['1.2.3.9', { app: curl }], ['1.2.3.9', { app: 'C:\\bin\\xcurl.exe' }], ['1.2.3.9', { app: 'curl.exe' }], ['::ffff:1.2.3.9', { app: curl }],
  ['5.5.5.5', { app: 'c:/program files/X/Y/mail.exe' }], ['5.5.5.5', { app: 'C:\\mail.exe' }], ['5.5.5.5', { app: 'C:\\torrent.exe' }],
  ['2001:db8:1::1', { app: 'C:\\torrent.exe' }], ['1.2.3.4', { port: 25 }], ['1.2.3.4', { port: 150, protocol: 'udp' }], ['1.2.3.200', { port: 25 }],
  ['1.2.3.4', { port: 200 }], ['1.2.3.4', {}], ['8.8.8.8', {}], ['9.9.9.9', {}], ['10.8.0.77', {}], ['10.8.0.255', {}], ['127.0.0.1', {}], ['::1', {}],
  ['224.0.0.1', {}], ['255.255.255.255', {}], ['169.254.1.1', {}], ['0.0.0.0', {}], ['240.1.2.3', {}], ['11.22.33.99', {}], ['fe80::1', {}],
];

const shared = `async (lsp, { rules, policy, questions }) => {
  const faults = rules.map((rule) => lsp.policy.check([rule]));
  await lsp.policy.set(policy);
  const stored = lsp.policy.get();
  await lsp.tunnel.publish({ name: 'office', address: '10.8.0.2/24', source: '11.22.33.44', publisher: 'none', otherwise: 'refuse' });
  const explained = questions.map(([destination, options]) => {
    const { verdict, reason, source, pinInterface, otherwise, rule, tunnel } = lsp.explain(destination, options);
    return { destination, ...options, verdict, reason, source, pinInterface, otherwise, rule, tunnel };
  });
  const bad = [];
  for (const tunnel of [
    { name: 'a b', address: '10.8.0.2/24', source: '11.22.33.44' },
    { name: 'x', address: '10.8.0.2/24', source: '11.22.33.45' },
    { name: 'x', address: '10.8.0.2/24', source: '10.8.0.2' },
    { name: 'x', address: '10.8.0.2/24', source: '127.0.0.1' },
    { name: 'x', address: '10.8.0.2/24', source: '10.8.0.255' },
    { name: 'x', address: '10.8.0.0/24', source: '11.22.33.44', interfaceIndex: 20 },
    { name: 'x', address: '10.8.0.2/0', source: '11.22.33.44', interfaceIndex: 20 },
    { name: 'x', address: '10.8.0.2/24', interfaceIndex: 20 },
    { name: 'x', address: '10.8.0.2/24', source6: 'fd00::1', interfaceIndex: 20 },
    { name: 'x', address: '10.9.0.2/24', source: '11.22.33.44' },
    { name: 'x', address: '10.8.0.2/24', source: '11.22.33.44', interfaceIndex: 99 },
  ]) await lsp.tunnel.publish(tunnel).then(() => bad.push(null), ({ code }) => bad.push(code));
  await lsp.tunnel.withdraw('OFFICE');
  const gone = await lsp.tunnel.withdraw('office').catch(({ code, errno, syscall }) => [code, errno, syscall]);
  return JSON.parse(JSON.stringify({ faults, stored, explained, bad, gone }));
}`;

interface Results {
  faults: unknown[];
  stored: unknown;
  explained: Record<string, unknown>[];
  bad: unknown[];
  gone: unknown;
}

const [node] = nodeExecutables();
const missing = missingForNetwork() ?? (node === undefined ? 'there is no node.exe (node scripts/run.mjs setup)' : undefined);
let directory = '';
let prefix: WinePrefix | undefined;
const namespaces = namespacePrefix('standin');
const network = `${namespaces}host`;

if (missing !== undefined || node === undefined) {
  test.skip(`the stand-in answers as the addon does: ${missing}`);
} else {
  let windows: Results;
  let standIn: Results;

  test.before(reported(async () => {
    const ip = (...parameters: string[]) => execFileSync('ip', parameters, { stdio: 'pipe' });
    ip('netns', 'add', network);
    const inside = (...parameters: string[]) => ip('-n', network, ...parameters);
    // The indexes that the stand-in's interfaces are given too.
    inside('link', 'add', 'Ethernet', 'index', '12', 'type', 'veth', 'peer', 'name', 'Tun', 'index', '20');
    inside('address', 'add', '11.22.33.44/24', 'dev', 'Ethernet');
    inside('address', 'add', '10.8.0.2/24', 'dev', 'Tun');
    for (const name of ['lo', 'Ethernet', 'Tun']) inside('link', 'set', name, 'up');
    inside('route', 'add', '1.2.3.0/24', 'dev', 'Tun');
    inside('route', 'add', 'default', 'via', '11.22.33.1');

    directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-stand-in-'));
    prefix = await WinePrefix.create({ directory: join(directory, 'prefix'), networkNamespace: network });
    const program = stageProgram(node.path, join(directory, 'node'));
    const script = join(directory, 'script.mjs');
    const url = pathToFileURL(esmPath).href.replace('file:///', 'file:///Z:/');
    const given = { rules, policy, questions };
    writeFileSync(script, `import * as lsp from ${JSON.stringify(url)};\nconst ask = ${shared};\nconsole.log(JSON.stringify(await ask(lsp, ${JSON.stringify(given)})));\n`);
    const { code, stdout, stderr } = await prefix.run(program, [prefix.toWindowsPath(script)], { winsock: 'test', ipHelper: 'test', timeoutMilliseconds: 240_000 });
    assert.is(code, 0, stderr);
    windows = JSON.parse(stdout) as Results;

    const machine = useStandIn({
      interfaces: [
        { index: 12, alias: 'Ethernet', addresses: ['11.22.33.44/24'] },
        { index: 20, alias: 'Tun', addresses: ['10.8.0.2/24'] },
      ],
      routes: [
        { prefix: '0.0.0.0/0', interfaceIndex: 12, nextHop: '11.22.33.1' },
        { prefix: '1.2.3.0/24', interfaceIndex: 20 },
      ],
    });
    const ask = (0, eval)(shared) as (from: typeof lsp, data: typeof given) => Promise<Results>;
    standIn = await ask(lsp, given);
    machine.restore();
  }));
  test.after(reported(async () => {
    await prefix?.stop();
    removeNamespaces(namespaces);
    rmSync(directory, { recursive: true, force: true });
  }));

  test('of every rule, the same fault at the same place in the same words', () => {
    assert.ok(windows.faults.filter((fault) => fault === null).length > 20 && windows.faults.filter((fault) => fault !== null).length > 50);
    for (const [index, rule] of rules.entries()) assert.equal(standIn.faults[index], windows.faults[index], rule.slice(0, 100));
  });

  test('the stored rules, and what they lack', () => {
    assert.equal(standIn.stored, windows.stored);
  });

  test('of every destination and program the same decision', () => {
    const reasons = new Set(windows.explained.map(({ reason }) => reason));
    assert.ok(reasons.size > 8, [...reasons].join());
    for (const [index, explained] of windows.explained.entries()) assert.equal(standIn.explained[index], explained);
  });

  test('of tunnels the same errors', () => {
    assert.equal([standIn.bad, standIn.gone], [windows.bad, windows.gone]);
  });
}

test.run();
