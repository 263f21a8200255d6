/**
 * Programs that a rule leads to SOCKS5 proxies of others (microsocks, Dante with a log-in, OpenSSH's -D), over the differential network:
 * the proxies are in the world, at the lan's address, and the target says whom it saw. That is always the proxy; and no packet goes to
 * the target directly, which is watched on the wire. The ways in which a program can wait are provider/socks5_test.cpp's.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { DifferentialNetwork, hosts } from './differential/network.js';
import { goName, goProgram } from './e2e/go_program.js';
import { missingForNetwork, namespacePrefix } from './e2e/namespaces.js';
import { programPath, Prober, type NodeHost } from './e2e/prober.js';
import { missingForArchitecture, nodeExecutables, requireArtifact, type Architecture, type NodeExecutable } from './support/artifacts.js';
import { addDoctests } from './support/doctest.js';
import { MisbehavingProxy, missingForSocks, startDante, startMicrosocks, startOpenSsh, type ServerOptions, type SocksServer } from './support/socks_servers.js';
import { stageProgram, WinePrefix, withFsKept } from './support/wine.js';

const lan = hosts.lan[0];
const target = hosts.target[0];
const port = 7400;

const servers: readonly { name: string; program: 'microsocks' | 'dante' | 'openssh'; login: boolean; start: (options: ServerOptions) => Promise<SocksServer>; seen: string }[] = [
  // Towards an address of their own host the two leave the source to the system, which takes that address.
  { name: 'microsocks', program: 'microsocks', login: false, start: startMicrosocks, seen: target },
  { name: 'Dante, with a log-in', program: 'dante', login: true, start: (options) => startDante({ ...options, login: { user: 'led', password: 'by the nose' } }), seen: lan },
  { name: 'OpenSSH -D', program: 'openssh', login: false, start: startOpenSsh, seen: target },
];

/** What arrives in the world for the target from the host, which is to be nothing. */
class Wire {
  readonly #child: ChildProcess;
  #output = '';
  private constructor(world: string) {
    const filter = `dst host ${hosts.target[0]} or dst host ${hosts.target[1]}`;
    this.#child = spawn('ip', ['netns', 'exec', world, 'tcpdump', '-n', '-l', '-Q', 'in', '-i', 'any', filter], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (data) => (this.#output += String(data)));
  }
  static async watch(world: string): Promise<Wire> {
    const wire = new Wire(world);
    await new Promise<void>((ready) => wire.#child.stderr?.on('data', (data) => /listening on/.test(String(data)) && ready()));
    return wire;
  }
  /** Packets from the host's addresses, as tcpdump shows them. */
  get packets(): string[] {
    const own = [...hosts.physical, ...hosts.virtual];
    return this.#output.split('\n').filter((line) => own.some((address) => line.includes(` ${address}.`)));
  }
  stop(): void {
    this.#child.kill();
  }
}

/** A host in the network with Windows programs on it, and the world around it. */
class Host {
  readonly folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-socks5-'));
  network!: DifferentialNetwork;
  prefix!: WinePrefix;
  program!: string;
  world!: string;
  wire!: Wire;
  #server!: ChildProcess;

  constructor(readonly architecture: Architecture) {}

  async start(): Promise<void> {
    const name = namespacePrefix(`socks${this.architecture}`);
    this.network = await DifferentialNetwork.create(name);
    this.world = `${name}world`;
    this.prefix = await WinePrefix.create({ directory: join(this.folder, 'wine'), networkNamespace: this.network.host, programs32: this.architecture === 'ia32' });
    this.program = stageProgram(requireArtifact('providerTests', this.architecture), join(this.folder, 'programs'));
    this.#server = spawn('ip', ['netns', 'exec', this.world, process.execPath, programPath('server.cjs'), String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(this.#server.stdout!, 'data');
    this.wire = await Wire.watch(this.world);
    await this.tool('install', this.prefix.toWindowsPath(requireArtifact('lspDll', this.architecture)));
  }

