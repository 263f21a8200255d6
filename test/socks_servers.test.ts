// The SOCKS servers that other tests use: the real ones work, and ours does to a connection what it was told. No Windows.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { namespacePrefix, removeNamespaces } from './e2e/namespaces.js';
import { reported } from './support/reported.js';
import {
  missingForSocks,
  MisbehavingProxy,
  startDante,
  startMicrosocks,
  startOpenSsh,
  type Behaviour,
  type Login,
  type SocksProgram,
  type SocksServer,
} from './support/socks_servers.js';

const login: Login = { user: 'sam', password: 'se cret"€' };

let target: Server;
let proxy: MisbehavingProxy;
/** Connections that the target has accepted. */
let accepted = 0;

const targetPort = () => (target.address() as AddressInfo).port;

test.before(reported(async () => {
  // Speaks first, and sends back in capitals what it gets.
  target = createServer({ allowHalfOpen: true }, (socket) => {
    ++accepted;
    socket.write('hello ');
    socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()));
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
  });
  await once(target.listen(0, '127.0.0.1'), 'listening');
  proxy = await MisbehavingProxy.start();
}));

test.after(reported(async () => {
  await proxy.stop();
  target.close();
}));

/** Speaks SOCKS as it is written down, and then says `says`; gives all that came, in the pieces in which it came. */
class Client {
  readonly socket: Socket;
  readonly pieces: Buffer[] = [];
  ended: 'close' | 'reset' | undefined;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (bytes) => this.pieces.push(bytes));
    this.socket.on('end', () => (this.ended = 'close'));
    this.socket.on('error', () => (this.ended = 'reset'));
    this.socket.on('close', () => (this.ended ??= 'reset'));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  async untilSize(size: number): Promise<Buffer> {
    for (const deadline = Date.now() + 5_000; this.bytes.length < size && this.ended === undefined; ) {
      if (Date.now() > deadline) throw new Error(`the proxy said ${this.bytes.toString('hex')}, and then nothing`);
      await new Promise((soon) => setTimeout(soon, 5));
    }
    return this.bytes;
  }

  async untilEnded(): Promise<'close' | 'reset'> {
    await this.untilSize(Infinity);
    return this.ended ?? 'reset';
  }
}

const request = (port: number) => Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]);

/** The reply's code; -1: the method was refused; -2: the log-in was. */
async function ask(client: Client, port: number, as?: Login): Promise<number> {
  client.socket.write(Buffer.from([5, 1, as === undefined ? 0 : 2]));
  if ((await client.untilSize(2))[1] === 255) return -1;
  let before = 2;
  if (as !== undefined) {
    const [user, password] = [Buffer.from(as.user), Buffer.from(as.password)];
    client.socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]));
    before = 4;
    if ((await client.untilSize(before))[3] !== 0) return -2;
  }
  client.socket.write(request(port));
  return (await client.untilSize(before + 10))[before + 1] ?? Number.NaN;
}

const servers: readonly { program: SocksProgram; what: string; start: () => Promise<SocksServer>; }[] = [
  { program: 'microsocks', what: 'microsocks', start: () => startMicrosocks() },
  { program: 'microsocks', what: 'microsocks with a log-in', start: () => startMicrosocks({ login }) },
  { program: 'dante', what: 'Dante', start: () => startDante() },
  { program: 'dante', what: 'Dante with a log-in', start: () => startDante({ login }) },
  { program: 'openssh', what: 'ssh -D', start: () => startOpenSsh() },
];

for (const { program, what, start } of servers) {
  const missing = missingForSocks(program);
  (missing === undefined ? test : test.skip)(`${what} leads to the target${missing === undefined ? '' : ` (${missing})`}`, async () => {
    const server = await start();
    try {
      const client = new Client(server.port);
      const before = accepted;
      assert.is(await ask(client, targetPort(), server.login), 0, server.output());
      client.socket.write('echo');
      const size = (server.login === undefined ? 12 : 14) + 'hello ECHO'.length;
      assert.is((await client.untilSize(size)).subarray(-10).toString(), 'hello ECHO');
      client.socket.end();
      assert.is(accepted, before + 1);
      if (server.login !== undefined) {
        assert.is(await ask(new Client(server.port), targetPort(), { ...server.login, password: 'wrong' }), -2);
        assert.is(await ask(new Client(server.port), targetPort()), -1);
        assert.is(accepted, before + 1, 'who is not let in reaches nobody');
      }
      const dead = createServer();
      await once(dead.listen(0, '127.0.0.1'), 'listening');
      const { port } = dead.address() as AddressInfo;
      await new Promise((closed) => dead.close(closed));
      // OpenSSH's answer to a destination that refuses is an end without a reply.
      const code = await ask(new Client(server.port), port, server.login);
      assert.ok(program === 'openssh' ? Number.isNaN(code) || code > 0 : code === 5, `${code}`);
    } finally {
      await server.stop();
    }
    assert.is(await new Client(server.port).untilEnded(), 'reset', 'it has ended');
  });
}

