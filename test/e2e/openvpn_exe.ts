/**
 * The real openvpn.exe under Wine, with the plugin as its users load it. Wine has no tun adapters, so it has `dev null`: a session of its
 * own with the server, and every event of the plugin, but no packets. Those take the tunnel of the Linux client beside it, whose interface
 * gets the address that this session is given, as the adapter on Windows would.
 */

import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { openVpnExecutable } from '../support/artifacts.js';
import type { WinePrefix, WineProgram } from '../support/wine.js';
import type { Keys } from './keys.js';
import { addresses, type Network } from './network.js';
import { exeAddress, quote, tunnel, type TunnelPlan } from './openvpn.js';
import type { PluginEvent } from './plugin_host.js';

/** Where it is installed; Windows' installer writes it into the registry with the backslash at its end. */
export const installFolder = 'C:\\Program Files\\OpenVPN\\';
/** The line that the documents have. */
export const pluginLine = 'plugin "C:\\\\Program Files\\\\OpenVPN\\\\plugins\\\\winsock-lsp.dll"';

export interface OpenVpnExeOptions {
  network: Network;
  prefix: WinePrefix;
  keys: Keys;
  /** The virtual address that its server will give it; exeAddress unless told. */
  address?: string;
  /** Where the management interface listens; each openvpn.exe on a host needs one of its own. */
  managementPort?: number;
  /** `tunnel` unless told. */
  plan?: TunnelPlan;
  /** The `plugin` line; the documented one unless told. */
  plugin?: string;
  /** Instead of the configuration that goes with `startServer`; what the test needs is added to it. */
  configuration?: string;
  /** More of it. */
  directives?: string;
  /** Of the process. */
  environment?: Record<string, string>;
  cwd?: string;
}

const events: Record<string, PluginEvent> = { UP: 'up', ROUTE_UP: 'route-up', DOWN: 'down' };
const connected = /Initialization Sequence Completed/g;

/** Puts openvpn.exe where its installer does, and its folder into the registry. The result is its path. */
export async function installOpenVpn(prefix: WinePrefix): Promise<string> {
  const folder = join(prefix.directory, 'drive_c', 'Program Files', 'OpenVPN');
  const executable = join(folder, 'bin', 'openvpn.exe');
  for (const name of ['bin', 'config', 'plugins']) mkdirSync(join(folder, name), { recursive: true });
  if (!existsSync(executable)) {
    copyFileSync(openVpnExecutable(), executable);
    const { code, stderr } = await prefix.run('reg', ['add', 'HKLM\\SOFTWARE\\OpenVPN', '/ve', '/d', installFolder, '/f']);
    if (code !== 0) throw new Error(`reg add ended with ${code}: ${stderr}`);
  }
  return executable;
}

export class OpenVpnExe {
  readonly #options: OpenVpnExeOptions;
  readonly #process: WineProgram;
  readonly #plan: TunnelPlan;
  readonly #address: string;
  readonly #port: number;

  private constructor(options: OpenVpnExeOptions, process: WineProgram) {
    this.#options = options;
    this.#process = process;
    this.#plan = options.plan ?? tunnel;
    this.#address = options.address ?? exeAddress(this.#plan);
    this.#port = options.managementPort ?? 7505;
  }

  /** Starts it; does not wait for anything. */
  static async begin(options: OpenVpnExeOptions): Promise<OpenVpnExe> {
    const { prefix, network, plan = tunnel, address = exeAddress(plan) } = options;
    const executable = await installOpenVpn(prefix);
    const file = join(prefix.directory, 'drive_c', 'Program Files', 'OpenVPN', 'config', `client-${plan.interface}.ovpn`);
    writeFileSync(file, configurationOf(options));
    await network.exec('client', ['ip', 'address', 'replace', `${address}/32`, 'dev', plan.interface]);
    const process = prefix.spawn(executable, ['--config', prefix.toWindowsPath(file)], {
      winsock: 'test',
      // Without it Wine ends openvpn.exe at its first call of what Wine's iphlpapi lacks (InitializeIpInterfaceEntry).
      ipHelper: 'test',
      cwd: options.cwd,
      environment: options.environment,
    });
    return new OpenVpnExe(options, process);
  }

  /** Starts it and waits until the session stands. */
  static async start(options: OpenVpnExeOptions): Promise<OpenVpnExe> {
    const started = await OpenVpnExe.begin(options);
    await started.connectedTimes(1);
    return started;
  }

