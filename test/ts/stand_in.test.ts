// The stand-in of winsock-lsp/testing, by the package's own functions: what a tool that is built on the package meets. No Windows.
// (That it judges rules and destinations as the addon does, test/ts/stand_in_windows.test.ts shows.)
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import * as lsp from '../../ts/index.js';
import { useStandIn, type StandIn } from '../../ts/testing/index.js';
import { repository } from '../support/artifacts.js';

const test = suite('stand-in');
let machine: StandIn;

test.before.each(() => {
  machine = useStandIn({
    interfaces: [
      { index: 12, alias: 'Ethernet', addresses: ['11.22.33.44/24', '2001:db8::7/64'] },
      { index: 20, alias: 'OpenVPN TAP', addresses: ['10.8.0.2/24'] },
    ],
    routes: [
      { prefix: '0.0.0.0/0', interfaceIndex: 12, nextHop: '11.22.33.1' },
      { prefix: '1.2.3.0/24', interfaceIndex: 20 },
    ],
    processes: [77],
  });
});
test.after.each(() => machine.restore());

const office = { name: 'office', address: '10.8.0.2/24', source: '11.22.33.44' };

async function failure(call: () => unknown): Promise<InstanceType<typeof lsp.LspError>> {
  try {
    await call();
  } catch (error) {
    assert.ok(lsp.isLspError(error), String(error));
    return error;
  }
  throw new Error('it did not fail');
}
const codeOf = async (call: () => unknown) => (await failure(call)).code;
const names = () => lsp.enumerateCatalog().map(({ id, kind, ours, chain }) => `${ours ? '*' : ' '}${id} ${kind} ${chain.join('>')}`.trimEnd());

test('isSupported is true while it is in place, and only then', async () => {
  const before = process.platform === 'win32';
  assert.is(lsp.isSupported, true);
  machine.restore();
  assert.is(lsp.isSupported, before);
  if (!before) assert.is(await codeOf(() => lsp.isInstalled()), 'ERR_UNSUPPORTED_PLATFORM');
});

test('`using` puts it away', () => {
  {
    using inner = useStandIn();
    assert.ok(inner.elevated && lsp.isSupported);
  }
  assert.is(lsp.isSupported, process.platform === 'win32');
});

test('a second one takes the place of the first, which then has nothing to restore', async () => {
  await lsp.installLsp();
  const second = useStandIn();
  machine.restore();
  assert.is(lsp.isInstalled(), false, 'the second answers');
  second.restore();
  assert.is(lsp.isSupported, process.platform === 'win32');
});

test('install lays chains over both families, first in both catalogs; again it changes nothing', async () => {
  assert.is(lsp.isInstalled(), false);
  const report = await lsp.installLsp();
  assert.is(report.changed, true);
  assert.equal(lsp.enumerateCatalog().filter(({ ours }) => ours).map(({ id }) => id), report.entries);
  assert.equal(names().slice(0, 2), ['*1008 chain 1007>1001', '*1009 chain 1007>1002']);
  assert.is(names().length, 13);
  assert.is(lsp.enumerateCatalog({ architecture: 'ia32' }).filter(({ ours }) => ours).length, 7);
  assert.is(lsp.isInstalled(), true);
  assert.is((await lsp.installLsp()).changed, false);
});

test('what planInstall and planRemove tell is what happens', async () => {
  const plan = await lsp.planInstall({ over: ['tcp'] });
  assert.equal([plan.changes, plan.over, plan.overChanges], [true, ['tcp'], true]);
  const [own] = plan.catalogs;
  assert.equal(own?.added.map(({ name, id }) => [name, id]), [
    ['winsock-lsp over [MSAFD Tcpip [TCP/IP]]', null],
    ['winsock-lsp over [MSAFD Tcpip [TCP/IPv6]]', null],
    ['winsock-lsp', null],
  ]);
  await lsp.installLsp({ over: ['tcp'] });
  assert.equal(lsp.enumerateCatalog().map(({ name }) => name), own?.after.map(({ name }) => name));
  assert.is((await lsp.planInstall()).changes, false, 'the choice is remembered');
  const removal = await lsp.planRemove();
  const removed = await lsp.removeLsp();
  assert.equal(removed.entries, removal.catalogs[0]?.removed.map(({ id }) => id));
  assert.is((await lsp.removeLsp()).changed, false);
});