test('Dante refuses what its rules block', async () => {
  if (missingForSocks('dante') !== undefined) return;
  const server = await startDante({ blocked: ['127.0.0.1/32'] });
  try {
    assert.is(await ask(new Client(server.port), targetPort()), 2, server.output());
  } finally {
    await server.stop();
  }
});

interface Situation {
  what: string;
  behaviour: Behaviour;
  /** All that comes, in hexadecimal. */
  says: RegExp;
  ends?: 'close' | 'reset';
}

const good = '0500050000017f000001....';
const situations: readonly Situation[] = [
  { what: 'is good by default', behaviour: {}, says: new RegExp(`^${good}68656c6c6f20$`) },
  ...[0, 1, 2, 3, 11].map((closeAfter): Situation => ({
    what: `ends the connection after ${closeAfter} bytes`,
    behaviour: { closeAfter },
    says: new RegExp(`^.{${closeAfter * 2}}$`),
    ends: 'close',
  })),
  // With bytes before it, libuv on Linux takes a reset for an end.
  { what: 'resets the connection', behaviour: { closeAfter: 0, ending: 'reset' }, says: /^$/, ends: 'reset' },
  ...[1, 5, 8, 200].map((reply): Situation => ({
    what: `replies with ${reply}, and ends`,
    behaviour: { reply },
    says: new RegExp(`^050005${reply.toString(16).padStart(2, '0')}0001000000000000$`),
    ends: 'close',
  })),
  { what: 'speaks another version', behaviour: { version: { method: 4 } }, says: /^0400/ },
  { what: 'replies in another version', behaviour: { version: { request: 4 } }, says: /^05000400/ },
  { what: 'replies with a name', behaviour: { bound: 'a.example' }, says: /^05000500000309612e6578616d706c65....68/ },
  { what: 'replies with an IPv6 address', behaviour: { bound: '2001:db8::9' }, says: /^05000500000420010db8(00){11}09....68/ },
  { what: 'chooses a method that was not offered', behaviour: { method: 2 }, says: /^0502/ },
  { what: 'takes no method', behaviour: { method: 255 }, says: /^05ff$/, ends: 'close' },
  { what: 'says something else', behaviour: { raw: { method: 'HTTP/1.0 400 Bad Request\r\n' } }, says: /^485454502f312e30/ },
  { what: 'is the destination', behaviour: { tunnel: 'echo' }, says: /^050005000001000000000000$/ },
];

for (const { what, behaviour, says, ends } of situations) {
  test(`ours ${what}`, async () => {
    await proxy.behave(behaviour);
    const client = new Client(proxy.port);
    const asked = ask(client, targetPort()).catch(() => undefined);
    for (const deadline = Date.now() + 3_000; ends === undefined && !says.test(client.bytes.toString('hex')) && Date.now() < deadline; ) {
      await new Promise((soon) => setTimeout(soon, 10));
    }
    if (ends !== undefined) assert.is(await client.untilEnded(), ends);
    assert.match(client.bytes.toString('hex'), says);
    client.socket.destroy();
    await asked;
  });
}

test('ours says each byte in a segment of its own, each answer late, and then nothing', async () => {
  await proxy.behave({ byteByByte: 40, delay: { request: 200 } }, { silentFrom: 'request' }, { silentFrom: 'method' });
  await proxy.forget();
  const [silent, mute] = [new Client(proxy.port), new Client(proxy.port)];
  await once(silent.socket, 'connect');
  await once(mute.socket, 'connect');
  await proxy.waitForRecords((records) => records.length === 2);
  silent.socket.write(Buffer.from([5, 1, 0]));
  silent.socket.write(request(targetPort()));
  mute.socket.write(Buffer.from([5, 1, 0]));

  const begun = Date.now();
  const client = new Client(proxy.port);
  assert.is(await ask(client, targetPort()), 0);
  assert.ok(Date.now() - begun >= 200 + 9 * 40, 'late');
  assert.ok(client.pieces.length >= 8, `${client.pieces.length} pieces`);
  assert.equal([silent.bytes.toString('hex'), mute.bytes.toString('hex')], ['0500', '']);
  const [, , last] = await proxy.waitForRecords((records) => records[2]?.said.request !== undefined);
  assert.ok((last?.said.request ?? 0) - (last?.said.method ?? 0) >= 200);
  for (const each of [silent, mute, client]) each.socket.destroy();
});