  /** OpenVPN's log, in which the plugin writes `PLUGIN winsock-lsp: …`, and `winsock-lsp: …` outside its events. */
  get output(): string {
    return `${this.#process.stdout}${this.#process.stderr}`.replaceAll('\r', '');
  }

  /** Its lines that are the plugin's or about it. */
  get pluginLog(): string {
    return this.output.split('\n').filter((line) => /PLUGIN|winsock-lsp/.test(line)).join('\n');
  }

  /** What the plugin wrote outside OpenVPN's events. */
  get errorOutput(): string {
    return this.#process.stderr.replaceAll('\r', '');
  }

  /** The plugin's answers so far, in order. */
  get answers(): { event: PluginEvent; result: number }[] {
    return [...this.output.matchAll(/PLUGIN_CALL: POST .*\/PLUGIN_(UP|ROUTE_UP|DOWN) status=(-?\d+)/g)].map(([, name = '', result]) => ({
      event: events[name] as PluginEvent,
      result: Number(result),
    }));
  }

  /** Waits until it has connected so many times. */
  async connectedTimes(times: number, timeoutMilliseconds = 90_000): Promise<void> {
    const deadline = Date.now() + timeoutMilliseconds;
    while ((this.output.match(connected) ?? []).length < times) {
      const why = this.#process.code !== undefined ? `it ended with ${this.#process.code}` : Date.now() > deadline ? 'it did not in time' : '';
      if (why !== '') throw new Error(`waited for openvpn.exe to connect, time ${times}, but ${why}:\n${this.output}`);
      await new Promise((later) => setTimeout(later, 50));
    }
  }

  /** Its exit code, once it has ended by itself. */
  async ended(timeoutMilliseconds = 60_000): Promise<number> {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`openvpn.exe did not end within ${timeoutMilliseconds} ms:\n${this.output}`)), timeoutMilliseconds).unref();
    });
    return Promise.race([this.#process.exited, late]);
  }

  /** A signal as OpenVPN has them: SIGUSR1 has it connect again, SIGTERM ends it. By the management interface, as OpenVPN GUI does it. */
  async signal(name: 'SIGUSR1' | 'SIGHUP' | 'SIGTERM'): Promise<void> {
    const program = `
      const socket = require('net').connect(${this.#port}, '127.0.0.1');
      socket.on('connect', () => socket.write('signal ${name}\\n'));
      socket.on('data', (data) => { if (/signal ${name} thrown/.test(data)) process.exit(0); });
      socket.on('error', (error) => { console.error(String(error)); process.exit(1); });
      setTimeout(() => process.exit(2), 10000);`;
    await this.#options.network.exec('client', [process.execPath, '-e', program]);
  }

  /** Ends it in order: DOWN, and the plugin closed. */
  async quit(): Promise<void> {
    if (this.#process.code === undefined) {
      await this.signal('SIGTERM');
      await this.ended();
    }
    await this.#loseAddress();
  }

  /** Ends it with no chance to tidy up. */
  async kill(): Promise<void> {
    await this.#process.kill();
    await this.#loseAddress();
  }

  async #loseAddress(): Promise<void> {
    const { network } = this.#options;
    await network.exec('client', ['ip', 'address', 'del', `${this.#address}/32`, 'dev', this.#plan.interface], { mayFail: true });
  }
}

function configurationOf({ prefix, keys, plan = tunnel, plugin = pluginLine, configuration, directives = '', managementPort = 7505 }: OpenVpnExeOptions): string {
  const path = (linux: string) => quote(prefix.toWindowsPath(linux));
  // The route is the Linux client's, and so is the adapter.
  const added = `dev null
ifconfig-noexec
route-noexec
verb 3
management 127.0.0.1 ${managementPort}
connect-retry 1 2
${directives}
`;
  if (configuration !== undefined) return `${configuration}\n${added}`;
  return `client
proto udp4
nobind
remote ${addresses.server} ${plan.port}
remote-cert-tls server
explicit-exit-notify 1
ca ${path(keys.authority)}
cert ${path(keys.openvpnExe.certificate)}
key ${path(keys.openvpnExe.key)}
${plugin}
${added}`;
}

/** The files of the plugin, where the documents say that they go. */
export function copyPlugin(prefix: WinePrefix, files: readonly (readonly [from: string, name?: string])[]): string {
  const folder = join(prefix.directory, 'drive_c', 'Program Files', 'OpenVPN', 'plugins');
  mkdirSync(folder, { recursive: true });
  for (const [from, name = basename(from)] of files) copyFileSync(from, join(folder, name));
  return folder;
}
