/**
 * SOCKS 5 proxies for the tests: real ones from Debian (microsocks, Dante, OpenSSH's -D), and one of our own that misbehaves as it is
 * told. Each runs in the network namespace that it is given, else in this process's, and ends with this process at the latest.
 */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, isIPv6, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { onExit } from '../e2e/cleanup.js';
import { ownedTemporaryDirectory } from '../e2e/namespaces.js';
import { RunningProcess } from '../e2e/processes.js';
import { repository } from './artifacts.js';
import type { Behaviour, Command, ConnectionRecord } from './misbehaving_proxy.js';

export type { Behaviour, ConnectionRecord, Stage } from './misbehaving_proxy.js';

export interface Login {
  user: string;
  password: string;
}

export interface ServerOptions {
  networkNamespace?: string;
  /** Where it listens; 127.0.0.1 by default. */
  address?: string;
  /** A free one by default. */
  port?: number;
}

export interface SocksServer {
  /** As tables show it: `microsocks`, `Dante`, `OpenSSH -D`. */
  name: string;
  address: string;
  port: number;
  /** Whom it lets in; undefined: everybody. */
  login: Login | undefined;
  /** What it has printed. */
  output(): string;
  stop(): Promise<void>;
}

const programs = { microsocks: 'microsocks', dante: 'danted', openssh: 'sshd' } as const;
export type SocksProgram = keyof typeof programs;

function findProgram(name: string): string | undefined {
  // scripts/setup.mjs unpacks there what, installed, would be a service of the machine's.
  const unpacked = ['sbin', 'bin'].map((folder) => join(repository, 'build', 'tools', 'socks-servers', 'usr', folder));
  const folders = [...unpacked, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Why a server cannot run here, or undefined if it can. */
export function missingForSocks(server: SocksProgram): string | undefined {
  if (process.platform !== 'linux') return 'the SOCKS servers need Linux';
  if (findProgram(programs[server]) === undefined) return `${programs[server]} is not there: node scripts/run.mjs setup`;
  if (server === 'microsocks') return undefined;
  if (process.getuid?.() !== 0) return `${programs[server]} needs root, for a mount namespace with users of its own`;
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'pipe' });
  } catch {
    return `${programs[server]} needs a mount namespace, and this machine refuses to make one`;
  }
  return undefined;
}

function requireProgram(server: SocksProgram): string {
  const missing = missingForSocks(server);
  if (missing !== undefined) throw new Error(missing);
  return findProgram(programs[server]) ?? '';
}

const inside = (networkNamespace: string | undefined, argv: readonly string[]): string[] =>
  networkNamespace === undefined ? [...argv] : ['ip', 'netns', 'exec', networkNamespace, ...argv];

/** A TCP port that nobody uses in this process's namespace; in another one it is as good as any. */
async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen({ host: isIPv6(address) ? '::' : '0.0.0.0', port: 0 }, listening);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Whether somebody listens on the port in a process's network namespace. Asked without a connection, which the server would see. */
function isListening(pid: number, port: number): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6'].some((table) => {
    try {
      const lines = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n');
      return lines.some((line) => new RegExp(`^ *\\d+: [0-9A-F]+:${wanted} [0-9A-F:]+ 0A `).test(line));
    } catch {
      return false; // no IPv6, or the process has just ended
    }
  });
}

/** A server program that has been started, with the folder that it needs. */
class ServerProgram {
  readonly process: RunningProcess;
  readonly #folder: string | undefined;
  readonly #forgetExit: () => void;

  constructor(argv: readonly string[], folder?: string) {
    this.process = new RunningProcess(argv);
    this.#folder = folder;
    this.#forgetExit = onExit(() => this.#end());
  }

  /** Gives up when the program ends, or after 15 s. */
  async listens(port: number): Promise<void> {
    const deadline = Date.now() + 15_000;
    const { pid } = this.process;
    while (pid === undefined || !isListening(pid, port)) {
      if (this.process.code !== undefined || Date.now() > deadline) {
        await this.stop();
        throw new Error(`a SOCKS server does not listen on port ${port}:\n${this.output()}`);
      }
      await delay(20);
    }
  }

  output(): string {
    return this.process.stdout + this.process.stderr;
  }

  async stop(): Promise<void> {
    this.#end();
    await this.process.exited.catch(() => undefined);
    this.#forgetExit();
  }

