/** Runs situations in differential.exe, several processes at a time, and gives their results. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { requireArtifact, type Architecture } from '../support/artifacts.js';
import { stageProgram, type ProgramOptions, type WinePrefix } from '../support/wine.js';

/** Most of a situation's time is waiting. */
const processes = 10;
/** network.ts keeps the system from choosing these. */
const firstPort = 8_000;
const lastPort = 49_990;

export interface RunnerOptions {
  /** Of differential.exe. */
  architecture: Architecture;
  /** The number of the interface that a step `interface NAME` names. */
  interfaceIndex(name: string): number;
  environment?: ProgramOptions['environment'];
}

export class SituationRunner {
  readonly #prefix: WinePrefix;
  readonly #folder: string;
  readonly #program: string;
  readonly #options: RunnerOptions;
  #port = firstPort;
  #files = 0;

  constructor(prefix: WinePrefix, folder: string, options: RunnerOptions) {
    this.#prefix = prefix;
    this.#folder = folder;
    this.#options = options;
    mkdirSync(folder, { recursive: true });
    this.#program = stageProgram(requireArtifact('differential', options.architecture), folder);
  }

  /** Each situation's results, one for each of its steps (stepsOf in expectation.ts). */
  async run(situations: readonly string[]): Promise<Map<string, string[]>> {
    const results = new Map<string, string[]>();
    const slices = Array.from({ length: processes }, (_, slice) => situations.filter((_each, place) => place % processes === slice));
    await Promise.all(slices.map((slice) => this.#runSlice(slice, results)));
    return results;
  }

  async #runSlice(situations: readonly string[], results: Map<string, string[]>): Promise<void> {
    let left = situations;
    while (left.length > 0) {
      const lines = left.map((situation) => `${this.#takePort(situation)} ${this.#numbered(situation)}\n`);
      this.#files += 1;
      const file = join(this.#folder, `situations${this.#files}.txt`);
      writeFileSync(file, lines.join(''));
      const { code, stdout, stderr } = await this.#prefix.run(this.#program, [this.#prefix.toWindowsPath(file)], {
        winsock: 'test',
        cwd: dirname(this.#program),
        environment: this.#options.environment,
        timeoutMilliseconds: 240_000,
      });
      const finished = [...stdout.matchAll(/^#(\d+) (.*?)\r?\n/gm)];
      for (const [, place, line = ''] of finished) results.set(left[Number(place)] ?? '', line.split(/ [|+] /));
      left = left.slice(finished.length);
      const [crashed] = left;
      if (crashed === undefined) return;
      // The process has died of a situation: the next one gets a new process.
      results.set(crashed, [`CRASHED with code ${code} ${stderr.slice(-500)}`]);
      left = left.slice(1);
    }
  }

  #numbered(situation: string): string {
    return situation.replace(/(?<=\binterface )[a-z]+/g, (name) => String(this.#options.interfaceIndex(name)));
  }

  /** Two ports of its own for a situation that wants them; none that another run may have left in TIME_WAIT. */
  #takePort(situation: string): number {
    if (!/:[PQ]\b/.test(situation)) return 0;
    const port = this.#port;
    this.#port = port + 2 > lastPort ? firstPort : port + 2;
    return port;
  }
}
