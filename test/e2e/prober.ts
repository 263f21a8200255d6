/** Windows programs (or Linux ones, to compare) that make exchanges when asked: the near side of programs/prober.cjs. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { lostFs } from '../support/wine.js';

export interface Exchange {
  ok: boolean;
  /** The source address that the peer saw. */
  seenSource?: string;
  /** The socket's own idea of it. */
  localAddress?: string;
  /** Who answered. */
  peer?: string;
  /** What a server that was asked for listens on. */
  port?: number;
  error?: string;
}

/** What a prober's server saw of somebody who came. */
export interface Visit {
  protocol: 'tcp' | 'udp';
  peer: string;
  port: number;
  localAddress?: string;
}

export type Request =
  | { kind: 'tcp'; host: string; port: number; localAddress?: string; timeout?: number }
  | {
      kind: 'udp';
      host: string;
      port: number;
      /** An address, or 'any' for the wildcard. */
      bind?: string;
      bindPort?: number;
      connect?: boolean;
      /** The name of a socket that lives on between requests. */
      keep?: string;
      timeout?: number;
    }
  | { kind: 'tcp-server' | 'udp-server' | 'close'; port: number }
  /** Of Go's prober only: net/http with keep-alive on loopback; a dual-stack server and clients of both families; whose ws2_32.dll it has. */
  | { kind: 'http' | 'dual-stack' | 'winsock' };

/** A running process, Linux's or Wine's. */
export interface Spawned {
  readonly stdout: string;
  readonly stderr: string;
  waitForOutput(pattern: RegExp, options?: { timeoutMilliseconds?: number }): Promise<unknown>;
}

/** Something that runs node programs, or stands for them: Go's (go_program.ts) has a prober of its own. */
export interface NodeHost {
  /** As a table shows it. */
  readonly name: string;
  /** Runs a program to its end; the result is its standard output. */
  run(script: string, parameters: readonly string[]): Promise<string>;
  spawn(script: string, parameters: readonly string[], environment?: Record<string, string>): Spawned;
  /** A path as that node sees it. */
  path(linuxPath: string): string;
}

export function programPath(name: string): string {
  return fileURLToPath(new URL(`programs/${name}`, import.meta.url));
}

/** The error that Wine's WoW64 gives a call where it has lost FS (see lostFs), as libuv says it before it ends the process. */
const failedForFs = /: \(998\) /;
const mostReplaced = 2;

export class Prober {
  readonly name: string;
  readonly #directory: string;
  readonly #start: () => Promise<Spawned>;
  #process: Spawned;
  #last = 0;
  #replaced = 0;

  private constructor(name: string, directory: string, start: () => Promise<Spawned>, process: Spawned) {
    this.name = name;
    this.#directory = directory;
    this.#start = start;
    this.#process = process;
  }

  /** Starts a prober; `directory`, made if need be, is its own. */
  static async start(host: NodeHost, directory: string, environment?: Record<string, string>): Promise<Prober> {
    mkdirSync(directory, { recursive: true });
    const start = async () => {
      const process = host.spawn(programPath('prober.cjs'), [host.path(directory)], environment);
      await process.waitForOutput(/^ready\r?$/m, { timeoutMilliseconds: 60_000 });
      return process;
    };
    return new Prober(host.name, directory, start, await start());
  }

  /** Has it make one exchange. A 32-bit program that Wine has ended meanwhile is replaced by a fresh one, which is told. */
  async ask(request: Request): Promise<Exchange> {
    try {
      return await this.#askOnce(request);
    } catch (error) {
      const { stderr } = this.#process;
      if (this.#replaced === mostReplaced || !(lostFs.test(stderr) || failedForFs.test(stderr))) throw error;
    }
    this.#replaced += 1;
    console.error(`Wine has lost FS in ${this.name}, which ended: a fresh process takes its place`);
    this.#process = await this.#start();
    return this.#askOnce(request);
  }

  async #askOnce(request: Request): Promise<Exchange> {
    const id = String(++this.#last).padStart(6, '0');
    const unfinished = join(this.#directory, `${id}.new`);
    writeFileSync(unfinished, JSON.stringify(request));
    renameSync(unfinished, join(this.#directory, `${id}.json`));
    const pattern = new RegExp(`^\\{"id":"${id}".*\\}`, 'm');
    await this.#process.waitForOutput(pattern, { timeoutMilliseconds: 20_000 });
    return JSON.parse(this.#process.stdout.match(pattern)?.[0] ?? '{}') as Exchange;
  }

  /** Has it close its server on a port. */
  async close(port: number): Promise<void> {
    await this.ask({ kind: 'close', port });
  }

  /** Who came to the servers that it was asked for, in order. */
  get visits(): Visit[] {
    return [...this.#process.stdout.matchAll(/^\{"seen":(.*)\}\r?$/gm)].map(([, json = '']) => JSON.parse(json) as Visit);
  }

  /** Tells it to end, without waiting for that. */
  quit(): void {
    writeFileSync(join(this.#directory, 'quit'), '');
  }
}
