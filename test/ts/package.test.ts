// The package on a machine that is not Windows: it installs and imports, and says plainly what it cannot do there.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { repository } from '../support/artifacts.js';
import { importPackage, requirePackage, type Package } from './dist.js';

const exported = [
  'AbortError',
  'LspError',
  'PolicyError',
  'apps',
  'backupCatalogs',
  'catalogHistory',
  'connections',
  'doctor',
  'enumerateCatalog',
  'enumerateNamespaceProviders',
  'explain',
  'explainIncoming',
  'getBestRoute',
  'installLsp',
  'isInstalled',
  'isLspError',
  'isSupported',
  'mapCatalog',
  'openVpnPluginLine',
  'orderCatalog',
  'planInstall',
  'planRemove',
  'policy',
  'proxy',
  'readStats',
  'readStatsByProcess',
  'recentDecisions',
  'removeLsp',
  'restoreCatalogs',
  'tunnel',
  'watchConnections',
  'watchDecisions',
];

const builds: readonly (readonly [string, () => Package | Promise<Package>])[] = [
  ['import', importPackage],
  ['require', requirePackage],
];

const goodTunnel = { name: 'vpn', address: '10.8.0.2/24', source: '11.22.33.44' };

/** What each call throws or rejects with. */
async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
}

const calls: readonly (readonly [string, (lsp: Package) => unknown])[] = [
  ['enumerateCatalog()', (lsp) => lsp.enumerateCatalog()],
  ["enumerateCatalog({architecture: 'ia32'})", (lsp) => lsp.enumerateCatalog({ architecture: 'ia32' })],
  ['installLsp()', (lsp) => lsp.installLsp()],
  ["installLsp({over: ['tcp', 1001]})", (lsp) => lsp.installLsp({ over: ['tcp', 1001] })],
  ['planInstall()', (lsp) => lsp.planInstall()],
  ['planRemove()', (lsp) => lsp.planRemove()],
  ['removeLsp()', (lsp) => lsp.removeLsp()],
  ['enumerateNamespaceProviders()', (lsp) => lsp.enumerateNamespaceProviders()],
  ['orderCatalog([1001])', (lsp) => lsp.orderCatalog([1001], { first: true, architecture: 'x64' })],
  ["backupCatalogs('x.json')", (lsp) => lsp.backupCatalogs('x.json')],
  ["restoreCatalogs('x.json')", (lsp) => lsp.restoreCatalogs('x.json', { dryRun: true })],
  ['doctor()', (lsp) => lsp.doctor({ fix: true })],
  ['isInstalled()', (lsp) => lsp.isInstalled()],
  ["getBestRoute('1.2.3.4')", (lsp) => lsp.getBestRoute('1.2.3.4')],
  ["explain('::1')", (lsp) => lsp.explain('::1', { app: 'C:\\app.exe', port: 443, protocol: 'udp' })],
  ["explainIncoming('::1')", (lsp) => lsp.explainIncoming('::1', { app: 'C:\\app.exe', port: 443 })],
  ['connections()', (lsp) => lsp.connections()],
  ['watchConnections()', (lsp) => lsp.watchConnections().next()],
  ['catalogHistory()', (lsp) => lsp.catalogHistory()],
  ["apps.set('app.exe')", (lsp) => lsp.apps.set('app.exe', { block: true })],
  ['apps.list()', (lsp) => lsp.apps.list()],
  ["apps.clear('app.exe')", (lsp) => lsp.apps.clear('app.exe')],
  ['policy.get()', (lsp) => lsp.policy.get()],
  ['policy.warnings()', (lsp) => lsp.policy.warnings()],
  ['policy.edit()', (lsp) => lsp.policy.edit(() => ['keep'])],
  ["policy.set('keep')", (lsp) => lsp.policy.set('keep')],
  ["policy.check('keep')", (lsp) => lsp.policy.check('keep')],
  ["policy.add('keep')", (lsp) => lsp.policy.add('keep')],
  ['policy.remove(1)', (lsp) => lsp.policy.remove(1)],
  ['tunnel.publish()', (lsp) => lsp.tunnel.publish(goodTunnel)],
  ['tunnel.publish() on an interface', (lsp) => lsp.tunnel.publish({ ...goodTunnel, interfaceIndex: 12, publisher: 1 })],
  ["tunnel.withdraw('vpn')", (lsp) => lsp.tunnel.withdraw('vpn')],
  ['tunnel.list()', (lsp) => lsp.tunnel.list()],
  ['proxy.setCredential()', (lsp) => lsp.proxy.setCredential('work', { user: 'sam', password: 'secret' })],
  ["proxy.deleteCredential('work')", (lsp) => lsp.proxy.deleteCredential('work')],
  ['proxy.listCredentials()', (lsp) => lsp.proxy.listCredentials()],
  ["proxy.test('127.0.0.1:1080')", (lsp) => lsp.proxy.test('127.0.0.1:1080', { to: 'no-such-host.invalid:80' })],
  ['recentDecisions()', (lsp) => lsp.recentDecisions()],
  ['watchDecisions()', (lsp) => lsp.watchDecisions().next()],
  ['readStats({dll})', (lsp) => lsp.readStats({ dll: 'C:\\x.dll' })],
];

