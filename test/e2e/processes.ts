/** Child processes of the scenario: run to the end, or keep running while their output is watched. */

import { spawn, type ChildProcess } from 'node:child_process';

export interface RunOptions {
  environment?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Milliseconds until the process is killed; 30 000 unless told. */
  timeoutMilliseconds?: number;
  /** Return a failure instead of throwing it. */
  mayFail?: boolean;
}

export interface Completed {
  /** The exit code, or 128 + the signal's number as a shell has it. */
  code: number;
  stdout: string;
  stderr: string;
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

function start(argv: readonly string[], options: RunOptions): ChildProcess {
  const [command, ...parameters] = argv;
  if (command === undefined) throw new Error('cannot start a process: the command line is empty');
  return spawn(command, parameters, {
    env: options.environment ?? process.env,
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own process group: Ctrl-C reaches this program alone, which then takes everything down in order.
    detached: true,
  });
}

/** Runs a command to its end. Throws with its output if it fails, unless `mayFail`. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Completed> {
  const child = new RunningProcess(argv, options);
  const timeout = options.timeoutMilliseconds ?? 30_000;
  const timer = setTimeout(() => child.signal('SIGKILL'), timeout);
  const began = Date.now();
  const code = await child.exited.finally(() => clearTimeout(timer));
  if (code !== 0 && options.mayFail !== true) {
    const reason = Date.now() - began >= timeout ? `did not end within ${timeout} ms` : `ended with code ${code}`;
    throw new Error(`\`${argv.join(' ')}\` ${reason}:\n${child.stderr || child.stdout || '(no output)'}`);
  }
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** A process that keeps running; its output is kept, and can be waited for. */
export class RunningProcess {
  stdout = '';
  stderr = '';
  /** Its exit code, once it has ended. */
  code: number | undefined;
  readonly exited: Promise<number>;

  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #watchers = new Set<() => void>();

  constructor(argv: readonly string[], options: RunOptions = {}) {
    this.#name = argv.join(' ');
    this.#child = start(argv, options);
    const collect = (stream: 'stdout' | 'stderr') => {
      this.#child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        this[stream] += text;
        this.#notify();
      });
    };
    collect('stdout');
    collect('stderr');
    this.exited = new Promise((resolve, reject) => {
      this.#child.on('error', (error) => {
        reject(new Error(`cannot start \`${this.#name}\`: ${error.message}`));
      });
      this.#child.on('close', (code, signal) => {
        this.code = code ?? 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0));
        resolve(this.code);
        this.#notify();
      });
    });
    // Whoever waits for it sees the failure; one that nobody waits for must not end the whole scenario.
    this.exited.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Waits until standard output or error matches, from position `from` of standard output on. */
  async waitForOutput(pattern: RegExp, { timeoutMilliseconds = 15_000, from = 0 } = {}): Promise<RegExpMatchArray> {
    const find = () => this.stdout.slice(from).match(pattern) ?? this.stderr.match(pattern);
    return this.waitFor(find, `to print ${pattern}`, timeoutMilliseconds);
  }

  /** Waits until `find`, asked again after each piece of output, gives something. */
  async waitFor<T>(find: () => T | null | undefined, what: string, timeoutMilliseconds = 15_000): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const fail = (why: string) => {
        finish();
        reject(new Error(`waited for \`${this.#name}\` ${what}, but ${why}. Its last output:\n${this.#lastOutput()}`));
      };
      const timer = setTimeout(() => fail(`it did not within ${timeoutMilliseconds} ms`), timeoutMilliseconds);
      const look = () => {
        const found = find();
        if (found !== null && found !== undefined) {
          finish();
          resolve(found);
        } else if (this.code !== undefined) {
          fail(`it ended with code ${this.code}`);
        }
      };
      this.#watchers.add(look);
      this.exited.catch((error: unknown) => fail(String(error)));
      look();
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.code === undefined) this.#child.kill(signal);
  }

  /** Asks it to end, and kills it if it has not after `graceMilliseconds`. */
  async stop(graceMilliseconds = 5_000): Promise<number> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMilliseconds);
    return this.exited.finally(() => clearTimeout(timer));
  }

  #notify(): void {
    for (const look of [...this.#watchers]) look();
  }

  #lastOutput(): string {
    return `${this.stdout}${this.stderr}`.split('\n').slice(-25).join('\n') || '(no output)';
  }
}