test('what is wrong with an installation has the code that Windows gives it', async () => {
  assert.is(await codeOf(() => lsp.installLsp({ over: [4711] })), 'ERR_UNKNOWN_ENTRY');
  await lsp.installLsp();
  assert.is(await codeOf(() => lsp.orderCatalog([1, 1])), 'ERR_UNKNOWN_ENTRY');
  machine.elevated = false;
  assert.is(await codeOf(() => lsp.installLsp()), 'ERROR_ACCESS_DENIED');
  assert.is(await codeOf(() => lsp.removeLsp()), 'ERROR_ACCESS_DENIED');
});

test('an installation that is called off rejects as Node does, and leaves everything as it was', async () => {
  const slow = useStandIn({ stepMilliseconds: 20 });
  const before = names();
  const controller = new AbortController();
  setTimeout(() => controller.abort('no more'), 30);
  const error = await failure(() => lsp.installLsp({ signal: controller.signal }));
  assert.equal([error.name, error.code, error.cause, names()], ['AbortError', 'ABORT_ERR', 'no more', before]);
  assert.instance(error, lsp.AbortError);
  const aborted = await failure(() => lsp.removeLsp({ signal: AbortSignal.abort('before') }));
  assert.equal([aborted.name, aborted.cause], ['AbortError', 'before']);
  slow.restore();
});

test('two changes at once: the second finds the catalog busy', async () => {
  const slow = useStandIn({ stepMilliseconds: 20 });
  const removal = lsp.removeLsp();
  assert.is(await codeOf(() => lsp.orderCatalog([1006], { first: true })), 'ERR_CATALOG_BUSY');
  await removal;
  assert.is((await lsp.orderCatalog([1006], { first: true })).changed, true);
  slow.restore();
});

test('order moves what is named', async () => {
  assert.equal((await lsp.orderCatalog([1003, 1001])).after, [1003, 1002, 1001, 1004, 1005, 1006]);
  assert.equal((await lsp.orderCatalog([1006], { first: true })).after, [1006, 1003, 1002, 1001, 1004, 1005]);
  assert.is(names()[0], ' 1006 base');
});

test('rules are set, added, removed, and told with what the host lacks', async () => {
  await lsp.policy.set('# mine\napp curl.exe source interface Ethernet\n\nto 192.0.2.0/24 refuse');
  assert.is(await lsp.policy.add('app x.exe source interface Gone otherwise refuse', { before: 2 }), 2);
  assert.equal(
    lsp.policy.get().rules.map(({ line, missingInterface, refusing }) => [line, missingInterface, refusing]),
    [
      [2, 'Gone', true],
      [3, null, false],
      [4, null, false],
    ],
  );
  assert.is(await lsp.policy.remove(2), 'app x.exe source interface Gone otherwise refuse');
  assert.is(await codeOf(() => lsp.policy.remove(2, { expected: 'keep' })), 'ERR_POLICY_CHANGED');
  assert.is(await codeOf(() => lsp.policy.remove(9)), 'ERROR_NOT_FOUND');
  assert.equal(lsp.policy.get().lines, ['# mine', 'app curl.exe source interface Ethernet', 'to 192.0.2.0/24 refuse']);
});

test('a rule that cannot be understood is told by line and column, and changes nothing', async () => {
  const error = await failure(() => lsp.policy.set(['keep', 'app curl.exe to 10.0.0.0/33 keep']));
  assert.instance(error, lsp.PolicyError);
  const { line, column, text } = error as InstanceType<typeof lsp.PolicyError>;
  assert.equal([error.code, line, column, text], ['ERR_INVALID_POLICY', 2, 17, 'app curl.exe to 10.0.0.0/33 keep']);
  assert.equal(lsp.policy.get().lines, []);
});

test('somebody who writes the rules between is noticed, and it is tried again', async () => {
  machine.failNext('writePolicy', { code: 'ERR_POLICY_CHANGED' });
  assert.is(await lsp.policy.add('keep'), 1);
});

test('a tunnel gives what goes into it the physical address, until its block ends', async () => {
  await lsp.installLsp();
  {
    await using published = await lsp.tunnel.publish(office);
    assert.equal([published.name, published.interfaceIndex], ['office', 20]);
    assert.equal(lsp.tunnel.list().map(({ name, publisher, alive }) => [name, publisher, alive]), [['office', process.pid, true]]);
    const { verdict, source, tunnel, pinInterface, rule } = lsp.explain('1.2.3.4');
    assert.equal(
      [verdict, source, tunnel, pinInterface, rule],
      ['source', '11.22.33.44', 'office', 20, 'except 10.8.0.0/24 via 20 source 11.22.33.44'],
    );
    assert.is(lsp.explain('10.8.0.9').reason, 'tunnel_subnet');
    assert.is(lsp.explain('8.8.8.8').reason, 'no_rule');
  }
  assert.equal(lsp.tunnel.list(), []);
});

