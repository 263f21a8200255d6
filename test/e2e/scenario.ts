/**
 * The demonstration: unmodified Windows programs reach the target before the LSP, with it and after it, while the real
 * openvpn.exe drives the plugin; the target opens a connection back; and what it saw each time is told.
 */

import { echoPorts, visit } from './native_node.js';
import { addresses } from './network.js';
import { tunnel } from './openvpn.js';
import { pluginLine, type OpenVpnExe } from './openvpn_exe.js';
import { programPath, type Exchange, type NodeHost, type Prober } from './prober.js';
import { TestBed, type TestBedOptions } from './testbed.js';

export const moments = ['before', 'during', 'after'] as const;
export type Moment = (typeof moments)[number];

export interface Row {
  program: string;
  exchange: string;
  /** The source address that the target saw, or the error, at each moment; a program that did not run yet has none. */
  seen: Partial<Record<Moment, string>>;
  /** Whether each was as it should be. */
  right: boolean;
}

export interface WayBack {
  program: string;
  /** Whom the target's connection reached, as the server program saw it. */
  reached: string;
  /** Whom the server program saw come. */
  visitor: string;
  /** What the client received from the tunnel meanwhile. */
  tunnelPackets: number;
  right: boolean;
}

export interface ScenarioResult {
  rows: Row[];
  wayBack: WayBack[];
  /** The line of openvpn.exe's configuration, and what its log has of the plugin. */
  pluginLine: string;
  pluginLog: string;
  right: boolean;
}

/** Runs all of it on a test bed of its own, which is gone afterwards. */
export async function runScenario(options: TestBedOptions): Promise<ScenarioResult> {
  const { log = () => undefined } = options;
  const bed = await TestBed.create(options);
  try {
    return await new Scenario(bed, log).run();
  } finally {
    log('cleaning up');
    await bed.destroy();
  }
}

const exchanges = ['TCP', 'UDP'] as const;
const wayBackPort = 8000;

class Scenario {
  readonly #bed: TestBed;
  readonly #log: (text: string) => void;
  readonly #rows: Row[] = [];
  readonly #wayBack: WayBack[] = [];
  #running: Prober[] = [];

  constructor(bed: TestBed, log: (text: string) => void) {
    this.#bed = bed;
    this.#log = log;
  }

  async run(): Promise<ScenarioResult> {
    const { client } = this.#bed;

    this.#log('before: OpenVPN connects without the plugin, and there is no LSP');
    await client.start();
    await this.#freshPrograms('before');

    this.#log('during: openvpn.exe connects with the plugin, which installs the LSP and publishes the tunnel');
    const plugin = await this.#bed.startOpenVpn();
    this.#requireAnswers(plugin, ['up', 'route-up']);
    for (const host of this.#bed.windows) this.#running.push(await this.#bed.startProber(host));
    await this.#freshPrograms('during');
    await this.#runningPrograms('during');
    for (const prober of this.#running) await this.#checkWayBack(prober);

    this.#log('after: openvpn.exe disconnects; the plugin withdraws the tunnel and removes the LSP; OpenVPN is connected without it');
    await plugin.quit();
    this.#requireAnswers(plugin, ['up', 'route-up', 'down']);
    await this.#freshPrograms('after');
    await this.#runningPrograms('after');
    await client.stop();

    await this.#bed.network.assertNoTranslation();
    this.#log('no address translation anywhere: no namespace has tracked a connection');
    for (const prober of this.#running) prober.quit();
    const right = [...this.#rows, ...this.#wayBack].every((row) => row.right);
    return { rows: this.#rows, wayBack: this.#wayBack, pluginLine, pluginLog: plugin.pluginLog, right };
  }

  /** A new process for each exchange. */
  async #freshPrograms(moment: Moment): Promise<void> {
    for (const host of this.#bed.windows) {
      for (const exchange of exchanges) {
        const result = await exchangeByProgram(host, exchange);
        this.#enter({ program: host.name, exchange, moment, result });
      }
    }
  }

  /** The processes that were started while the LSP was there, the UDP socket of then included. */
  async #runningPrograms(moment: Moment): Promise<void> {
    for (const prober of this.#running) {
      const program = `${prober.name}, kept running`;
      const tcp = await prober.ask({ kind: 'tcp', host: addresses.target, port: echoPorts.tcp });
      this.#enter({ program, exchange: 'TCP', moment, result: tcp });
      const udp = await prober.ask({ kind: 'udp', host: addresses.target, port: echoPorts.udp, keep: 'target' });
      this.#enter({ program, exchange: 'UDP, one socket', moment, result: udp });
    }
  }

  #enter({ program, exchange, moment, result }: { program: string; exchange: string; moment: Moment; result: Exchange }): void {
    let row = this.#rows.find((known) => known.program === program && known.exchange === exchange);
    if (row === undefined) {
      row = { program, exchange, seen: {}, right: true };
      this.#rows.push(row);
    }
    const seen = result.ok ? (result.seenSource ?? '') : `error ${result.error}`;
    const right = moment === 'during' ? seen === addresses.client : tunnel.virtualAddress.test(seen);
    row.seen[moment] = seen;
    row.right &&= right;
    this.#log(`  ${program}, ${exchange}: the target saw ${seen}${right ? '' : '  <- wrong'}`);
  }

  /** The target opens a connection to the physical address, which the server routes into the tunnel. */
  async #checkWayBack(prober: Prober): Promise<void> {
    const { network } = this.#bed;
    const port = wayBackPort + this.#wayBack.length;
    await prober.ask({ kind: 'tcp-server', port });
    const before = await network.counters('client', tunnel.interface);
    const result = await visit(network, 'target', 'tcp', addresses.client, port);
    const after = await network.counters('client', tunnel.interface);
    const tunnelPackets = (after?.receivedPackets ?? 0) - (before?.receivedPackets ?? 0);
    const visitor = prober.visits.at(-1)?.peer ?? 'nobody';
    const reached = result.ok ? (result.peer ?? '') : `error ${result.error}`;
    // A connection takes at least three packets each way: SYN, data and FIN.
    const right = reached === addresses.client && visitor === addresses.target && tunnelPackets >= 3;
    this.#wayBack.push({ program: prober.name, reached, visitor, tunnelPackets, right });
    this.#log(
      `  the target opened TCP to ${reached} port ${port}; ${prober.name} saw ${visitor} come; ` +
        `${tunnelPackets} packets came out of the tunnel${right ? '' : '  <- wrong'}`,
    );
  }

  #requireAnswers(plugin: OpenVpnExe, events: readonly string[]): void {
    const answers = plugin.answers.map(({ event, result }) => `${event} ${result}`).join(', ');
    const wanted = events.map((event) => `${event} 0`).join(', ');
    if (answers !== wanted) {
      throw new Error(`the plugin answered OpenVPN's events with '${answers}' instead of '${wanted}':\n${plugin.output}`);
    }
  }
}

async function exchangeByProgram(host: NodeHost, exchange: (typeof exchanges)[number]): Promise<Exchange> {
  const [program, port] = exchange === 'TCP' ? ['tcp_client.cjs', echoPorts.tcp] : ['udp_client.cjs', echoPorts.udp];
  return JSON.parse(await host.run(programPath(program), [addresses.target, String(port)])) as Exchange;
}
