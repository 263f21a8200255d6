/**
 * A host of its own, in a network namespace, with Windows programs on it: a physical interface, a tunnel interface, and the target on itself
 * (the addresses: test/provider/fixture.hpp). provider_tests.exe lies there beside the test Winsock.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { namespacePrefix, removeNamespaces } from '../e2e/namespaces.js';
import { requireArtifact, type Architecture } from './artifacts.js';
import { stageProgram, WinePrefix, type Completed, type RunOptions, type WineProgram } from './wine.js';

const ip = (...parameters: string[]) => execFileSync('ip', parameters, { stdio: 'pipe' });

/** An interface with an address, and its far end on the same host, which takes what is sent to the target. */
function addInterface(namespace: string, name: string, address: string): void {
  const inside = (...parameters: string[]) => ip('-n', namespace, ...parameters);
  inside('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-far`);
  inside('link', 'set', `${name}-far`, 'up');
  inside('link', 'set', name, 'up');
  inside('addr', 'add', address, 'dev', name);
  ip('netns', 'exec', namespace, 'sysctl', '-qw', `net.ipv4.conf.${name}-far.rp_filter=0`);
}

/** With the interfaces `physical` (11.22.33.44/24) and `tunnel` (128.129.0.2/24), and the target 1.2.3.4 behind the tunnel. */
export function makeNamespace(namespace: string): void {
  ip('netns', 'add', namespace);
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  // What is pinned to the tunnel interface goes out there, although the target is this host, and comes in at the far end.
  for (const [name, value] of [
    ['rp_filter', 0],
    ['accept_local', 1],
  ] as const) {
    ip('netns', 'exec', namespace, 'sysctl', '-qw', `net.ipv4.conf.all.${name}=${value}`);
  }
  addInterface(namespace, 'physical', '11.22.33.44/24');
  addInterface(namespace, 'tunnel', '128.129.0.2/24');
  ip('-n', namespace, 'addr', 'add', '1.2.3.4/32', 'dev', 'tunnel-far');
  ip('-n', namespace, 'addr', 'add', 'fd11::44/64', 'dev', 'physical', 'nodad');
  ip('-n', namespace, 'addr', 'add', 'fd01::4/128', 'dev', 'tunnel-far', 'nodad');
  ip('-n', namespace, 'route', 'add', '1.2.3.0/24', 'dev', 'tunnel');
}

export class ProviderHost {
  private constructor(
    /** For files of the test; removed by stop. */
    readonly folder: string,
    readonly prefix: WinePrefix,
    /** provider_tests.exe */
    readonly program: string,
    readonly architecture: Architecture,
    private readonly namespace: string,
  ) {}

  /** `name`: of the test, part of the namespace's name. `architecture`: of the programs and the DLL. */
  static async create(name: string, architecture: Architecture = 'x64'): Promise<ProviderHost> {
    const namespace = `${namespacePrefix(name)}${architecture}`;
    const folder = mkdtempSync(join(tmpdir(), `winsock-lsp-${name}-`));
    try {
      makeNamespace(namespace);
      const prefix = await WinePrefix.create({
        directory: join(folder, 'wine'),
        networkNamespace: namespace,
        programs32: architecture === 'ia32',
      });
      const program = stageProgram(requireArtifact('providerTests', architecture), join(folder, 'programs'));
      return new ProviderHost(folder, prefix, program, architecture, namespace);
    } catch (error) {
      removeNamespaces(namespace);
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs `ip` in the host's namespace. */
  ip(...parameters: string[]): void {
    ip('-n', this.namespace, ...parameters);
  }

  /** Adds an interface like the two that are there. */
  addInterface(name: string, address: string): void {
    addInterface(this.namespace, name, address);
  }

  /** Starts provider_tests.exe over the test Winsock. */
  spawn(parameters: readonly string[]): WineProgram {
    return this.prefix.spawn(this.program, parameters, { winsock: 'test', cwd: dirname(this.program) });
  }

  /** Runs provider_tests.exe over the test Winsock. */
  run(parameters: readonly string[], options: RunOptions = {}): Promise<Completed> {
    return this.prefix.run(this.program, parameters, { winsock: 'test', cwd: dirname(this.program), ...options });
  }

  /** As run; throws, with what the program said, unless it ends with code 0. */
  async mustRun(parameters: readonly string[], options: RunOptions = {}): Promise<void> {
    const { code, stdout, stderr } = await this.run(parameters, options);
    if (code !== 0) throw new Error(`provider_tests ${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  }

  /** Puts the DLL under test into the catalog. */
  install(): Promise<void> {
    return this.mustRun(['install', this.prefix.toWindowsPath(requireArtifact('lspDll', this.architecture))]);
  }

  /** Path of a file in the host's folder, as its programs see it. */
  windowsPath(name: string): string {
    return this.prefix.toWindowsPath(join(this.folder, name));
  }

  async stop(): Promise<void> {
    await this.prefix.stop();
    removeNamespaces(this.namespace);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