test('a block that fails withdraws its tunnel too', async () => {
  await lsp.tunnel.publish({ ...office, name: 'other', publisher: 'none' });
  const work = async () => {
    await using _ = await lsp.tunnel.publish(office);
    throw new Error('work failed');
  };
  await work().then(() => assert.unreachable(), (error: Error) => assert.is(error.message, 'work failed'));
  assert.equal(lsp.tunnel.list().map(({ name }) => name), ['other']);
});

test('withdraw() twice is once; a later publication of the same name is not the earlier one\'s to withdraw', async () => {
  const first = await lsp.tunnel.publish(office);
  await Promise.all([first.withdraw(), first.withdraw()]);
  await first.withdraw();
  const second = await lsp.tunnel.publish(office);
  const third = await lsp.tunnel.publish({ ...office, name: 'OFFICE' });
  await second.withdraw();
  assert.is(lsp.tunnel.list().length, 1);
  await third.withdraw();
  assert.equal(lsp.tunnel.list(), []);
});

test('withdraw() that fails may be called again; what is gone already is an error of withdraw(), not of the end of a block', async () => {
  const published = await lsp.tunnel.publish(office);
  machine.failNext('withdrawTunnel', { code: 'ERR_TUNNELS_BUSY' });
  assert.is(await codeOf(() => published.withdraw()), 'ERR_TUNNELS_BUSY');
  // Another process withdraws it.
  machine.failNext('withdrawTunnel', { code: 'ERROR_FILE_NOT_FOUND' });
  assert.is(await codeOf(() => published.withdraw()), 'ERROR_FILE_NOT_FOUND');
  machine.failNext('withdrawTunnel', { code: 'ERROR_FILE_NOT_FOUND' });
  await published[Symbol.asyncDispose]();
  machine.failNext('withdrawTunnel', { code: 'ERROR_ACCESS_DENIED' });
  assert.is(await codeOf(() => published[Symbol.asyncDispose]()), 'ERROR_ACCESS_DENIED');
  await published.withdraw();
});

