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
  'through 12', 'app x.exe through "OpenVPN TAP" otherwise keep', 'THROUGH Tun Otherwise REFUSE', 'through 281474976710656', 'through', 'through 0', 'through ""',
  'through Ethernet login x', 'through "12" otherwise', 'through Tun otherwise keep otherwise keep', 'through Tun to ::1', 'source 1.2.3.4 otherwise keep otherwise keep',
  'source 1.2.3.4 login a', 'source 1.2.3.4 via 12', 'source 1.2.3.4 otherwise keep keep',
  'socks5 127.0.0.1:1080', 'app x.exe port 443 Socks5 [2001:DB8:0::1]:9050 otherwise keep', 'socks5 10.0.0.1:65535 login work otherwise refuse',
  'socks5 127.0.0.1:9050 otherwise keep owner Local-Service login a.b_c-D', 'socks5 "127.0.0.1:9050" owner s-1-5-80-1-2-3', 'socks5 1.2.3.4:1 owner NETWORK-SERVICE',
  'socks5', 'socks5 ""', 'socks5 proxy.example:1080', 'socks5 127.0.0.1', 'socks5 127.0.0.1:0', 'socks5 127.0.0.1:65536', 'socks5 127.0.0.1:01080', 'socks5 127.0.0.1:', 'socks5 :1080',
  'socks5 2001:db8::1:1080', 'socks5 [127.0.0.1]:1080', 'socks5 [2001:db8::1]', 'socks5 []:1080', 'socks5 [::1:1080', 'socks5 [::1]x:1080', 'socks5 [fe80::1%3]:1080', 'socks5 [[::1]]:1080',
  'socks5 "1.2.3.4"":1080"', 'socks5 [::ffff:127.0.0.1]:1080', 'socks5 0.0.0.0:1080', 'socks5 224.0.0.1:1080', 'socks5 255.255.255.255:1', 'socks5 240.0.0.1:1', 'socks5 [::]:1',
  'socks5 [ff02::1]:1', `socks5 ${long(65)}:1`, 'socks5 127.0.0.1:1080 login', 'socks5 127.0.0.1:1080 login ""', 'socks5 127.0.0.1:1080 login "a b"', 'socks5 127.0.0.1:1080 login "a"',
  `socks5 127.0.0.1:1080 login ${long(64)}`, `socks5 127.0.0.1:1080 login ${long(65)}`, 'socks5 127.0.0.1:1080 login a login b', 'socks5 127.0.0.1:1080 login é', 'socks5 127.0.0.1:1080 owner',
  'socks5 127.0.0.1:1080 owner Everyone', 'socks5 127.0.0.1:1080 owner S-1-x', 'socks5 127.0.0.1:1080 owner S-1-', `socks5 127.0.0.1:1080 owner S-1-${'1'.repeat(180)}`, `socks5 127.0.0.1:1080 owner S-1-${'1'.repeat(181)}`,
  'socks5 127.0.0.1:1080 owner local-service OWNER local-service', 'socks5 127.0.0.1:1080 otherwise drop', 'socks5 127.0.0.1:1080 "login" a', 'socks5 127.0.0.1:1080 login a b', 'socks5 127.0.0.1:1080 otherwise',
  'in', 'in keep', 'IN refuse', ' \tin from 10.0.0.0/8,fd00::/8 except 10.1.0.0/16 port 22,8000-8080 proto TCP app server.exe refuse', 'in from', 'in from 10.0.0.0/33 keep', 'in from ::ffff:1.2.3.4 keep',
  'in proto', 'in proto udp keep', 'in proto raw keep', 'in proto icmp keep', 'in proto "tcp" keep', 'in to 1.2.3.4 keep', 'in via 12 keep', 'in source 1.2.3.4', 'in through 12', 'in socks5 127.0.0.1:1', 'in in keep', 'in teleport',
  'in from ::1 FROM ::2 keep', 'in keep otherwise refuse', 'in keep from ::1', 'in keep to ::1', '"in" keep', 'from 1.2.3.4 keep', 'app x from ::1 keep', 'keep from ::1', 'app in keep',
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
  'in from 5.6.0.0/16 port 22 refuse',
  'in app "C:\\bin\\*" from 2001:db8::/32 except 2001:db8:1::/48 proto tcp keep',
  'in from 2001:db8::/32 refuse',
  'app through.exe port 1-1000 through Tun',
  'app through.exe through Ethernet otherwise keep',
  'app gone.exe through Gone',
  'app gone.exe port 1 through "Gone too" otherwise keep',
  'app led.exe to 5.6.7.0/24 socks5 [2001:db8::1]:9050 login Work owner Local-Service otherwise keep',
  'app led.exe SOCKS5 6.6.6.6:1080 otherwise refuse login Work',
];
const curl = 'C:\\bin\\CURL.exe';
const questions: readonly (readonly [string, lsp.ExplainOptions])[] = [
  ['1.2.3.9', { app: curl }], ['1.2.3.9', { app: 'C:\\bin\\xcurl.exe' }], ['1.2.3.9', { app: 'curl.exe' }], ['::ffff:1.2.3.9', { app: curl }],
  ['5.5.5.5', { app: 'c:/program files/X/Y/mail.exe' }], ['5.5.5.5', { app: 'C:\\mail.exe' }], ['5.5.5.5', { app: 'C:\\torrent.exe' }],
  ['2001:db8:1::1', { app: 'C:\\torrent.exe' }], ['1.2.3.4', { port: 25 }], ['1.2.3.4', { port: 150, protocol: 'udp' }], ['1.2.3.200', { port: 25 }],
  ['1.2.3.4', { port: 200 }], ['1.2.3.4', {}], ['8.8.8.8', {}], ['9.9.9.9', {}], ['10.8.0.77', {}], ['10.8.0.255', {}], ['127.0.0.1', {}], ['::1', {}],
  ['224.0.0.1', {}], ['255.255.255.255', {}], ['169.254.1.1', {}], ['0.0.0.0', {}], ['240.1.2.3', {}], ['11.22.33.99', {}], ['fe80::1', {}],
  ['5.6.7.8', { port: 22 }], ['5.6.7.8', { app: 'C:\\through.exe', port: 80 }], ['5.6.7.8', { app: 'C:\\through.exe', port: 2000, protocol: 'udp' }],
  ['2001:db8::9', { app: 'C:\\through.exe', port: 80 }], ['2001:db8::9', { app: 'C:\\through.exe', port: 2000 }], ['1.2.3.200', { app: 'C:\\through.exe', port: 443 }],
  ['5.6.7.8', { app: 'C:\\gone.exe' }], ['5.6.7.8', { app: 'C:\\gone.exe', port: 1 }],
  ['5.6.7.8', { app: 'C:\\led.exe', port: 443 }], ['5.6.8.8', { app: 'C:\\led.exe', port: 443 }], ['::ffff:5.6.8.8', { app: 'C:\\led.exe', port: 443 }],
  ['2001:db8::9', { app: 'C:\\led.exe', port: 443 }], ['5.6.7.8', { app: 'C:\\led.exe', protocol: 'udp' }], ['5.6.8.8', { app: 'C:\\led.exe', protocol: 'udp' }], ['5.6.8.8', { app: 'C:\\led.exe', protocol: 'raw' }],
  ['6.6.6.6', { app: 'C:\\led.exe', port: 1080 }], ['6.6.6.6', { app: 'C:\\led.exe', port: 1081 }], ['6.6.6.6', { app: 'C:\\led.exe', port: 1080, protocol: 'udp' }], ['2001:db8::1', { app: curl, port: 9050 }],
];
/** Connections that come in. */
const peers: readonly (readonly [string, lsp.ExplainIncomingOptions])[] = [
  ['5.6.7.8', { port: 22 }], ['::ffff:5.6.7.8', { port: 22 }], ['5.6.7.8', { port: 23 }], ['5.7.7.8', { port: 22 }], ['127.0.0.1', { port: 22 }], ['::1', {}],
  ['2001:db8::9', { app: curl }], ['2001:db8:1::9', { app: curl }], ['2001:db8::9', { app: 'C:\\x.exe' }], ['1.2.3.9', { app: curl }],
];