const type = 'ERR_INVALID_ARG_TYPE';
const value = 'ERR_INVALID_ARG_VALUE';
// `never`: what the compiler would not let through.
const badCalls: readonly (readonly [string, string, (lsp: Package) => unknown])[] = [
  ['enumerateCatalog(null)', type, (lsp) => lsp.enumerateCatalog(null as never)],
  ["enumerateCatalog({architecture: 'arm64'})", value, (lsp) => lsp.enumerateCatalog({ architecture: 'arm64' as never })],
  ['installLsp({dll: 1})', type, (lsp) => lsp.installLsp({ dll: 1 as never })],
  ['installLsp({dll32: 1})', type, (lsp) => lsp.installLsp({ dll32: 1 as never })],
  ["installLsp({dll: ''})", value, (lsp) => lsp.installLsp({ dll: '' })],
  ['policy.set(1)', type, (lsp) => lsp.policy.set(1 as never)],
  ["policy.set(['keep', 1])", type, (lsp) => lsp.policy.set(['keep', 1 as never])],
  ["policy.add('a\\0b')", value, (lsp) => lsp.policy.add('a\0b')],
  ["policy.add('keep', {before: 0})", value, (lsp) => lsp.policy.add('keep', { before: 0 })],
  ['policy.remove(1.5)', value, (lsp) => lsp.policy.remove(1.5)],
  ["installLsp({name: 'a\\0b'})", value, (lsp) => lsp.installLsp({ name: 'a\0b' })],
  ["installLsp({stage: 'no'})", type, (lsp) => lsp.installLsp({ stage: 'no' as never })],
  ["installLsp({over: 'tcp'})", type, (lsp) => lsp.installLsp({ over: 'tcp' as never })],
  ['installLsp({over: []})', value, (lsp) => lsp.installLsp({ over: [] })],
  ["planInstall({over: ['icmp']})", value, (lsp) => lsp.planInstall({ over: ['icmp' as never] })],
  ['planInstall({over: [0]})', value, (lsp) => lsp.planInstall({ over: [0] })],
  ['orderCatalog()', type, (lsp) => lsp.orderCatalog(undefined as never)],
  ['orderCatalog([])', value, (lsp) => lsp.orderCatalog([])],
  ['orderCatalog([-1])', value, (lsp) => lsp.orderCatalog([-1])],
  ["orderCatalog([1], {first: 'no'})", type, (lsp) => lsp.orderCatalog([1], { first: 'no' as never })],
  ["backupCatalogs('')", value, (lsp) => lsp.backupCatalogs('')],
  ["backupCatalogs('x', {overwrite: 1})", type, (lsp) => lsp.backupCatalogs('x', { overwrite: 1 as never })],
  ['restoreCatalogs(1)', type, (lsp) => lsp.restoreCatalogs(1 as never)],
  ["restoreCatalogs('x', {exact: 1})", type, (lsp) => lsp.restoreCatalogs('x', { exact: 1 as never })],
  ["doctor({fix: 'all'})", type, (lsp) => lsp.doctor({ fix: 'all' as never })],
  ['getBestRoute()', type, (lsp) => lsp.getBestRoute(undefined as never)],
  ["getBestRoute('example.com')", value, (lsp) => lsp.getBestRoute('example.com')],
  ["getBestRoute('fe80::1%3')", value, (lsp) => lsp.getBestRoute('fe80::1%3')],
  ["getBestRoute('1.2.3.4/24')", value, (lsp) => lsp.getBestRoute('1.2.3.4/24')],
  ['explain() with port 65536', value, (lsp) => lsp.explain('1.2.3.4', { port: 65_536 })],
  ['explain() with port 1.5', value, (lsp) => lsp.explain('1.2.3.4', { port: 1.5 })],
  ["explain() with port '80'", type, (lsp) => lsp.explain('1.2.3.4', { port: '80' as never })],
  ["explain() with protocol 'icmp'", value, (lsp) => lsp.explain('1.2.3.4', { protocol: 'icmp' as never })],
  ['explainIncoming() with port -1', value, (lsp) => lsp.explainIncoming('1.2.3.4', { port: -1 })],
  ["explainIncoming('example.com')", value, (lsp) => lsp.explainIncoming('example.com')],
  ['catalogHistory({count: 0})', value, (lsp) => lsp.catalogHistory({ count: 0 })],
  ['watchConnections({intervalMilliseconds: 1})', value, (lsp) => lsp.watchConnections({ intervalMilliseconds: 1 }).next()],
  ["apps.set('')", value, (lsp) => lsp.apps.set('', { block: true })],
  ['apps.set() without goal', value, (lsp) => lsp.apps.set('app.exe', {} as never)],
  ['policy.edit(5)', type, (lsp) => lsp.policy.edit(5 as never)],
  ['proxy.setCredential() without login', type, (lsp) => lsp.proxy.setCredential('work', undefined as never)],
  ['proxy.setCredential() with an empty password', value, (lsp) => lsp.proxy.setCredential('work', { user: 'sam', password: '' })],
  ['proxy.setCredential() with a name of two words', value, (lsp) => lsp.proxy.setCredential('a b', { user: 'sam', password: 'x' })],
  ["proxy.test() of a name", value, (lsp) => lsp.proxy.test('localhost:1080')],
  ['proxy.test() of port 0', value, (lsp) => lsp.proxy.test('127.0.0.1:0')],
  ['publish()', type, (lsp) => lsp.tunnel.publish(undefined as never)],
  ['publish() without name', type, (lsp) => lsp.tunnel.publish({ ...goodTunnel, name: undefined as never })],
  ['publish() without address', value, (lsp) => lsp.tunnel.publish({ name: 'vpn', source: '11.22.33.44' })],
  ['publish() with an address without length', value, (lsp) => lsp.tunnel.publish({ ...goodTunnel, address: '10.8.0.2' })],
  ['publish() with length 33', value, (lsp) => lsp.tunnel.publish({ ...goodTunnel, address: '10.8.0.2/33' })],
  ['publish() with IPv6 for IPv4', value, (lsp) => lsp.tunnel.publish({ ...goodTunnel, source: 'fd00::1' })],
  ['publish() with IPv4 for IPv6', value, (lsp) => lsp.tunnel.publish({ ...goodTunnel, address6: '10.8.0.2/24' })],
  ['publish() on interface 0', value, (lsp) => lsp.tunnel.publish({ ...goodTunnel, interfaceIndex: 0 })],
  ['publish() by process -1', value, (lsp) => lsp.tunnel.publish({ ...goodTunnel, publisher: -1 })],
  ["publish() by 'other'", type, (lsp) => lsp.tunnel.publish({ ...goodTunnel, publisher: 'other' as never })],
  ["publish() otherwise 'drop'", value, (lsp) => lsp.tunnel.publish({ ...goodTunnel, otherwise: 'drop' as never })],
  ["withdraw('')", value, (lsp) => lsp.tunnel.withdraw('')],
  ['watchDecisions({intervalMilliseconds: 1})', value, (lsp) => lsp.watchDecisions({ dll: 'x', intervalMilliseconds: 1 }).next()],
  ['readStats({dll: 5})', type, (lsp) => lsp.readStats({ dll: 5 as never })],
];

