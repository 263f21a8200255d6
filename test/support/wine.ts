/** A Windows machine of one's own: a Wine prefix, and Windows programs in it, with the test Winsock or without. */

import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join, relative, resolve } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';

import { repository, wine32Folder, type Architecture } from './artifacts.js';
import { installStandIns, linkOrCopy, standInOverrides, wineDllPath, type Whose } from './system_dlls.js';

export interface WinePrefixOptions {
  /** Of the prefix; made and filled unless that has been done. */
  directory: string;
  /** In Wine, sockets and routes belong to the wineserver's network namespace; so all of the prefix lives in this one. */
  networkNamespace?: string;
  /**
   * Whether 32-bit programs run in it too; as long as the prefix lives. False unless told: such a prefix takes twice the time
   * and disk space to make.
   */
  programs32?: boolean;
}

export interface ProgramOptions {
  /** Added to this process's environment, as the Windows program sees it; undefined takes a variable away. */
  environment?: Record<string, string | undefined>;
  cwd?: string;
  /** Its standard input; nothing by default. */
  input?: string;
  /** Which ws2_32.dll: the test Winsock (see system_dlls.ts), or Wine's own, the default. */
  winsock?: Whose;
  /**
   * Which iphlpapi.dll: the test iphlpapi, with which our DLLs take the path that they take on Windows 10, or Wine's own, the default,
   * with which they take the one for Windows before Vista.
   */
  ipHelper?: Whose;
}

export interface RunOptions extends ProgramOptions {
  /** The program is killed, and an error thrown, after so long; 60 000 unless told. */
  timeoutMilliseconds?: number;
}

export interface Completed {
  /** The low eight bits of what the program exited with; 128 + the signal's number if it was killed. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Looked for in PATH and in these folders: Debian has them outside PATH, and its `wine` script wants 32-bit Wine. */
const wineFolders = ['/usr/lib/wine', '/usr/lib64/wine', '/opt/wine-stable/bin', '/opt/wine-devel/bin'];

function findWineProgram(names: readonly string[]): string {
  const folders = [...wineFolders, ...(process.env.PATH ?? '').split(delimiter)];
  for (const name of names) {
    const folder = folders.find((candidate) => existsSync(join(candidate, name)));
    if (folder !== undefined) return join(folder, name);
  }
  throw new Error(`${names.join(', ')}: not found. Install Wine (Debian: apt-get install wine64)`);
}

/** Puts a program into a folder, made if need be, under a name of its own or another. The result is its path there. */
export function stageProgram(executable: string, folder: string, { name = basename(executable) }: { name?: string } = {}): string {
  mkdirSync(folder, { recursive: true });
  const staged = join(folder, name);
  linkOrCopy(executable, staged);
  return staged;
}

/** What a program writes into a file, read as it grows. */
class GrowingFile {
  text = '';
  readonly #path: string;
  readonly #decoder = new StringDecoder('utf8');
  #position = 0;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    writeFileSync(path, '');
  }

