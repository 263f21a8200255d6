/** Goals for programs, the route on a rule's interface, and who may come in: the command line in Windows' node.exe, on a host with two interfaces. */

import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { AppRules, Explanation, IncomingExplanation, StoredPolicy } from '../../ts/index.js';
import { missingForNetwork } from '../e2e/namespaces.js';
import { missingForArchitecture, nodeExecutables } from '../support/artifacts.js';
import { ProviderHost } from '../support/provider_host.js';
import { stageProgram, untilPrinted, type Completed } from '../support/wine.js';
import { cliPath } from './dist.js';

const [node] = nodeExecutables('x64');
const missing = missingForNetwork() ?? missingForArchitecture('x64') ?? (node === undefined ? 'there is no node.exe' : undefined);

async function runAll(host: ProviderHost, executable: string): Promise<void> {
  const program = stageProgram(executable, join(host.folder, 'node'));
  const run = (...parameters: string[]): Promise<Completed> =>
    host.prefix.run(program, [host.prefix.toWindowsPath(cliPath), ...parameters], { winsock: 'test' });
  const json = async <T>(code: number, ...parameters: string[]): Promise<T> => {
    const completed = await untilPrinted(code, () => run(...parameters, '--json'));
    assert.is(completed.code, code, `${parameters.join(' ')}: ${completed.stdout}${completed.stderr}`);
    return JSON.parse(completed.stdout) as T;
  };
  const lines = async () => (await json<StoredPolicy>(0, 'policy', 'list')).lines;

  test('app: each goal is a marked rule before all others, and is taken back alone', async () => {
    host.ip('route', 'add', 'default', 'dev', 'physical');
    const own = ['# app torrent.exe keep', 'app torrent.exe refuse', 'to 192.0.2.0/24 refuse'];
    for (const line of own) await json(0, 'policy', 'add', line);
    const goals = [
      [['--off-tunnel'], 'offTunnel', 'app torrent.exe through physical otherwise refuse'],
      [['--only-tunnel', 'tunnel'], 'onlyTunnel', 'app torrent.exe through tunnel otherwise refuse'],
      [['--through', 'My card'], 'through', 'app torrent.exe through "My card" otherwise refuse'],
      [['--block'], 'block', 'app torrent.exe refuse'],
      [['--direct'], 'direct', 'app torrent.exe keep'],
      [['--proxy', '127.0.0.1:1080'], 'proxy', 'app torrent.exe socks5 127.0.0.1:1080 otherwise refuse'],
    ] as const;
    for (const [options, goal, rule] of goals) {
      assert.equal(await json<AppRules>(0, 'app', 'torrent.exe', ...options), { app: 'torrent.exe', goal, rules: [rule] });
      assert.equal(await lines(), [`# winsock-lsp app ${goal} torrent.exe`, rule, ...own]);
    }
    await json(0, 'app', 'C:\\Program Files\\b.exe', '--block');
    assert.equal(
      (await json<AppRules[]>(0, 'app', 'list')).map(({ app }) => app),
      ['C:\\Program Files\\b.exe', 'torrent.exe'],
    );
    await json(0, 'app', 'clear', 'Torrent.exe');
    await json(0, 'app', 'clear', 'C:\\Program Files\\b.exe');
    assert.equal(await lines(), own);
    const { error } = await json<{ error: { code: string } }>(6, 'app', 'clear', 'torrent.exe');
    assert.is(error.code, 'ERROR_NOT_FOUND');
    await json(2, 'app', 'torrent.exe');
    await json(2, 'app', 'torrent.exe', '--block', '--direct');
    assert.equal(await lines(), own);
    host.ip('route', 'del', 'default');
  });

  test('app: a rule that somebody has changed since is not touched', async () => {
    const { lines: before } = await json<StoredPolicy>(0, 'policy', 'list');
    const changed = ['# winsock-lsp app block a.exe', 'app b.exe refuse'];
    await json(0, 'policy', 'add', changed[1]!, '--before', '1');
    await json(0, 'policy', 'add', changed[0]!, '--before', '1');
    assert.equal(await json(0, 'app', 'list'), []);
    await json(6, 'app', 'clear', 'a.exe');
    assert.equal(await lines(), [...changed, ...before]);
    for (const _ of changed) await json(0, 'policy', 'remove', '1');
  });

  test('explain: the way of a rule through an interface, a proxy, and who comes in', async () => {
    await json(0, 'app', 'a.exe', '--through', 'physical');
    const found = await json<Explanation>(0, 'route', '1.2.3.99', '--app', 'C:\\a.exe');
    assert.equal([found.verdict, found.source, found.otherwise], ['through', '11.22.33.44', 'refuse']);
    // 1.2.3.0/24 is routed into the tunnel alone.
    assert.is(found.way, null);
    assert.ok(found.wayError !== null);
    const text = await run('route', '1.2.3.99', '--app', 'C:\\a.exe');
    assert.match(text.stdout, /leave through interface \d+, from 11\.22\.33\.44; if that cannot be had: refuse/);
    assert.match(text.stdout, /warning +Cannot find a route to 1\.2\.3\.99 through interface/);
    await json(0, 'app', 'a.exe', '--proxy', '127.0.0.1:1080');
    assert.match((await run('route', '1.2.3.99', '--app', 'C:\\a.exe')).stdout, /use the proxy 127\.0\.0\.1:1080/);
    assert.is((await json<Explanation>(0, 'route', '1.2.3.99', '--app', 'C:\\a.exe', '--proto', 'udp')).reason, 'not_tcp');
    await json(0, 'policy', 'add', 'in from 10.0.0.0/8 port 80 refuse');
    const incoming = async (peer: string, port: string) => {
      const { verdict, reason } = await json<IncomingExplanation>(0, 'route', peer, '--in', '--port', port);
      return [verdict, reason];
    };
    assert.equal(await incoming('10.1.2.3', '80'), ['refuse', 'rule']);
    assert.equal(await incoming('10.1.2.3', '81'), ['keep', 'no_rule']);
    assert.equal(await incoming('127.0.0.1', '80'), ['keep', 'loopback']);
  });
}

if (missing !== undefined || node === undefined) {
  test.skip(`apps: ${missing ?? ''}`);
  test.run();
} else {
  const host = await ProviderHost.create('apps');
  test.after(() => host.stop());
  await runAll(host, node.path);
  test.run();
}
