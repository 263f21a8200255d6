/** The plugin DLL under Wine, driven by the events of the real OpenVPN outside it: the near side of plugin_host.cpp. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Spawned } from './prober.js';

export type PluginEvent = 'up' | 'route-up' | 'down';

type HostProcess = Spawned & { kill(): Promise<void> };

export interface PluginHostOptions {
  /** Where events arrive; made if need be. */
  spool: string;
  /** Starts plugin_host.exe with these arguments. */
  start: (options: readonly string[]) => HostProcess;
  /** A path as Windows sees it. */
  windowsPath: (linuxPath: string) => string;
  /** Of the plugin DLL, as Linux sees it. */
  plugin: string;
}

export class PluginHost {
  readonly spool: string;
  readonly #process: HostProcess;

  private constructor(spool: string, process: HostProcess) {
    this.spool = spool;
    this.#process = process;
  }

  /** Starts it and waits until the plugin is open. */
  static async start({ spool, start, windowsPath, plugin }: PluginHostOptions): Promise<PluginHost> {
    mkdirSync(spool, { recursive: true });
    const process = start(['--spool', windowsPath(spool), windowsPath(plugin)]);
    await process.waitForOutput(/^TYPE MASK \d+/m, { timeoutMilliseconds: 60_000 });
    return new PluginHost(spool, process);
  }

  /** What the plugin wrote to OpenVPN's log, and its answers: `LOG NOTE name: text`, `EVENT up -> 0`. */
  get output(): string {
    return this.#process.stdout.replaceAll('\r', '');
  }

  /** What it wrote outside OpenVPN's events, when OpenVPN's log is not to be used: `winsock-lsp: text`. */
  get errorOutput(): string {
    return this.#process.stderr.replaceAll('\r', '');
  }

  /** The plugin's answers so far, in order. */
  get answers(): { event: PluginEvent; result: number }[] {
    return [...this.output.matchAll(/^EVENT (up|route-up|down) -> (-?\d+)$/gm)].map(([, event, result]) => ({
      event: event as PluginEvent,
      result: Number(result),
    }));
  }

  /** The environment that OpenVPN gave with the latest event of this kind. */
  environment(event: PluginEvent): Map<string, string> {
    const name = readdirSync(this.spool).filter((file) => file.endsWith(`-${event}.done`)).sort().at(-1);
    if (name === undefined) throw new Error(`no ${event} event has reached the plugin host through ${this.spool}`);
    const variables = readFileSync(join(this.spool, name), 'utf8').split('\0').filter(Boolean);
    return new Map(variables.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));
  }

  /** Has it close the plugin and end, as openvpn.exe does at its own end. */
  async quit(): Promise<void> {
    writeFileSync(join(this.spool, 'quit'), '');
    await this.#process.waitForOutput(/^CLOSED/m);
  }

  /** Ends it with no chance to tidy up, as a killed openvpn.exe. Later events find nobody, and fail at once. */
  async kill(): Promise<void> {
    await this.#process.kill();
    rmSync(this.spool, { recursive: true });
  }
}