const shared = `async (lsp, { rules, policy, questions, peers }) => {
  const faults = rules.map((rule) => lsp.policy.check([rule]));
  await lsp.policy.set(policy);
  const stored = lsp.policy.get();
  await lsp.tunnel.publish({ name: 'office', address: '10.8.0.2/24', source: '11.22.33.44', publisher: 'none', otherwise: 'refuse' });
  const explained = questions.map(([destination, options]) => {
    const { verdict, reason, source, proxy, way, wayError, pinInterface, otherwise, rule, tunnel } = lsp.explain(destination, options);
    const told = { verdict, reason, source, proxy, pinInterface, otherwise, rule, tunnel };
    return { destination, ...options, ...told, way: way && [way.interfaceIndex, way.nextHop], wayError: wayError && wayError.code };
  });
  const letIn = peers.map(([peer, options]) => lsp.explainIncoming(peer, options));
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
  return JSON.parse(JSON.stringify({ faults, stored, explained, letIn, bad, gone }));
}`;

interface Results {
  faults: unknown[];
  stored: unknown;
  explained: Record<string, unknown>[];
  letIn: Record<string, unknown>[];
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
    const given = { rules, policy, questions, peers };
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
    assert.ok(reasons.size > 11, [...reasons].join());
    const verdicts = new Set(windows.explained.map(({ verdict }) => verdict));
    assert.equal([...verdicts].sort(), ['keep', 'refuse', 'socks5', 'source', 'through']);
    for (const [index, explained] of windows.explained.entries()) assert.equal(standIn.explained[index], explained);
  });

  test('of every connection that comes in the same decision', () => {
    assert.equal(new Set(windows.letIn.map(({ verdict, reason }) => `${String(verdict)} ${String(reason)}`)).size, 4);
    for (const [index, decided] of windows.letIn.entries()) assert.equal(standIn.letIn[index], decided);
  });

  test('of tunnels the same errors', () => {
    assert.equal([standIn.bad, standIn.gone], [windows.bad, windows.gone]);
  });
}

test.run();
