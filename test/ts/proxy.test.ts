// Log-ins for proxies and `proxy test`, in Windows' node.exe under Wine, against real SOCKS servers and one that misbehaves: all in a
// network namespace of their own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type { ProxyCredential, ProxyTestReport } from '../../ts/index.js';
import { missingForNetwork, namespacePrefix, removeNamespaces } from '../e2e/namespaces.js';
import { missingForArchitecture, nodeExecutables, type Architecture } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import {
  missingForSocks,
  MisbehavingProxy,
  startDante,
  startMicrosocks,
  startOpenSsh,
  type Behaviour,
  type SocksServer,
} from '../support/socks_servers.js';
import { stageProgram, untilPrinted, WinePrefix, withFsKept, type Completed } from '../support/wine.js';
import { cliPath, esmPath } from './dist.js';

const missing =
  missingForNetwork() ?? (['microsocks', 'dante', 'openssh'] as const).map(missingForSocks).find((why) => why !== undefined);
const networkNamespace = `${namespacePrefix('proxy')}host`;
/** Of this machine, and not loopback. */
const elsewhere = '192.0.2.1';
const login = { user: 'sam', password: 'pä "ss\\w%rd €' };

interface Machine {
  node: string;
  architecture: Architecture;
}

let directory = '';
let prefix: WinePrefix;
const machines: Machine[] = [];
const servers: SocksServer[] = [];
let ours: MisbehavingProxy;
/** Everything that any command has printed, to look for passwords in. */
let printed = '';

const executables = (['x64', 'ia32'] as const)
  .filter((architecture) => missingForArchitecture(architecture) === undefined)
  .flatMap((architecture) => nodeExecutables(architecture).slice(-1));

if (missing !== undefined) {
  test.skip(`log-ins and proxy test (${missing})`, () => undefined);
  test.run();
} else {
  define();
  test.run();
}

async function cli(machine: Machine, parameters: readonly string[], input?: string): Promise<Completed> {
  const run = () => prefix.run(machine.node, [prefix.toWindowsPath(cliPath), ...parameters], { input });
  const completed = await withFsKept(run, machine.architecture);
  printed += `${parameters.join(' ')}\n${completed.stdout}${completed.stderr}`;
  return completed;
}

async function json<T>(machine: Machine, code: number, parameters: readonly string[], input?: string): Promise<T> {
  const completed = await untilPrinted(code, () => cli(machine, [...parameters, '--json'], input));
  const said = () => servers.map((server) => `${server.name}: ${server.output()}`).join('\n');
  if (completed.code !== code) assert.is(completed.code, code, `${parameters.join(' ')}:\n${completed.stdout}${completed.stderr}\n${said()}`);
  return JSON.parse(completed.stdout) as T;
}

/** Runs the body of an async function, which has the package as `lsp`; gives what it returns. */
async function evaluate(machine: Machine, body: string): Promise<unknown> {
  const script = join(directory, 'script.mjs');
  const url = pathToFileURL(esmPath).href.replace('file:///', 'file:///Z:/');
  writeFileSync(
    script,
    `import * as lsp from ${JSON.stringify(url)};
     (async () => { ${body} })().then((result) => process.stdout.write(JSON.stringify(result)));`,
  );
  const { code, stdout, stderr } = await withFsKept(() => prefix.run(machine.node, [prefix.toWindowsPath(script)]), machine.architecture);
  assert.is(code, 0, `${stdout}${stderr}`);
  return JSON.parse(stdout);
}

const steps = ({ steps }: ProxyTestReport) => steps.map(({ name }) => name);
const lastAnswer = ({ steps }: ProxyTestReport) => steps.at(-1)?.answer ?? '';

function define(): void {
  test.before(reported(async () => {
    execFileSync('ip', ['netns', 'add', networkNamespace]);
    for (const line of ['link set lo up', `address add ${elsewhere}/32 dev lo`]) execFileSync('ip', ['-n', networkNamespace, ...line.split(' ')]);
    directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-proxy-'));
    const programs32 = executables.some(({ architecture }) => architecture === 'ia32');
    prefix = await WinePrefix.create({ directory: join(directory, 'wine'), networkNamespace, programs32 });
    for (const { name, path, architecture } of executables) machines.push({ architecture, node: stageProgram(path, join(directory, name)) });
    const options = { networkNamespace };
    servers.push(
      await startMicrosocks(options),
      await startMicrosocks({ ...options, address: elsewhere, login }),
      await startDante({ ...options, login, blocked: ['127.0.0.2/32'] }),
      await startOpenSsh(options),
    );
    ours = await MisbehavingProxy.start(options);
    servers.push(ours);
  }));

  test.after(reported(async () => {
    await prefix.stop();
    for (const server of servers) await server.stop();
    removeNamespaces(networkNamespace);
    rmSync(directory, { recursive: true, force: true });
  }));

  for (const [index, { name }] of executables.entries()) defineFor(name, () => machines[index] as Machine);

  test('no command has printed a password', () => {
    assert.ok(printed.includes('proxy login work'));
    for (const password of [login.password, 'wröng']) assert.not.ok(printed.includes(password));
  });
}