for (const [how, load] of builds) {
  test(`${how}: has every function`, async () => {
    const names = Object.keys(await load()).filter((name) => name !== 'default' && name !== '__esModule');
    assert.equal(names.sort(), exported);
  });

  for (const [call, use] of calls) {
    test(`${how}: ${call} is not for this platform`, async () => {
      const lsp = await load();
      assert.is(await codeOf(() => use(lsp)), 'ERR_UNSUPPORTED_PLATFORM');
    });
  }

  for (const [call, code, use] of badCalls) {
    test(`${how}: ${call} is ${code}, on every platform`, async () => {
      const lsp = await load();
      assert.is(await codeOf(() => use(lsp)), code);
    });
  }
}

test('asynchronous functions reject and do not throw', async () => {
  const { installLsp, tunnel } = await importPackage();
  for (const promise of [installLsp({ dll: '' }), tunnel.publish({ name: '' }), tunnel.withdraw('')]) {
    await promise.then(
      () => assert.unreachable(),
      (error: unknown) => assert.is((error as { code: string }).code, value),
    );
  }
});

test('an error has the fields that are documented', async () => {
  const { isInstalled, LspError } = await importPackage();
  try {
    isInstalled();
    assert.unreachable();
  } catch (error) {
    assert.instance(error, LspError);
    const { name, code, errno, syscall, message } = error as InstanceType<typeof LspError>;
    assert.equal([name, code, errno, syscall], ['LspError', 'ERR_UNSUPPORTED_PLATFORM', undefined, undefined]);
    assert.equal(JSON.parse(JSON.stringify(error)), { code, errno: null, syscall: null, message });
  }
});

test('the install script does nothing here', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(repository, 'scripts', 'install.cjs')], {
    encoding: 'utf8',
  });
  assert.equal([status, stdout, stderr], [0, '', '']);
});

test.run();