  openForProgram(): number {
    // Appending, because a program and its children each have a file position of their own.
    return openSync(this.#path, 'a');
  }

  read(): string {
    if (this.#closed) return this.text;
    const file = openSync(this.#path, 'r');
    const chunk = Buffer.alloc(65_536);
    let length: number;
    while ((length = readSync(file, chunk, 0, chunk.length, this.#position)) > 0) {
      this.#position += length;
      this.text += this.#decoder.write(chunk.subarray(0, length));
    }
    closeSync(file);
    return this.text;
  }

  close(): void {
    this.read();
    this.#closed = true;
  }
}

/** Marks a program and its descendants, whose environment they all have: Wine's processes are nobody's children. */
const treeVariable = 'WINE_PROGRAM_TREE';
/** What the first program of a session starts on behalf of the others; it inherits the mark, but is not the program's. */
const windowsOwn = /\\windows\\system32\\(services|winedevice|plugplay|svchost|explorer|rpcss|wineboot|conhost)\.exe/i;

function processesOfTree(tree: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
        const commandLine = readFileSync(`/proc/${name}/cmdline`, 'latin1');
        return (
          environment.includes(`${treeVariable}=${tree}`) &&
          !windowsOwn.test(commandLine) &&
          !/wineserver/.test(commandLine.split('\0')[0] ?? '')
        );
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}

/** A Windows program that has been started. */
export class WineProgram {
  /** Its exit code (see Completed), once it has ended. */
  code: number | undefined;
  readonly exited: Promise<number>;
  readonly #name: string;
  readonly #tree: string;
  readonly #directory: string;
  readonly #stdout: GrowingFile;
  readonly #stderr: GrowingFile;
  readonly #child: ChildProcess;

  constructor(argv: readonly string[], environment: NodeJS.ProcessEnv, cwd: string | undefined, input = '') {
    const [command = '', ...parameters] = argv;
    this.#name = argv.map((each) => basename(each)).join(' ');
    this.#tree = randomUUID();
    // Files, not pipes: node.exe under Wine 8 loses what it writes to pipes that are not Windows'.
    this.#directory = mkdtempSync(join(tmpdir(), 'wine-program-'));
    this.#stdout = new GrowingFile(join(this.#directory, 'stdout'));
    this.#stderr = new GrowingFile(join(this.#directory, 'stderr'));
    const inputFile = join(this.#directory, 'stdin');
    if (input !== '') writeFileSync(inputFile, input, { mode: 0o600 });
    const files = [openSync(input === '' ? '/dev/null' : inputFile, 'r'), this.#stdout.openForProgram(), this.#stderr.openForProgram()] as const;
    this.#child = spawn(command, parameters, {
      cwd,
      env: { ...environment, [treeVariable]: this.#tree },
      stdio: [...files],
    });
    for (const file of files) closeSync(file);
    this.exited = new Promise((resolvePromise, reject) => {
      this.#child.on('error', (error) => {
        this.code = 127;
        this.#finish();
        reject(new Error(`cannot start \`${this.#name}\`: ${error.message}`));
      });
      this.#child.on('exit', (code, signal) => {
        this.code = code ?? (signal === 'SIGKILL' ? 128 + 9 : 128);
        this.#finish();
        resolvePromise(this.code);
      });
    });
    this.exited.catch(() => undefined);
  }

  /** What it has written so far. */
  get stdout(): string {
    return this.#stdout.read();
  }

  get stderr(): string {
    return this.#stderr.read();
  }

  /** Waits until standard output or error matches; looks from position `from` of standard output on. */
  async waitForOutput(pattern: RegExp, { timeoutMilliseconds = 15_000, from = 0 } = {}): Promise<RegExpMatchArray> {
    const deadline = Date.now() + timeoutMilliseconds;
    for (;;) {
      const ended = this.code !== undefined;
      const found = this.stdout.slice(from).match(pattern) ?? this.stderr.match(pattern);
      if (found !== null) return found;
      if (ended || Date.now() > deadline) {
        const why = ended ? `it ended with code ${this.code}` : `it did not within ${timeoutMilliseconds} ms`;
        const last = `${this.stdout}${this.stderr}`.split('\n').slice(-25).join('\n') || '(no output)';
        throw new Error(`waited for \`${this.#name}\` to print ${pattern}, but ${why}. Its last output:\n${last}`);
      }
      await delay(20);
    }
  }

  /** Ends it and every program that it has started, at once. */
  async kill(): Promise<void> {
    for (let left = processesOfTree(this.#tree); left.length > 0; left = processesOfTree(this.#tree)) {
      for (const pid of left) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // it has just ended
        }
      }
      await delay(10);
    }
    await this.exited.catch(() => undefined);
  }

  #finish(): void {
    this.#stdout.close();
    this.#stderr.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** What Wine's loader says when making the process failed, as it sometimes does on a busy machine: nothing of the program has run. */
const neverStarted = /^Application could not be started[^]*ShellExecuteEx failed: Internal error/;

/**
 * On a busy machine node.exe ends so now and then before it has come to its script: what fails in it later, it prints, and nothing that the
 * command line does ends with 1 and no word.
 */
function endedSilently(executable: string, { code, stdout, stderr }: Completed): boolean {
  return /^node[^\\/]*\.exe$/i.test(basename(executable)) && code === 1 && stdout === '' && stderr === '';
}

function freeSpace(directory: string): string {
  const { bavail, bsize } = statfsSync(directory);
  return `${Math.floor((bavail * bsize) / 2 ** 20)} MB of disk are free`;
}

export class WinePrefix {
  readonly directory: string;
  readonly networkNamespace: string | undefined;
  readonly #wine32: string | undefined;
  readonly #wine = findWineProgram(['wine64', 'wine']);
  readonly #server = findWineProgram(['wineserver', 'wineserver64']);
  readonly #programs = new Set<WineProgram>();
  readonly #made: string;
  readonly #atExit = () => this.#killServer();

  /**
   * Makes the prefix, a Windows 10 without Mono, Gecko and menus, unless it is there already. Wine's own set-up is tried
   * again when it fails: on a busy machine it sometimes does, and what fails then is not what is tested.
   */
  static async create(options: WinePrefixOptions): Promise<WinePrefix> {
    const attempts = 3;
    for (let attempt = 1; ; ++attempt) {
      const prefix = new WinePrefix(options);
      try {
        await prefix.#make();
        return prefix;
      } catch (error) {
        await prefix.stop();
        if (attempt === attempts || existsSync(prefix.#made)) throw error;
        console.error(`making a Wine prefix failed, and is tried again: ${error instanceof Error ? error.message : String(error)}`);
        rmSync(prefix.directory, { recursive: true, force: true, maxRetries: 5 });
      }
    }
  }

  async #make(): Promise<void> {
    if (!existsSync(this.#made)) {
      const template = await this.#template();
      mkdirSync(this.directory, { recursive: true });
      execFileSync('cp', ['-a', '--reflink=auto', `${template}/.`, this.directory]);
    }
    this.#startServer();
    installStandIns(this.directory, this.#wine32 === undefined ? ['x64'] : ['x64', 'ia32']);
  }

  /** The prefix that all are copies of: Wine takes ten times as long to make one. The first who needs it makes it. */
  async #template(): Promise<string> {
    const version = execFileSync(this.#wine, ['--version'], { encoding: 'utf8', env: this.#environment() }).trim().replace(/[^\w.-]+/g, '_');
    const template = join(repository, 'build', 'wine-prefixes', `${version}-${this.#wine32 === undefined ? 'x64' : 'x64-ia32'}`);
    if (existsSync(template)) return template;
    const maker = new WinePrefix({ directory: `${template}-${process.pid}`, programs32: this.#wine32 !== undefined });
    try {
      maker.#startServer();
      await maker.#setUp(['wineboot', '-i']);
      await maker.#setUp(['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']);
      await maker.stop();
      writeFileSync(maker.#made, '');
      renameSync(maker.directory, template);
    } catch (error) {
      await maker.stop();
      rmSync(maker.directory, { recursive: true, force: true, maxRetries: 5 });
      // Somebody else has made it meanwhile, or it cannot be made.
      if (!existsSync(template)) throw error;
    }
    return template;
  }

  private constructor({ directory, networkNamespace, programs32 = false }: WinePrefixOptions) {
    this.directory = resolve(directory);
    this.networkNamespace = networkNamespace;
    this.#made = join(this.directory, 'made-by-winsock-lsp');
    if (programs32) {
      this.#wine32 = wine32Folder();
      if (this.#wine32 === undefined) throw new Error('there is no 32-bit Wine: node scripts/run.mjs setup');
    }
    process.on('exit', this.#atExit);
  }

  /** Runs a program to its end; `executable` is a Linux path, or the name of one of Wine's own programs. */
  async run(executable: string, parameters: readonly string[] = [], options: RunOptions = {}): Promise<Completed> {
    for (let attempt = 1; ; ++attempt) {
      const completed = await this.#runOnce(executable, parameters, options);
      if (attempt === 3 || !(neverStarted.test(completed.stderr) || endedSilently(executable, completed))) return completed;
      const why = completed.stderr.trim() || `it ended with ${completed.code} without a word`;
      console.error(`Wine could not start ${basename(executable)} ${parameters.join(' ')}, and is asked again: ${why}; ${freeSpace(this.directory)}`);
    }
  }

  async #runOnce(executable: string, parameters: readonly string[], options: RunOptions): Promise<Completed> {
    const { timeoutMilliseconds = 60_000, ...programOptions } = options;
    const program = this.spawn(executable, parameters, programOptions);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void program.kill();
    }, timeoutMilliseconds);
    const code = await program.exited.finally(() => clearTimeout(timer));
    if (late) {
      throw new Error(
        `${basename(executable)} ${parameters.join(' ')} did not end within ${timeoutMilliseconds} ms:\n` +
          `${program.stdout}${program.stderr}`,
      );
    }
    return { code, stdout: program.stdout, stderr: program.stderr };
  }

  /** Starts a program; `executable` as for run. */
  spawn(executable: string, parameters: readonly string[] = [], options: ProgramOptions = {}): WineProgram {
    const { environment, cwd, input, winsock, ipHelper } = options;
    const program = new WineProgram(
      [...this.#namespaced(), this.#wine, executable, ...parameters],
      { ...this.#environment(winsock, ipHelper), ...environment },
      cwd,
      input,
    );
    this.#programs.add(program);
    void program.exited.catch(() => undefined).finally(() => this.#programs.delete(program));
    return program;
  }

  /** A path as Windows programs of this prefix see it. */
  toWindowsPath(path: string): string {
    const absolute = resolve(path);
    const inside = relative(join(this.directory, 'drive_c'), absolute);
    const linux = inside.startsWith('..') ? `Z:${absolute}` : `C:/${inside}`;
    return linux.replaceAll('/', '\\');
  }

  /** Ends every program of the prefix and its wineserver, and waits until they have ended. May be called again. */
  async stop(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.kill()));
    this.#killServer();
    await new Promise((ended) => {
      spawn(this.#server, ['-w'], { env: this.#environment(), stdio: 'ignore' })
        .on('exit', ended)
        .on('error', ended);
    });
    process.off('exit', this.#atExit);
  }

  async #setUp([name = '', ...parameters]: string[]): Promise<void> {
    const { code, stdout, stderr } = await this.run(name, parameters, { timeoutMilliseconds: 180_000 });
    if (code !== 0) throw new Error(`making the Wine prefix: ${name} ended with code ${code}:\n${stdout}${stderr}`);
  }

  /**
   * Has the wineserver outlive pauses between programs: one that is about to end, three seconds after its last program,
   * refuses the next. It still ends by itself, should nobody be left to stop it.
   */
  #startServer(): void {
    mkdirSync(this.directory, { recursive: true });
    const [command = '', ...parameters] = [...this.#namespaced(), this.#server, '-p60'];
    // Not a pipe, which would stay open as long as the server.
    const said = join(this.directory, 'wineserver-said');
    const file = openSync(said, 'w');
    const { status, error } = spawnSync(command, parameters, { env: this.#environment(), stdio: ['ignore', file, file] });
    closeSync(file);
    // 2: one runs already.
    if (error !== undefined || (status !== 0 && status !== 2)) {
      throw new Error(`cannot start the wineserver: ${error?.message ?? `it ended with ${status}: ${readFileSync(said, 'utf8')}`}`);
    }
  }

  #killServer(): void {
    // It starts nothing, and fails harmlessly when no wineserver runs.
    spawnSync(this.#server, ['-k'], { env: this.#environment(), stdio: 'ignore' });
  }

  #namespaced(): string[] {
    return this.networkNamespace === undefined ? [] : ['ip', 'netns', 'exec', this.networkNamespace];
  }

  #environment(winsock: Whose = 'wine', ipHelper: Whose = 'wine'): NodeJS.ProcessEnv {
    const environment: NodeJS.ProcessEnv = {
      ...process.env,
      WINEPREFIX: this.directory,
      WINEDEBUG: process.env.WINEDEBUG ?? '-all',
      WINEDLLPATH: wineDllPath(this.directory, this.#wine32),
      WINEDLLOVERRIDES: ['mscoree,mshtml=', 'winemenubuilder.exe=d', ...standInOverrides({ ws2_32: winsock, iphlpapi: ipHelper })].join(';'),
    };
    // No windows, whatever screen this runs on.
    delete environment.DISPLAY;
    delete environment.WAYLAND_DISPLAY;
    // What this process's own node was told is not meant for node.exe.
    delete environment.NODE_OPTIONS;
    return environment;
  }
}

/**
 * Wine 8's WoW64 loses the FS register of a thread now and then, without our DLL too (see thread_test.cpp). On its way into Unix the call
 * fails; on its way back the next look at fs:[0x18] ends the process with this. Such a process is run again.
 */
export const lostFs = /Unhandled page fault on read access to FFFFFFFF|^Exception 0xc0000005 0x0 0xffffffff /m; // the second is Go's word for it

/** Runs a program once more, and then once more, where `run` tells that it has ended so. */
export async function withFsKept(run: () => Promise<Completed>, architecture: Architecture): Promise<Completed> {
  for (let attempt = 1; ; ++attempt) {
    const completed = await run();
    if (architecture !== 'ia32' || attempt === 3 || !lostFs.test(completed.stderr)) return completed;
    console.error(`Wine has lost FS in a 32-bit process, time ${attempt}: it is run again`);
  }
}

/** Wine loses what a program printed now and then. A command that is refused with `code` changes nothing, so it is asked once more. */
export async function untilPrinted(code: number, run: () => Promise<Completed>): Promise<Completed> {
  const completed = await run();
  return code !== 0 && completed.code === code && completed.stdout === '' ? run() : completed;
}