const endpoint = ({ address, port }: { address: string; port: number }) => `${address}:${port}`;

function defineFor(name: string, machine: () => Machine): void {
  const named = (behaviour: string) => `${name}: ${behaviour}`;
  const server = (index: number) => servers[index] as SocksServer;
  const tried = (code: number, ...parameters: string[]) => json<ProxyTestReport>(machine(), code, ['proxy', 'test', ...parameters]);
  /** Something that listens, for proxies to connect to. */
  const destination = () => endpoint(ours);

  test(named('a log-in is kept, listed, replaced and deleted'), async () => {
    assert.equal(await json(machine(), 0, ['proxy', 'list']), []);
    const kept = await json(machine(), 0, ['proxy', 'login', 'work'], `${login.user}\r\nwröng\r\n`);
    assert.equal(kept, { name: 'work', user: login.user, replaced: false });
    const [listed, ...others] = await json<ProxyCredential[]>(machine(), 0, ['proxy', 'list']);
    assert.equal([listed?.name, listed?.user, Object.keys(listed ?? {}).sort(), others], ['work', login.user, ['changedAt', 'name', 'user'], []]);
    const replaced = await json(machine(), 0, ['proxy', 'login', 'Work'], `\uFEFF${login.user}\n${login.password}`);
    assert.equal(replaced, { name: 'Work', user: login.user, replaced: true });
    assert.is((await json<ProxyCredential[]>(machine(), 0, ['proxy', 'list'])).length, 1);
    await json(machine(), 0, ['proxy', 'login', 'wrong'], 'sam\nwröng\n');
    assert.match((await cli(machine(), ['proxy', 'list'])).stdout, /^NAME +USER +CHANGED\r?\nWork +sam +\d{4}-.*\r?\nwrong +sam/i);
    await json(machine(), 0, ['proxy', 'login', 'gone'], 'a\nb\n');
    await json(machine(), 0, ['proxy', 'logout', 'gone']);
    const { error } = await json<{ error: { code: string; message: string } }>(machine(), 6, ['proxy', 'logout', 'gone']);
    assert.is(error.code, 'ERROR_NOT_FOUND');
    assert.match(error.message, /gone/);
  });

  test(named('what is no log-in is refused, and not repeated'), async () => {
    for (const input of ['', 'sam\n', 'sam\nsecret-1\nmore\n', '\nsecret-1\n', `sam\n${'secret-1'.repeat(32)}\n`, `${'secret-1'.repeat(32)}\nx`]) {
      const { code, stdout, stderr } = await cli(machine(), ['proxy', 'login', 'bad'], input);
      assert.is(code, 2, stdout + stderr);
      assert.not.match(stdout + stderr, /secret-1/);
    }
    for (const bad of ['', 'a b', 'a/b', 'ä', 'x'.repeat(65)]) assert.is((await cli(machine(), ['proxy', 'login', bad], 'a\nb\n')).code, 2);
    const codes = await evaluate(
      machine(),
      `const tried = [
         lsp.proxy.setCredential('n', null), lsp.proxy.setCredential('n', { user: 'a' }), lsp.proxy.setCredential('n', { user: 'a', password: 5 }),
         lsp.proxy.setCredential('n', { user: 'a', password: 'secret-1\\0' }), lsp.proxy.setCredential(5, { user: 'a', password: 'b' }),
         lsp.proxy.deleteCredential('a b'), lsp.proxy.test('localhost:1080'), lsp.proxy.test('1.2.3.4'), lsp.proxy.test('::1:1080'),
         lsp.proxy.test('1.2.3.4:0'), lsp.proxy.test('1.2.3.4:65536'), lsp.proxy.test('1.2.3.4:1', { to: 'x' }),
         lsp.proxy.test('1.2.3.4:1', { timeout: 0 }), lsp.proxy.test('1.2.3.4:1', { login: 'none' }), lsp.proxy.test('1.2.3.4:1', { signal: {} }),
       ];
       return Promise.all(tried.map((each) => each.then(() => null, ({ code, message }) => code + (/secret/.test(message) ? message : ''))));`,
    );
    const [type, value] = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE'];
    assert.equal(codes, [type, type, type, value, type, value, value, value, value, value, value, value, value, 'ERROR_NOT_FOUND', type]);
  });

  test(named('a proxy without a log-in: greeting only, or to a destination'), async () => {
    const greeted = await tried(0, endpoint(server(0)));
    assert.equal([greeted.ok, steps(greeted), greeted.destination, greeted.reply], [true, ['connect', 'method'], null, null]);
    assert.match(greeted.remarks.join(), /No connection was asked for/);
    const led = await tried(0, endpoint(server(0)), '--to', destination());
    assert.equal([led.ok, steps(led), led.destination, led.reply, led.remarks], [true, ['connect', 'method', 'request'], destination(), 0, []]);
    assert.ok(led.steps.every(({ milliseconds }) => milliseconds >= 0 && milliseconds < 10_000));
    const needless = await tried(0, endpoint(server(0)), '--to', destination(), '--login', 'work');
    assert.match(needless.remarks.join(), /log-in was not tried/);
    const { stdout } = await cli(machine(), ['proxy', 'test', endpoint(server(0)), '--to', destination()]);
    assert.match(stdout, /connection +[\d.]+ ms +connected\r?\n +greeting +[\d.]+ ms +it wants no log-in\r?\n +request +[\d.]+ ms +it is connected to the destination\r?\nOK: the proxy leads to /);
  });

  for (const [which, what] of [
    [1, 'microsocks'],
    [2, 'Dante'],
  ] as const) {
    test(named(`${what} with a log-in: right, wrong, none`), async () => {
      const right = await tried(0, endpoint(server(which)), '--to', destination(), '--login', 'work');
      assert.equal([right.ok, steps(right)], [true, ['connect', 'method', 'login', 'request']]);
      // Only what is not loopback is told about.
      assert.is(/went to 192\.0\.2\.1 in clear/.test(right.remarks.join()), which === 1);
      assert.is(right.remarks.length, which === 1 ? 1 : 0);
      const wrong = await tried(1, endpoint(server(which)), '--login', 'wrong');
      assert.equal([wrong.ok, steps(wrong), wrong.error?.code], [false, ['connect', 'method', 'login'], 'ERR_LOGIN_REFUSED']);
      const none = await tried(1, endpoint(server(which)));
      assert.equal([steps(none), none.error?.code], [['connect', 'method'], 'ERR_LOGIN_WANTED']);
      assert.match(none.error?.message ?? '', /proxy login NAME/);
    });
  }

  test(named('a destination that the proxy does not allow, one that refuses, and a name'), async () => {
    const blocked = await tried(1, endpoint(server(2)), '--to', '127.0.0.2:80', '--login', 'work');
    assert.equal([blocked.error?.code, blocked.reply], ['ERR_PROXY_REFUSED', 2]);
    assert.match(lastAnswer(blocked), /rules do not allow.*reply 2/);
    const closed = await tried(1, endpoint(server(0)), '--to', '127.0.0.3:9');
    assert.equal([closed.error?.code, closed.reply], ['ERR_PROXY_REFUSED', 5]);
    const byName = await tried(0, endpoint(server(0)), '--to', `localhost:${ours.port}`);
    assert.equal(steps(byName), ['resolve', 'connect', 'method', 'request']);
    assert.match(byName.steps[0]?.answer ?? '', /this machine takes it for (127\.0\.0\.1|::1)/);
    const unknown = await tried(1, endpoint(server(0)), '--to', 'no-such-host.invalid:80');
    assert.equal([unknown.error?.code, steps(unknown)], ['ERR_NAME_NOT_RESOLVED', ['resolve']]);
  });

  test(named('ssh -D, and nobody'), async () => {
    assert.is((await tried(0, endpoint(server(3)), '--to', destination())).ok, true);
    const nobody = await tried(1, '127.0.0.4:1080');
    assert.equal([nobody.error?.code, steps(nobody)], ['WSAECONNREFUSED', ['connect']]);
    assert.match(nobody.error?.message ?? '', /127\.0\.0\.4:1080/);
  });

  const situations: readonly { what: string; behaviour: Behaviour; code?: string; reply?: number; answer?: RegExp }[] = [
    ...[1, 2, 3, 4, 5, 6, 7, 8, 200].map((reply) => ({ what: `reply ${reply}`, behaviour: { reply }, code: 'ERR_PROXY_REFUSED', reply })),
    { what: 'another version', behaviour: { version: { method: 4 } }, code: 'ERR_NOT_SOCKS5' },
    { what: 'a reply of another version', behaviour: { version: { request: 4 } }, code: 'ERR_NOT_SOCKS5' },
    { what: 'HTTP', behaviour: { raw: { method: 'HTTP/1.0 400 Bad Request\r\n\r\n' } }, code: 'ERR_NOT_SOCKS5' },
    { what: 'an end at once', behaviour: { closeAfter: 0 }, code: 'ERR_PROXY_CLOSED' },
    { what: 'an end in the middle of the reply', behaviour: { closeAfter: 7 }, code: 'ERR_PROXY_CLOSED' },
    { what: 'a reset', behaviour: { closeAfter: 2, ending: 'reset' }, code: 'ERR_PROXY_CLOSED' },
    { what: 'silence to the greeting', behaviour: { silentFrom: 'method' }, code: 'ERR_PROXY_TIMEOUT', answer: /no answer within 700 ms/ },
    { what: 'silence to the request', behaviour: { silentFrom: 'request' }, code: 'ERR_PROXY_TIMEOUT' },
    { what: 'bytes that trickle beyond the deadline', behaviour: { byteByByte: 150 }, code: 'ERR_PROXY_TIMEOUT' },
    { what: 'byte by byte', behaviour: { byteByByte: 5 } },
    { what: 'a reply with a name', behaviour: { bound: 'a.example' } },
    { what: 'a reply with an IPv6 address', behaviour: { bound: '2001:db8::9' } },
    { what: 'the first bytes in the same segment', behaviour: { extra: 'SSH-2.0-x\r\n' } },
    { what: 'late answers', behaviour: { delay: 150 } },
  ];

  test(named('a proxy that misbehaves is told apart'), async () => {
    await ours.forget();
    await ours.behave({}, ...situations.map(({ behaviour }): Behaviour => ({ tunnel: 'nothing', ...behaviour })));
    const body = `
      const reports = [];
      for (let i = 0; i < ${situations.length}; ++i) {
        const begun = Date.now();
        const { ok, steps, error, reply } = await lsp.proxy.test('${endpoint(ours)}', { to: '192.0.2.7:80', timeout: 700 });
        reports.push({ ok, code: error?.code, message: error?.message, is: error === null || error instanceof lsp.LspError, steps, reply, ms: Date.now() - begun });
      }
      return reports;`;
    const reports = (await evaluate(machine(), body)) as (Pick<ProxyTestReport, 'ok' | 'steps' | 'reply'> & { code?: string; message?: string; is: boolean; ms: number })[];
    for (const [i, { what, code, reply, answer }] of situations.entries()) {
      const report = reports[i];
      assert.ok(report?.is, what);
      assert.equal([report.ok, report.code, report.reply], [code === undefined, code, code === undefined ? 0 : (reply ?? null)], `${what}: ${JSON.stringify(report)}`);
      if (answer !== undefined) assert.match(report.steps.at(-1)?.answer ?? '', answer);
      if (code === 'ERR_PROXY_TIMEOUT') assert.ok(report.ms >= 690 && report.ms < 5_000, `${what} took ${report.ms} ms`);
      if (what === 'late answers') assert.ok(report.steps.slice(1).every(({ milliseconds }) => milliseconds >= 145), what);
    }
    // Not a byte that is not the dialogue's.
    const records = await ours.records();
    assert.is(records.length, situations.length);
    for (const [i, { dialogueBytes, receivedBytes }] of records.entries()) {
      if (situations[i]?.behaviour.closeAfter !== 0) assert.is(receivedBytes, dialogueBytes, situations[i]?.what);
    }
  });

  test(named('without a destination the proxy gets no request, and with a log-in it gets exactly that'), async () => {
    await ours.forget();
    await ours.behave({ login });
    assert.is((await tried(0, endpoint(ours), '--login', 'work')).ok, true);
    const [record] = await ours.waitForRecords((records) => records[0]?.ended !== undefined);
    assert.equal([record?.destination, record?.login], [undefined, login]);
  });

  test(named('an IPv6 proxy, and calling a test off'), async () => {
    const six = await MisbehavingProxy.start({ networkNamespace, address: '::1' });
    try {
      await six.behave({ tunnel: 'nothing' });
      const led = await tried(0, `[::1]:${six.port}`, '--to', '[2001:db8::1]:80');
      assert.equal([led.ok, led.destination], [true, '[2001:db8::1]:80']);
      assert.equal((await six.records())[0]?.destination, { address: '2001:db8::1', port: 80 });
      await six.behave({ silentFrom: 'method' });
      const outcome = await evaluate(
        machine(),
        `const controller = new AbortController();
         setTimeout(() => controller.abort('no more'), 300);
         const begun = Date.now();
         return lsp.proxy.test('[::1]:${six.port}', { signal: controller.signal }).catch(({ code, cause }) => [code, cause, Date.now() - begun < 5_000]);`,
      );
      assert.equal(outcome, ['ABORT_ERR', 'no more', true]);
    } finally {
      await six.stop();
    }
  });

  test(named('the log-ins are deleted'), async () => {
    for (const each of ['work', 'wrong']) await json(machine(), 0, ['proxy', 'logout', each]);
    assert.equal(await json(machine(), 0, ['proxy', 'list']), []);
  });
}