const badTunnels: readonly (readonly [string, Partial<lsp.TunnelOptions>, string, RegExp])[] = [
  ['a name that is none', { name: 'a b' }, 'ERR_INVALID_TUNNEL', /tunnel's name/],
  ['a source that the host does not have', { source: '11.22.33.45' }, 'ERROR_NOT_FOUND', /does not have/],
  ['the tunnel\'s own address as source', { source: '10.8.0.2' }, 'ERR_INVALID_TUNNEL', /the tunnel's own/],
  ['a loopback source', { source: '127.0.0.1' }, 'ERR_INVALID_TUNNEL', /a loopback address/],
  ['no source', { source: undefined }, 'ERR_INVALID_TUNNEL', /no source address/],
  ['a network\'s address', { address: '10.8.0.0/24', interfaceIndex: 20 }, 'ERR_INVALID_TUNNEL', /the network's address/],
  ['an address that no interface has', { address: '10.9.0.2/24' }, 'ERROR_NOT_FOUND', /tunnel interface/],
  ['an interface that is not there', { interfaceIndex: 99 }, 'ERROR_NOT_FOUND', /99/],
  ['a publisher that is no process', { publisher: 78 }, 'ERROR_INVALID_PARAMETER', /78/],
];
for (const [what, change, code, message] of badTunnels) {
  test(`a tunnel with ${what} is not published: ${code}`, async () => {
    const error = await failure(() => lsp.tunnel.publish({ ...office, ...change }));
    assert.is(error.code, code);
    assert.match(error.message, message);
    assert.equal(lsp.tunnel.list(), []);
  });
}

test('a tunnel whose publisher has ended is ignored, found by doctor, and cleared', async () => {
  await lsp.installLsp();
  await lsp.tunnel.publish({ ...office, publisher: 77 });
  machine.processes.delete(77);
  assert.is(lsp.tunnel.list()[0]?.alive, false);
  assert.is(lsp.explain('1.2.3.4').verdict, 'keep');
  assert.equal((await lsp.doctor()).findings.map(({ code, fixable }) => [code, fixable]), [['tunnel-stale', true]]);
  const { healthy, fixed } = await lsp.doctor({ fix: true });
  assert.equal([healthy, fixed.map(({ code }) => code), lsp.tunnel.list()], [true, ['tunnel-stale'], []]);
});

test('what programs do is counted, and told to those who watch', async () => {
  assert.is(await codeOf(() => lsp.readStats()), 'ERR_NOT_INSTALLED');
  await lsp.installLsp();
  await lsp.policy.set(['app curl.exe refuse', 'to 8.8.8.8 source 11.22.33.44 otherwise refuse']);
  machine.use({ destination: '9.9.9.9', app: 'C:\\bin\\CURL.exe', processId: 5 });
  machine.use({ destination: '8.8.8.8', protocol: 'udp', port: 53 });
  machine.use({ destination: '127.0.0.1' });
  const { decidedRefuse, refused, decidedSource, sentFromSource, decidedKeep } = lsp.readStats();
  assert.equal([decidedRefuse, refused, decidedSource, sentFromSource, decidedKeep], [1, 1, 1, 1, 1]);
  assert.equal(lsp.readStatsByProcess().map(({ processId, image, stats }) => [processId, image, stats.refused]), [
    [5, 'CURL.exe', 1],
    [4711, 'program.exe', 0],
  ]);
  assert.equal(lsp.recentDecisions().map(({ destination, verdict, rule }) => [destination, verdict, rule]), [
    ['9.9.9.9', 'refuse', 'app curl.exe refuse'],
    ['8.8.8.8', 'source', 'to 8.8.8.8 source 11.22.33.44 otherwise refuse'],
  ]);
  const seen: string[] = [];
  const ending = new AbortController();
  setTimeout(() => machine.use({ destination: '7.7.7.7' }), 20);
  for await (const { destination } of lsp.watchDecisions({ intervalMilliseconds: 10, signal: ending.signal })) {
    seen.push(destination);
    ending.abort();
  }
  assert.equal(seen, ['7.7.7.7']);
});

test('programs leave through an interface or a proxy, and others are let in or not', async () => {
  await lsp.installLsp();
  await lsp.policy.set(['app t.exe through "OpenVPN TAP"', 'app s.exe socks5 5.5.5.5:1080 login work', 'in from 9.0.0.0/8 port 22 refuse', 'app gone.exe through Gone']);
  const through = lsp.explain('8.8.8.8', { app: 'C:\\t.exe' });
  assert.equal([through.verdict, through.source, through.pinInterface, through.otherwise], ['through', '10.8.0.2', 20, 'refuse']);
  assert.equal([through.way, through.wayError?.code], [null, 'ERROR_NETWORK_UNREACHABLE'], 'no route on it leads there');
  assert.is(lsp.explain('1.2.3.4', { app: 'C:\\t.exe' }).way?.interfaceIndex, 20);
  const led = lsp.explain('8.8.8.8', { app: 'C:\\s.exe', port: 443 });
  assert.equal([led.verdict, led.proxy, led.source, led.rule], ['socks5', '5.5.5.5:1080', null, 'app s.exe socks5 5.5.5.5:1080 login work']);
  assert.is(lsp.explain('5.5.5.5', { port: 1080 }).reason, 'proxy');
  assert.equal(lsp.explainIncoming('9.1.1.1', { port: 22 }).verdict, 'refuse');
  assert.equal(lsp.policy.get().rules.map(({ missingInterface, refusing }) => [missingInterface, refusing]), [
    [null, false],
    [null, false],
    [null, false],
    ['Gone', true],
  ]);
  machine.use({ destination: '8.8.8.8', app: 'C:\\t.exe' });
  machine.use({ destination: '8.8.8.8', app: 'C:\\s.exe' });
  machine.use({ destination: '8.8.8.8', app: 'C:\\s.exe', protocol: 'udp' });
  const { decidedThrough, boundSource, decidedSocks5, led: connected, refused } = lsp.readStats();
  assert.equal([decidedThrough, boundSource, decidedSocks5, connected, refused], [1, 1, 1, 1, 1]);
  assert.equal(lsp.recentDecisions().map(({ verdict, reason, source, proxy }) => [verdict, reason, source, proxy?.outcome ?? null]), [
    ['through', 'rule', '10.8.0.2', null],
    ['socks5', 'rule', null, 'led'],
    ['refuse', 'not_tcp', null, null],
  ]);
});

test('a call is made to fail once', async () => {
  machine.failNext('installProvider', { code: 'ERR_READBACK_MISMATCH', message: 'The catalog did not keep it.' });
  const { code, message } = await failure(() => lsp.installLsp());
  assert.equal([code, message], ['ERR_READBACK_MISMATCH', 'The catalog did not keep it.']);
  assert.is((await lsp.installLsp()).changed, true);
});

test('what it does not have says so, and docs/testing.md says what that is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-stand-in-'));
  const { code, message } = await failure(() => lsp.backupCatalogs(join(folder, 'backup.json')));
  rmSync(folder, { recursive: true });
  assert.is(code, 'ERR_NOT_IN_STAND_IN');
  assert.match(message, /docs\/testing\.md/);
  const declared = readFileSync(join(repository, 'ts', 'native.ts'), 'utf8').match(/^export interface Native \{$([^]*?)^\}$/m)?.[1] ?? '';
  const methods = [...declared.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name ?? '');
  assert.ok(methods.length > 30);
  const source = readFileSync(join(repository, 'ts', 'testing', 'stand_in.ts'), 'utf8');
  const lacking = methods.filter((name) => !new RegExp(`^ {6}${name}(:|,)`, 'm').test(source));
  const page = readFileSync(join(repository, 'docs', 'testing.md'), 'utf8');
  const told = page.match(/^Calls of the addon that the stand-in lacks: (.*)\.$/m)?.[1]?.replaceAll('`', '').split(', ') ?? [];
  assert.equal(told.sort(), lacking.sort());
});