  async stop(): Promise<void> {
    this.wire?.stop();
    this.#server?.kill();
    await this.prefix?.stop();
    this.network?.remove();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  run(parameters: readonly string[], environment: Record<string, string> = {}) {
    return this.prefix.run(this.program, parameters, { winsock: 'test', cwd: dirname(this.program), environment, timeoutMilliseconds: 240_000 });
  }

  /** One of provider_tests.exe's commands. */
  async tool(...parameters: string[]): Promise<void> {
    const { code, stdout, stderr } = await withFsKept(() => this.run(parameters), this.architecture);
    if (code !== 0) throw new Error(`${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  }

  node({ name, path }: NodeExecutable): NodeHost {
    const executable = stageProgram(path, mkdtempSync(join(this.folder, 'node-')), { name: 'node.exe' });
    return {
      name,
      run: async (script, parameters) => {
        const { code, stdout, stderr } = await this.prefix.run(executable, [this.prefix.toWindowsPath(script), ...parameters], { winsock: 'test' });
        if (code !== 0) throw new Error(`${name} ended with code ${code}: ${stdout}${stderr}`);
        return stdout;
      },
      spawn: (script, parameters, environment) =>
        this.prefix.spawn(executable, [this.prefix.toWindowsPath(script), ...parameters], { winsock: 'test', environment }),
      path: (linuxPath) => this.prefix.toWindowsPath(linuxPath),
    };
  }

  probers(): NodeHost[] {
    return [...nodeExecutables(this.architecture).map((node) => this.node(node)), goProgram(this.prefix, this.architecture)];
  }
}

const actionOf = ({ address, port: at, login }: SocksServer) => `socks5 ${address}:${at}${login === undefined ? '' : ' login led'}`;

async function askAll(programs: readonly Prober[], title: string, check: (exchange: Awaited<ReturnType<Prober['ask']>>) => void): Promise<void> {
  for (const program of programs) {
    const exchange = await program.ask({ kind: 'tcp', host: target, port });
    test(`${title}: ${program.name}`, () => check(exchange));
  }
}

async function define(architecture: Architecture): Promise<void> {
  const host = new Host(architecture);
  try {
    await host.start();
    const programs: Prober[] = [];
    const pauses = new Map<string, number>();
    const eventsOf = (node: NodeExecutable) => host.node(node).run(programPath('connection_events.cjs'), [target, String(port)]);
    const ledEvents = new Map<string, string>();
    for (const program of host.probers()) programs.push(await Prober.start(program, join(host.folder, `prober ${program.name}`)));
    await host.tool('login', 'led', 'led', 'by the nose');
    for (const { name, program, start, seen } of servers) {
      const title = `socks5, ${architecture}, ${name}`;
      const missing = missingForSocks(program);
      if (missing !== undefined) {
        test.skip(`${title}: ${missing}`);
        continue;
      }
      const server = await start({ networkNamespace: host.world, address: lan });
      try {
        await addDoctests(test, title, (options) =>
          withFsKept(() => host.run(['--test-suite=socks5-server', ...options], { TEST_SOCKS5_ACTION: actionOf(server), TEST_SOCKS5_SEEN: seen }), architecture),
        );
        await host.tool('rules', `to 1.2.3.0/24 ${actionOf(server)}`);
        await askAll(programs, title, (exchange) => {
          assert.ok(exchange.ok, `${JSON.stringify(exchange)} ${server.output()}`);
          assert.is(exchange.seenSource, seen);
          // Go asks as soon as it is connected, node when it is asked itself.
          if (exchange.peer !== undefined) assert.is(exchange.peer.replace(/:\d+$/, ''), target);
        });
        if (program === 'microsocks') for (const node of nodeExecutables(architecture)) ledEvents.set(node.name, await eventsOf(node));
      } finally {
        await server.stop();
      }
      // The proxy is down now.
      await askAll(programs, `${title}, down`, ({ ok, error }) => assert.is(ok, false, error));
    }

    const proxy = await MisbehavingProxy.start({ networkNamespace: host.world, address: lan });
    try {
      await host.tool('rules', `to 1.2.3.0/24 ${actionOf(proxy)}`);
      for (const [behaviour, error] of [
        [{ reply: 2 }, /EACCES|EPERM|forbidden|access/i],
        [{ reply: 5, staysOpen: true }, /ECONNREFUSED|refused/i],
        [{ delay: 500, tunnel: 'destination' }, undefined],
        [{ firstBytes: false, bound: 'a.name.example' }, undefined],
        [{ byteByByte: 5 }, undefined],
      ] as const) {
        await proxy.behave(behaviour);
        await proxy.forget();
        await askAll(programs, `socks5, ${architecture}, a proxy that does ${JSON.stringify(behaviour)}`, (exchange) => {
          if (error === undefined) assert.ok(exchange.ok, JSON.stringify(exchange));
          else assert.match(exchange.error ?? '', error);
        });
        if (error === undefined) continue;
        const records = await proxy.records();
        test(`socks5, ${architecture}, a proxy that does ${JSON.stringify(behaviour)}: gets nothing of the program's`, () => {
          assert.is(records.length, programs.length);
          for (const record of records) assert.is(record.receivedBytes, record.dialogueBytes);
        });
      }
      await proxy.behave({ delay: { request: 500 }, tunnel: 'echo' });
      for (const node of nodeExecutables(architecture)) {
        const title = `socks5, ${architecture}, ${node.name}: 100 handshakes of half a second each do not hold up the event loop`;
        const many = await host.node(node).run(programPath('many_connections.cjs'), [target, String(port), '100']);
        const { connected, milliseconds, longestPause } = JSON.parse(many) as { connected: number; milliseconds: number; longestPause: number };
        pauses.set(node.name, longestPause);
        test(title, () => {
          assert.is(connected, 100);
          // One after the other they would take 50 s. How long the loop stood still is told below, beside what it does without a proxy: under Wine,
          // where a hundred ConnectEx take half a second, that tells of the machine.
          assert.ok(milliseconds < 25_000, many);
        });
      }
    } finally {
      await proxy.stop();
    }
    const { packets } = host.wire;
    test(`socks5, ${architecture}: not one packet has gone to the target directly`, () => assert.equal(packets, []));
    // And the wire would have shown it.
    await host.tool('rules');
    await askAll(programs.slice(0, 1), `socks5, ${architecture}, without the rule`, (exchange) => assert.ok(exchange.ok));
    for (const node of nodeExecutables(architecture)) {
      const direct: unknown = JSON.parse(await eventsOf(node));
      const led: unknown = JSON.parse(ledEvents.get(node.name) ?? 'null');
      test(`socks5, ${architecture}, ${node.name}: the same events in the same order as without a proxy`, () => assert.equal(led, direct));
      test(`socks5, ${architecture}, ${node.name}: and those that are to be`, () => {
        const { exchange, ...rest } = direct as Record<string, string[]>;
        assert.equal([exchange?.slice(0, 3), exchange?.at(-1)], [['connect', 'ready', 'data'], 'close false']);
        assert.equal([rest['nobody listens'], rest['given up']], [['connect ECONNREFUSED', 'close true'], ['close false']]);
      });
    }
    for (const node of nodeExecutables(architecture)) {
      const { longestPause } = JSON.parse(await host.node(node).run(programPath('many_connections.cjs'), [target, String(port), '100'])) as { longestPause: number };
      console.log(`${node.name}, 100 connections at once: the event loop's longest pause ${pauses.get(node.name)?.toFixed(1)} ms led, ${longestPause.toFixed(1)} ms directly`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    const direct = host.wire.packets.length;
    test(`socks5, ${architecture}: without the rule packets go to the target`, () => assert.ok(direct > 0));
    for (const program of programs) program.quit();
  } finally {
    await host.stop();
  }
}

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForNetwork() ?? missingForArchitecture(architecture);
  if (missing !== undefined) test.skip(`socks5, ${architecture}, with ${goName(architecture)}: ${missing}`);
  else await define(architecture);
}

test.run();