  #end(): void {
    const { pid } = this.process;
    try {
      // Its whole process group: servers have children.
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function started(
  name: string,
  programs: readonly ServerProgram[],
  { address, port, login }: { address: string; port: number; login?: Login | undefined },
): Promise<SocksServer> {
  const stop = async () => {
    for (const program of programs) await program.stop();
  };
  try {
    await programs[0]?.listens(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, address, port, login, output: () => programs.map((program) => program.output()).join(''), stop };
}

/** microsocks, with or without a log-in. It answers every refusal of its own with the right code, and any success with 0.0.0.0:0. */
export async function startMicrosocks({ networkNamespace, address = '127.0.0.1', port: told, login }: ServerOptions & { login?: Login } = {}): Promise<SocksServer> {
  const port = told ?? (await freePort(address));
  const users = login === undefined ? [] : ['-u', login.user, '-P', login.password];
  const argv = [requireProgram('microsocks'), '-i', address, '-p', String(port), ...users];
  return started('microsocks', [new ServerProgram(inside(networkNamespace, argv))], { address, port, login });
}

/** What the servers, and the C library for them, read of /etc, besides users. */
const settings = ['group', 'host.conf', 'hosts', 'hosts.allow', 'hosts.deny', 'ld.so.cache', 'login.defs', 'nsswitch.conf', 'protocols', 'resolv.conf', 'services'];

/**
 * A command line that sees an /etc of its own, with more users; nothing of the machine's is changed. Not files over /etc/passwd and
 * /etc/shadow: those would be uncovered when somebody adds a user to the machine, which replaces them.
 */
function withUsers(folder: string, users: readonly { name: string; uid: number; home: string; hash?: string }[], argv: readonly string[]): string[] {
  const etc = join(folder, 'etc');
  mkdirSync(etc, { mode: 0o755 });
  for (const name of settings) if (existsSync(join('/etc', name))) copyFileSync(join('/etc', name), join(etc, name));
  const passwd = users.map(({ name, uid, home }) => `${name}:x:${uid}:${uid === 0 ? 0 : 65_534}::${home}:/bin/sh`);
  const shadow = users.map(({ name, hash = '*' }) => `${name}:${hash}:19000:0:99999:7:::`);
  for (const [name, lines, mode] of [['passwd', passwd, 0o644], ['shadow', shadow, 0o600]] as const) {
    const others = readFileSync(join('/etc', name), 'utf8').split('\n').filter((line) => line !== '' && !users.some((user) => line.startsWith(`${user.name}:`)));
    writeFileSync(join(etc, name), `${[...lines, ...others].join('\n')}\n`, { mode });
  }
  const script = `mount --bind '${etc}' /etc && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec "$@"`;
  return ['unshare', '-m', 'sh', '-ec', script, 'sh', ...argv];
}

/**
 * Dante, by default with a log-in. `external`: the interface or the address that its own connections leave from; where it listens by
 * default.
 */
export async function startDante({
  networkNamespace,
  address = '127.0.0.1',
  port: told,
  login,
  external = address,
  blocked = [],
}: ServerOptions & { login?: Login | undefined; external?: string; blocked?: readonly string[] } = {}): Promise<SocksServer> {
  const program = requireProgram('dante');
  const port = told ?? (await freePort(address));
  const folder = ownedTemporaryDirectory();
  const method = login === undefined ? 'none' : 'username';
  const rule = (verdict: string, to: string) => `socks ${verdict} {\n from: 0/0 to: ${to}\n command: connect\n log: error connect\n}`;
  writeFileSync(
    join(folder, 'danted.conf'),
    [
      'logoutput: stderr',
      `internal: ${address} port = ${port}`,
      `external: ${external}`,
      `clientmethod: none`,
      `socksmethod: ${method}`,
      'user.privileged: root',
      'user.unprivileged: nobody',
      'client pass {\n from: 0/0 to: 0/0\n log: error\n}',
      ...blocked.map((to) => rule('block', to)),
      rule('pass', '0/0'),
      '',
    ].join('\n'),
  );
  const users = login === undefined ? [] : [{ name: login.user, uid: 61_001, home: '/nonexistent', hash: passwordHash(login.password) }];
  const argv = withUsers(folder, users, [program, '-f', join(folder, 'danted.conf'), '-p', join(folder, 'danted.pid')]);
  return started('Dante', [new ServerProgram(inside(networkNamespace, argv), folder)], { address, port, login });
}

const passwordHash = (password: string): string => execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' }).trim();

/**
 * OpenSSH's `ssh -D`, whose connections are made by an sshd: both in `networkNamespace`, or the sshd at an address of its own elsewhere.
 */
export async function startOpenSsh({
  networkNamespace,
  address = '127.0.0.1',
  port: told,
  server = {},
}: ServerOptions & { server?: ServerOptions } = {}): Promise<SocksServer> {
  const sshd = requireProgram('openssh');
  const folder = ownedTemporaryDirectory();
  const { networkNamespace: serverNamespace = networkNamespace, address: serverAddress = '127.0.0.1', port: serverTold } = server;
  const serverPort = serverTold ?? (await freePort(serverAddress));
  for (const key of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
  mkdirSync(join(folder, 'home'), { mode: 0o700 });
  const options = [
    ...[`Port=${serverPort}`, `ListenAddress=${serverAddress}`, `HostKey=${join(folder, 'host')}`, `PidFile=none`],
    ...[`AuthorizedKeysFile=${join(folder, 'user.pub')}`, 'StrictModes=no', 'UsePAM=no', 'PermitRootLogin=yes', 'MaxSessions=10'],
  ];
  // -D: in the foreground. sshd starts itself again for each connection, by its full path. The password is no one's, but not locked.
  const sshdArgv = [sshd, '-D', '-e', '-f', '/dev/null', ...options.flatMap((option) => ['-o', option])];
  const users = [
    { name: 'sshd', uid: 61_002, home: '/run/sshd' },
    { name: 'root', uid: 0, home: join(folder, 'home') },
  ];
  const daemon = new ServerProgram(inside(serverNamespace, withUsers(folder, users, sshdArgv)), folder);
  try {
    await daemon.listens(serverPort);
    const port = told ?? (await freePort(address));
    const bind = isIPv6(address) ? `[${address}]` : address;
    const clientOptions = ['StrictHostKeyChecking=no', `UserKnownHostsFile=${join(folder, 'known')}`, 'ExitOnForwardFailure=yes', 'BatchMode=yes'];
    const argv = ['ssh', '-N', '-F', 'none', '-i', join(folder, 'user'), ...clientOptions.flatMap((option) => ['-o', option])];
    const client = new ServerProgram(inside(networkNamespace, [...argv, '-p', String(serverPort), '-D', `${bind}:${port}`, `root@${serverAddress}`]));
    return await started('OpenSSH -D', [client, daemon], { address, port });
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}

/** Ours: see Behaviour. */
export class MisbehavingProxy implements SocksServer {
  readonly name = 'one that misbehaves';
  readonly address: string;
  readonly login = undefined;
  port = 0;
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (result: ConnectionRecord[] | undefined) => void>();
  readonly #exited: Promise<void>;
  readonly #forgetExit: () => void;
  #commands = 0;
  #output = '';

  /** It is a good proxy until it is told to behave otherwise. */
  static async start({ networkNamespace, address = '127.0.0.1', port = 0 }: ServerOptions = {}): Promise<MisbehavingProxy> {
    const script = join(repository, 'test', 'support', 'misbehaving_proxy.ts');
    const [command = '', ...argv] = inside(networkNamespace, [process.execPath, '--import', 'tsx', script, address, String(port)]);
    const child = spawn(command, argv, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced' });
    const proxy = new MisbehavingProxy(child, address);
    await proxy.#listens();
    return proxy;
  }

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
    this.#forgetExit = onExit(() => child.kill('SIGKILL'));
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (this.#output += String(text)));
    this.#exited = new Promise((exited) => child.on('close', () => exited()));
    child.on('message', ({ id, result }: { id: number; result?: ConnectionRecord[] }) => {
      this.#answers.get(id)?.(result);
      this.#answers.delete(id);
    });
  }

  /** What is done to the connections that it accepts from now on: to the next ones in their order, then to all others. */
  async behave(always: Behaviour, ...next: readonly Behaviour[]): Promise<void> {
    await this.#ask({ id: ++this.#commands, name: 'behave', always, next: [...next] });
  }

  /** What it got, by connection in the order of their acceptance, since it was started or told to forget. */
  async records(): Promise<ConnectionRecord[]> {
    return (await this.#ask({ id: ++this.#commands, name: 'records' })) ?? [];
  }

  /** Waits until the records are as wanted, for 10 s unless told. */
  async waitForRecords(wanted: (records: ConnectionRecord[]) => boolean, timeoutMilliseconds = 10_000): Promise<ConnectionRecord[]> {
    const deadline = Date.now() + timeoutMilliseconds;
    for (;;) {
      const records = await this.records();
      if (wanted(records)) return records;
      if (Date.now() > deadline) throw new Error(`the proxy has not recorded what was waited for:\n${JSON.stringify(records, null, 1)}`);
      await delay(20);
    }
  }

  async forget(): Promise<void> {
    await this.#ask({ id: ++this.#commands, name: 'forget' });
  }

  output(): string {
    return this.#output;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    this.#forgetExit();
  }

  async #listens(): Promise<void> {
    const listening = new Promise<number>((told) => this.#child.once('message', ({ port }: { port: number }) => told(port)));
    const port = await Promise.race([listening, this.#exited]);
    if (port === undefined) throw new Error(`the proxy that misbehaves could not be started:\n${this.#output}`);
    this.port = port;
  }

  async #ask(command: Command): Promise<ConnectionRecord[] | undefined> {
    const answer = new Promise<ConnectionRecord[] | undefined>((answered) => this.#answers.set(command.id, answered));
    this.#child.send(command);
    return Promise.race([
      answer,
      this.#exited.then(() => {
        throw new Error(`the proxy that misbehaves has ended:\n${this.#output}`);
      }),
    ]);
  }
}
