/**
 * Programs that a rule leads to SOCKS5 proxies of others (microsocks, Dante, OpenSSH), over the differential network: the proxies are in the
 * world, at the lan's address, and the target says whom it saw. That is always the proxy; and no packet goes to the target directly, which
 * is watched on the wire.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { DifferentialNetwork, hosts } from './differential/network.js';
import { goProgram } from './e2e/go_program.js';
import { missingForNetwork, namespacePrefix } from './e2e/namespaces.js';
import { programPath, Prober, type NodeHost } from './e2e/prober.js';
import { missingForArchitecture, nodeExecutables, requireArtifact, type Architecture } from './support/artifacts.js';
import { MisbehavingProxy, missingForSocks, startDante, startMicrosocks, startOpenSsh, type SocksServer } from './support/socks_servers.js';
import { stageProgram, WinePrefix } from './support/wine.js';

const lan = hosts.lan[0];
const target = hosts.target[0];
const port = 7400;

/** What arrives in the world for the target from the host, which is to be nothing. */
class Wire {
  readonly #child;
  #output = '';
  private constructor(world: string) {
    const filter = `dst host ${hosts.target[0]} or dst host ${hosts.target[1]}`;
    this.#child = spawn('ip', ['netns', 'exec', world, 'tcpdump', '-n', '-l', '-Q', 'in', '-i', 'any', filter], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout.on('data', (data) => (this.#output += String(data)));
  }
  static async watch(world: string): Promise<Wire> {
    const wire = new Wire(world);
    await new Promise<void>((ready) => wire.#child.stderr.on('data', (data) => /listening on/.test(String(data)) && ready()));
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