test('ours says the first bytes of the destination, and bytes of its own, in the segment of the reply', async () => {
  await proxy.behave({ firstBytes: true, extra: '>' });
  const client = new Client(proxy.port);
  await ask(client, targetPort());
  assert.is(client.bytes.subarray(12).toString(), '>hello ');
  assert.is(client.pieces.length, 2);
  client.socket.write('x');
  assert.is((await client.untilSize(12 + 8)).subarray(-1).toString(), 'X');
  client.socket.destroy();
});

test('ours records who asked for what, with which log-in, and what was said before the reply and behind it', async () => {
  await proxy.behave({ login, delay: { request: 100 } }, { reply: 5, staysOpen: true, delay: { request: 100 } });
  await proxy.forget();
  const early = new Client(proxy.port);
  early.socket.write(Buffer.concat([Buffer.from([5, 1, 0]), request(80), Buffer.from('early')]));
  await early.untilSize(12);
  early.socket.write(' and late');
  const client = new Client(proxy.port);
  assert.is(await ask(client, targetPort(), login), 0);
  client.socket.end('bye');
  const records = await proxy.waitForRecords((all) => all[1]?.ended === 'close' && (all[0]?.receivedBytes ?? 0) >= 27);
  assert.equal(
    records.map(({ destination, login, dialogueBytes, earlyBytes, receivedBytes, ended }) => ({ destination, login, dialogueBytes, earlyBytes, receivedBytes, ended })),
    [
      { destination: { address: '127.0.0.1', port: 80 }, login: undefined, dialogueBytes: 13, earlyBytes: 5, receivedBytes: 27, ended: undefined },
      {
        destination: { address: '127.0.0.1', port: targetPort() },
        login,
        dialogueBytes: 3 + 3 + Buffer.byteLength(login.user + login.password) + 10,
        earlyBytes: 0,
        receivedBytes: 3 + 3 + Buffer.byteLength(login.user + login.password) + 10 + 3,
        ended: 'close',
      },
    ],
  );
  assert.is(Buffer.from(records[0]?.received ?? []).subarray(13).toString(), 'early and late');
  early.socket.destroy();
});

test('ours passes on 8 MiB and then the end, in both directions', async () => {
  await proxy.behave({});
  const size = 8 << 20;
  const client = new Client(proxy.port);
  await ask(client, targetPort());
  client.socket.end(Buffer.alloc(size, 'a'));
  assert.is(await client.untilEnded(), 'close');
  assert.is(client.bytes.length, 12 + 6 + size);
  assert.is(client.bytes.at(-1), 'A'.charCodeAt(0));
});

const missingForNamespace = missingForSocks('openssh') ?? (['microsocks', 'dante'] as const).map(missingForSocks).find((why) => why !== undefined);
(missingForNamespace === undefined ? test : test.skip)('each runs in a network namespace, over IPv6 too', async () => {
  const networkNamespace = `${namespacePrefix('socks')}alone`;
  execFileSync('ip', ['netns', 'add', networkNamespace]);
  const servers: SocksServer[] = [];
  try {
    execFileSync('ip', ['-n', networkNamespace, 'link', 'set', 'lo', 'up']);
    for (const address of ['127.0.0.1', '::1']) {
      const options = { networkNamespace, address };
      servers.push(await startMicrosocks(options), await startDante(options), await startOpenSsh(options), await MisbehavingProxy.start(options));
    }
    const listening = execFileSync('ip', ['netns', 'exec', networkNamespace, 'ss', '-Htln'], { encoding: 'utf8' });
    for (const { address, port } of servers) assert.match(listening, address === '::1' ? `[::1]:${port} ` : `127.0.0.1:${port} `);
  } finally {
    for (const server of servers) await server.stop();
    removeNamespaces(networkNamespace);
  }
});

test.run();
