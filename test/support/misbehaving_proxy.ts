/**
 * A SOCKS 5 proxy that does to each connection what it is told, and records what it got. Run as a program, because it must live in a
 * network namespace; socks_servers.ts starts it and talks to it.
 */

import { connect, createServer, isIP, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What the proxy says: its answers to the greeting, to user and password, and to the CONNECT request. */
export type Stage = 'method' | 'login' | 'request';

/** What is done to one connection. By default the proxy is a good one, without a log-in. */
export interface Behaviour {
  /** Milliseconds before each answer, or before some of them. */
  delay?: number | Partial<Record<Stage, number>>;
  /** Each byte of an answer is a segment of its own, so many milliseconds after the one before. */
  byteByByte?: number;
  /** The connection is ended when so many bytes of the answers, `extra` included, are sent; 0: when it is accepted. */
  closeAfter?: number;
  /** How `closeAfter` ends it; `close` by default. */
  ending?: 'close' | 'reset';
  /** Nothing is said from there on, and the connection stays open. */
  silentFrom?: Stage;
  /** In place of 5, and of 1 in the answer to user and password. */
  version?: Partial<Record<Stage, number>>;
  /** What is chosen, whatever was offered; by default 2 with `login`, else 0, and 255 if it was not offered. */
  method?: number;
  /** Who may use it. */
  login?: { user: string; password: string };
  /** By default 0 for the right log-in, else 1. */
  loginStatus?: number;
  /** By default 0, or what the attempt to reach the destination came to. Any but 0 makes no such attempt. */
  reply?: number;
  /** The address in the reply: IPv4, IPv6, or anything else for a name. By default the one that the proxy's own connection has. */
  bound?: string;
  /** Bytes that follow the reply in the same segment. */
  extra?: string | Uint8Array;
  /** The reply waits for the destination's first bytes, which follow it in the same segment. */
  firstBytes?: boolean;
  /** Said in place of an answer. */
  raw?: Partial<Record<Stage, string | Uint8Array>>;
  /** What a tunnel leads to: the `destination` (the default), the proxy itself, which sends all back, or nothing. */
  tunnel?: 'destination' | 'echo' | 'nothing';
  /** Leaves the connection open after a refusal, where others end it. */
  staysOpen?: boolean;
}

export interface ConnectionRecord {
  from: { address: string; port: number };
  /** What it asked for. */
  destination?: { address: string; port: number };
  login?: { user: string; password: string };
  /** The first 64 KiB of all that came from the client. */
  received: Uint8Array;
  receivedBytes: number;
  /** How many of them are the dialogue's; what follows is the program's. */
  dialogueBytes: number;
  /** How many of the program's were there when the reply was said. */
  earlyBytes: number;
  /** Said to the client, tunnel included. */
  sentBytes: number;
  /** When each answer was said, in milliseconds since the connection was accepted. */
  said: Partial<Record<Stage, number>>;
  /** How the client has ended it; undefined while it has not. */
  ended?: 'close' | 'reset';
}

/** What a parent process sends, and gets with the same `id`. */
export type Command =
  | { id: number; name: 'behave'; always: Behaviour; next: Behaviour[] }
  | { id: number; name: 'records' }
  | { id: number; name: 'forget' };

const recordedBytes = 65_536;

/** The connection has come to its end, as it was told to. */
class Ended extends Error {}

/** What a client sends: recorded, and read in pieces until the tunnel takes it over. */
class Incoming {
  #waiting: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #sink: ((bytes: Buffer) => void) | undefined;
  #ended = false;

  constructor(socket: Socket, record: ConnectionRecord) {
    socket.on('data', (bytes: Buffer) => {
      if (record.receivedBytes < recordedBytes) {
        record.received = Buffer.concat([record.received, bytes]).subarray(0, recordedBytes);
      }
      record.receivedBytes += bytes.length;
      if (this.#sink !== undefined) return this.#sink(bytes);
      this.#waiting = Buffer.concat([this.#waiting, bytes]);
      this.#wake?.();
    });
    const end = (how: 'close' | 'reset') => () => {
      record.ended ??= how;
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', end('close'));
    socket.on('error', end('reset'));
    socket.on('close', end('close'));
  }

  get size(): number {
    return this.#waiting.length;
  }

  async take(size: number): Promise<Buffer> {
    while (this.#waiting.length < size) {
      if (this.#ended) throw new Ended();
      await new Promise<void>((wake) => (this.#wake = wake));
    }
    const taken = this.#waiting.subarray(0, size);
    this.#waiting = this.#waiting.subarray(size);
    return taken;
  }

  pour(sink: (bytes: Buffer) => void): void {
    this.#sink = sink;
    if (this.#waiting.length > 0) sink(this.#waiting);
    this.#waiting = Buffer.alloc(0);
  }
}

/** An address as SOCKS writes it: its kind, its bytes, the port. */
function addressBytes(address: string, port: number): Buffer {
  const portBytes = [port >> 8, port & 255];
  if (isIP(address) === 4) return Buffer.from([1, ...address.split('.').map(Number), ...portBytes]);
  if (isIP(address) === 6) return Buffer.from([4, ...ipv6Bytes(address), ...portBytes]);
  const name = Buffer.from(address);
  return Buffer.concat([Buffer.from([3, name.length]), name, Buffer.from(portBytes)]);
}

function ipv6Bytes(address: string): number[] {
  // The URL parser writes it in its shortest form, without a dotted tail.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const [first, last] = [words(head), words(tail ?? '')];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return all.flatMap((word) => [word >> 8, word & 255]);
}

async function takeDestination(incoming: Incoming): Promise<{ address: string; port: number }> {
  const [, , , kind] = await incoming.take(4);
  let address: string;
  if (kind === 1) {
    address = [...(await incoming.take(4))].join('.');
  } else if (kind === 4) {
    const words = (await incoming.take(16)).toString('hex').match(/.{4}/g) ?? [];
    address = new URL(`http://[${words.join(':')}]/`).hostname.slice(1, -1);
  } else {
    const [length = 0] = await incoming.take(1);
    address = (await incoming.take(length)).toString();
  }
  return { address, port: (await incoming.take(2)).readUInt16BE() };
}

const replies: Record<string, number> = { ENETUNREACH: 3, EHOSTUNREACH: 4, ECONNREFUSED: 5, ETIMEDOUT: 6 };

/** The connection to the destination, or the reply that says why there is none. */
function reach({ address, port }: { address: string; port: number }): Promise<Socket | number> {
  return new Promise((done) => {
    const socket = connect({ host: address, port, allowHalfOpen: true });
    socket.once('connect', () => done(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => done(replies[error.code ?? ''] ?? 1));
  });
}

/** Passes on what `from` says, and its end, as fast as `to` takes it. */
function forward(from: Socket, to: Socket, pour: (sink: (bytes: Buffer) => void) => void, count: (bytes: number) => void): void {
  to.on('drain', () => from.resume());
  pour((bytes) => {
    count(bytes.length);
    if (!to.write(bytes)) from.pause();
  });
  if (from.readableEnded) to.end();
  else from.once('end', () => to.end());
  from.once('close', () => from.errored !== null && to.resetAndDestroy());
}

class Connection {
  readonly #socket: Socket;
  readonly #behaviour: Behaviour;
  readonly #record: ConnectionRecord;
  readonly #incoming: Incoming;
  readonly #accepted = performance.now();
  #saidBytes = 0;

  constructor(socket: Socket, behaviour: Behaviour, record: ConnectionRecord) {
    this.#socket = socket;
    this.#behaviour = behaviour;
    this.#record = record;
    this.#incoming = new Incoming(socket, record);
  }

  async serve(): Promise<void> {
    this.#endIfDue();
    if (!(await this.#greet())) return this.#refused();
    const destination = await takeDestination(this.#incoming);
    this.#record.destination = destination;
    this.#dialogueIsRead();

    const { reply: told, tunnel = 'destination' } = this.#behaviour;
    let target: Socket | number | undefined;
    if (told === undefined || told === 0) target = tunnel === 'destination' ? await reach(destination) : undefined;
    else target = told;
    if (typeof target === 'number') {
      await this.#reply(target);
      return this.#refused();
    }
    target?.on('error', () => this.#socket.resetAndDestroy());
    this.#socket.once('close', () => target?.destroy());
    const first = target !== undefined && this.#behaviour.firstBytes === true ? await firstBytes(target) : Buffer.alloc(0);
    await this.#reply(0, target, first);
    this.#lead(target ?? (tunnel === 'echo' ? this.#socket : undefined));
  }

  /** Whether the client may ask. */
  async #greet(): Promise<boolean> {
    const { login, loginStatus, version = {} } = this.#behaviour;
    const [, count = 0] = await this.#incoming.take(2);
    const offered = await this.#incoming.take(count);
    this.#dialogueIsRead();
    const wanted = login === undefined ? 0 : 2;
    const method = this.#behaviour.method ?? (offered.includes(wanted) ? wanted : 255);
    await this.#say('method', Buffer.from([version.method ?? 5, method]));
    if (method !== 2) return method !== 255;

    const [, userLength = 0] = await this.#incoming.take(2);
    const user = (await this.#incoming.take(userLength)).toString();
    const [passwordLength = 0] = await this.#incoming.take(1);
    const password = (await this.#incoming.take(passwordLength)).toString();
    this.#record.login = { user, password };
    this.#dialogueIsRead();
    const right = login === undefined || (login.user === user && login.password === password);
    const status = loginStatus ?? (right ? 0 : 1);
    await this.#say('login', Buffer.from([version.login ?? 1, status]));
    return status === 0;
  }

  async #reply(code: number, target?: Socket, first: Buffer = Buffer.alloc(0)): Promise<void> {
    const { bound, extra = '', version = {} } = this.#behaviour;
    const address = bound ?? (target?.localAddress || '0.0.0.0');
    const answer = Buffer.concat([Buffer.from([version.request ?? 5, code, 0]), addressBytes(address, target?.localPort ?? 0)]);
    await this.#say('request', answer, Buffer.concat([Buffer.from(extra as string), first]));
  }

  /** `behind`: what follows the answer in the same segment. */
  async #say(stage: Stage, answer: Buffer, behind: Buffer = Buffer.alloc(0)): Promise<void> {
    const { delay: delays = 0, byteByByte, closeAfter = Infinity, raw = {}, silentFrom } = this.#behaviour;
    if (silentFrom === stage) await new Promise(() => undefined);
    const milliseconds = typeof delays === 'number' ? delays : (delays[stage] ?? 0);
    if (milliseconds > 0) await delay(milliseconds);
    if (stage === 'request') this.#record.earlyBytes = this.#incoming.size;
    const all = Buffer.concat([raw[stage] === undefined ? answer : Buffer.from(raw[stage] as string), behind]);
    const bytes = all.subarray(0, closeAfter - this.#saidBytes);
    if (byteByByte === undefined) {
      this.#write(bytes);
    } else {
      for (const byte of bytes) {
        this.#write(Buffer.from([byte]));
        await delay(byteByByte);
        if (this.#socket.destroyed) throw new Ended();
      }
    }
    this.#saidBytes += bytes.length;
    this.#record.said[stage] = performance.now() - this.#accepted;
    this.#endIfDue();
  }

  #write(bytes: Buffer): void {
    this.#record.sentBytes += bytes.length;
    this.#socket.write(bytes);
  }

  #endIfDue(): void {
    const { closeAfter = Infinity, ending = 'close' } = this.#behaviour;
    if (this.#saidBytes < closeAfter) return;
    if (ending === 'close') this.#socket.end();
    else this.#socket.resetAndDestroy();
    throw new Ended();
  }

  #refused(): void {
    if (this.#behaviour.staysOpen !== true) this.#socket.end();
  }

  #dialogueIsRead(): void {
    this.#record.dialogueBytes = this.#record.receivedBytes - this.#incoming.size;
  }

  #lead(target: Socket | undefined): void {
    if (target === undefined) return;
    const pour = (sink: (bytes: Buffer) => void) => this.#incoming.pour(sink);
    forward(this.#socket, target, pour, (bytes) => {
      if (target === this.#socket) this.#record.sentBytes += bytes;
    });
    if (target === this.#socket) return;
    const pourBack = (sink: (bytes: Buffer) => void) => void target.on('data', sink).resume();
    forward(target, this.#socket, pourBack, (bytes) => (this.#record.sentBytes += bytes));
  }
}

/** What the destination says first; nothing if it ends first. Whatever else comes waits for whoever resumes it. */
function firstBytes(target: Socket): Promise<Buffer> {
  return new Promise((done) => {
    const finish = (bytes: Buffer) => {
      target.pause();
      target.off('data', finish);
      target.off('end', ended);
      done(bytes);
    };
    const ended = () => finish(Buffer.alloc(0));
    target.on('data', finish);
    target.on('end', ended);
  });
}

function listen(address: string, port: number): void {
  let always: Behaviour = {};
  let next: Behaviour[] = [];
  let records: ConnectionRecord[] = [];

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const record: ConnectionRecord = {
      from: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
      received: Buffer.alloc(0),
      receivedBytes: 0,
      dialogueBytes: 0,
      earlyBytes: 0,
      sentBytes: 0,
      said: {},
    };
    records.push(record);
    // A client that ends before it has a tunnel gets an end in return.
    socket.on('end', () => record.said.request === undefined && socket.end());
    new Connection(socket, next.shift() ?? always, record).serve().catch((error: unknown) => {
      if (!(error instanceof Ended)) throw error;
    });
  });

  process.on('message', (command: Command) => {
    let result: ConnectionRecord[] | undefined;
    if (command.name === 'behave') ({ always, next } = command);
    else if (command.name === 'records') result = records;
    else records = [];
    process.send?.({ id: command.id, result });
  });
  process.on('disconnect', () => process.exit());
  server.listen({ host: address, port, backlog: 4096 }, () => process.send?.({ port: (server.address() as AddressInfo).port }));
}

if (process.send !== undefined && process.argv[1]?.endsWith('misbehaving_proxy.ts')) {
  listen(process.argv[2] ?? '127.0.0.1', Number(process.argv[3] ?? 0));
}