// README.md: what is at hand is answered at once; what changes the machine, has to look through it or to wait gives a Promise.
const questions: readonly (() => unknown)[] = [
  () => lsp.enumerateCatalog(),
  () => lsp.enumerateNamespaceProviders(),
  () => lsp.mapCatalog([]),
  () => lsp.isInstalled(),
  () => lsp.openVpnPluginLine(),
  () => lsp.getBestRoute('1.2.3.4'),
  () => lsp.explain('1.2.3.4'),
  () => lsp.explainIncoming('1.2.3.4'),
  () => lsp.apps.list(),
  () => lsp.policy.warnings(),
  () => lsp.policy.get(),
  () => lsp.policy.check('keep'),
  () => lsp.policy.explain('1.2.3.4'),
  () => lsp.tunnel.list(),
  () => lsp.readStats(),
  () => lsp.readStatsByProcess(),
  () => lsp.recentDecisions(),
];
const deeds: readonly (() => unknown)[] = [
  () => lsp.installLsp({ dll: 5 as never }),
  () => lsp.planInstall({ dll: 5 as never }),
  () => lsp.removeLsp({ purge: 5 as never }),
  () => lsp.planRemove(),
  () => lsp.orderCatalog(5 as never),
  () => lsp.backupCatalogs(5 as never),
  () => lsp.restoreCatalogs(5 as never),
  () => lsp.doctor(null as never),
  () => lsp.catalogHistory(5 as never),
  () => lsp.connections(),
  () => lsp.apps.set(5 as never, 5 as never),
  () => lsp.apps.clear(5 as never),
  () => lsp.proxy.setCredential(5 as never, 5 as never),
  () => lsp.proxy.deleteCredential(5 as never),
  () => lsp.proxy.test(5 as never),
  () => lsp.policy.edit(5 as never),
  () => lsp.policy.edit(() => 5 as never),
  () => lsp.policy.set(5 as never),
  () => lsp.policy.add(5 as never),
  () => lsp.policy.add('keep', null as never),
  () => lsp.policy.remove(0),
  () => lsp.policy.remove(1, null as never),
  () => lsp.tunnel.publish(null as never),
  () => lsp.tunnel.withdraw(5 as never),
];

test('questions answer at once; deeds give a Promise, also of their errors, which are LspErrors', async () => {
  await lsp.installLsp();
  for (const question of questions) assert.not.instance(question(), Promise, String(question));
  for (const deed of deeds) {
    const result = deed();
    assert.instance(result, Promise, String(deed));
    await (result as Promise<unknown>).catch((error: unknown) => assert.ok(lsp.isLspError(error), `${String(deed)}: ${String(error)}`));
  }
  const spaces = Object.entries({ lsp, ...lsp }).filter(([, value]) => typeof value === 'object');
  assert.equal(spaces.map(([name]) => name).sort(), ['apps', 'lsp', 'policy', 'proxy', 'tunnel']);
  const functions = spaces.flatMap(([space, values]) => {
    const names = Object.entries(values).filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name));
    return names.map(([name]) => (space === 'lsp' ? `lsp.${name}` : `lsp.${space}.${name}`));
  });
  const called = [...questions, ...deeds].map(String).join(' ');
  const rest = functions.filter((name) => !called.includes(`${name}(`));
  // The log-ins are not in the machine.
  assert.equal(rest.sort(), ['lsp.isLspError', 'lsp.proxy.listCredentials', 'lsp.watchConnections', 'lsp.watchDecisions']);
});

test.run();
