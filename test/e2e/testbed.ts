/** Everything that the scenario needs, put together: network, OpenVPN, echo servers, and a Windows machine under Wine. */

import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { requireArtifact, type NodeExecutable } from '../support/artifacts.js';
import type { Whose } from '../support/system_dlls.js';
import { stageProgram, WinePrefix } from '../support/wine.js';
import { onExit } from './cleanup.js';
import { createKeys, type Keys } from './keys.js';
import { ownedTemporaryDirectory } from './namespaces.js';
import { nativeNode, startEchoServers } from './native_node.js';
import { createNetwork, type Network } from './network.js';
import { OpenVpnClient, startServer, tunnel, type ServerOptions } from './openvpn.js';
import { copyPlugin, OpenVpnExe, type OpenVpnExeOptions } from './openvpn_exe.js';
import { PluginHost } from './plugin_host.js';
import { Prober, type NodeHost } from './prober.js';

export interface TestBedOptions {
  nodeExecutables: readonly NodeExecutable[];
  /** Starts the server, in its own directory, and waits until it serves; startServer unless told. */
  serve?: (options: ServerOptions) => Promise<unknown>;
  /** Which iphlpapi.dll its programs get, as ProgramOptions has it; the test iphlpapi, as on Windows 10, unless told. */
  ipHelper?: Whose;
  /** The client's configuration, as ClientOptions has it. */
  clientConfiguration?: string;
  /** Told what is being done. */
  log?: (text: string) => void;
}

export class TestBed {
  readonly network: Network;
  readonly client: OpenVpnClient;
  /** Linux's own node on the client. */
  readonly linux: NodeHost;
  /** Windows' node.exe of each version on the client, through the test Winsock. */
  readonly windows: NodeHost[];
  readonly prefix: WinePrefix;
  readonly keys: Keys;
  readonly ipHelper: Whose;
  readonly #directory: string;
  readonly #forgetExit: () => void;
  readonly #plugin: string;
  readonly #pluginHost: string;
  #made = 0;

  static async create(options: TestBedOptions): Promise<TestBed> {
    const { nodeExecutables, serve = startServer, clientConfiguration: configuration, log = () => undefined } = options;
    const { ipHelper = 'test' } = options;
    const directory = ownedTemporaryDirectory();
    const forgetExit = onExit(() => remove(directory));
    let network: Network | undefined;
    try {
      log('building the network: client 11.22.33.44, server 11.22.33.1, target 1.2.3.4 behind the server');
      network = createNetwork();
      log('making keys, and starting the OpenVPN server');
      const keys = await createKeys(directory);
      await serve({ network, directory: join(directory, 'server'), keys });
      await startEchoServers(network, ['target', 'lan', 'server', 'client']);
      const client = new OpenVpnClient({ network, directory: join(directory, 'client'), keys, configuration });
      log('preparing a Windows machine (Wine) on the client');
      const prefix = await WinePrefix.create({
        directory: join(directory, 'wine'),
        networkNamespace: network.namespace('client'),
        programs32: nodeExecutables.some(({ architecture }) => architecture === 'ia32'),
      });
      return new TestBed(directory, forgetExit, network, keys, client, prefix, ipHelper, nodeExecutables);
    } catch (error) {
      network?.destroy();
      remove(directory);
      forgetExit();
      throw error;
    }
  }

  private constructor(
    directory: string,
    forgetExit: () => void,
    network: Network,
    keys: Keys,
    client: OpenVpnClient,
    prefix: WinePrefix,
    ipHelper: Whose,
    nodeExecutables: readonly NodeExecutable[],
  ) {
    this.#directory = directory;
    this.#forgetExit = forgetExit;
    this.network = network;
    this.keys = keys;
    this.ipHelper = ipHelper;
    this.client = client;
    this.prefix = prefix;
    this.linux = nativeNode(network, 'client');
    this.windows = nodeExecutables.map((node) => this.windowsNode(node));
    // The plugin installs the last one for 32-bit programs.
    const dlls = [[requireArtifact('lspDll')], [requireArtifact('lspSetupDll')], [requireArtifact('lspDll', 'ia32'), 'winsock-lsp-ia32.dll']] as const;
    this.#plugin = join(copyPlugin(prefix, dlls), basename(requireArtifact('lspDll')));
    this.#pluginHost = stageProgram(requireArtifact('pluginHost'), this.newDirectory('plugin-host'));
  }

  /** The address that the tunnel has given the client. */
  async virtualAddress(): Promise<string | undefined> {
    const { stdout } = await this.network.exec('client', ['ip', '-4', '-o', 'address', 'show', 'dev', tunnel.interface], {
      mayFail: true,
    });
    return stdout.match(/inet (\S+)\//)?.[1];
  }

  /** An interface's number on the client, which Wine has too. */
  async interfaceIndex(name: string): Promise<number> {
    const { stdout } = await this.network.exec('client', ['cat', `/sys/class/net/${name}/ifindex`]);
    return Number(stdout);
  }

  /** Starts a program that makes exchanges when asked. */
  startProber(host: NodeHost, environment?: Record<string, string>): Promise<Prober> {
    return Prober.start(host, this.newDirectory('prober'), environment);
  }

  /** Starts openvpn.exe with the plugin, and waits until it has connected. */
  startOpenVpn(options: Partial<OpenVpnExeOptions> = {}): Promise<OpenVpnExe> {
    return OpenVpnExe.start(this.openVpnOptions(options));
  }

  openVpnOptions(options: Partial<OpenVpnExeOptions> = {}): OpenVpnExeOptions {
    const { network, prefix, keys } = this;
    return { network, prefix, keys, ...options };
  }

  /** Starts what stands in for openvpn.exe, with the plugin loaded. */
  startPluginHost(): Promise<PluginHost> {
    return PluginHost.start({
      spool: this.newDirectory('spool'),
      plugin: this.#plugin,
      windowsPath: (path) => this.prefix.toWindowsPath(path),
      start: (options) => this.prefix.spawn(this.#pluginHost, [...options], { winsock: 'test', ipHelper: this.ipHelper }),
    });
  }

  /** Ends everything and removes it. May be called again. */
  async destroy(): Promise<void> {
    await this.client.stop();
    await this.prefix.stop();
    this.network.destroy();
    remove(this.#directory);
    this.#forgetExit();
  }

  /** Windows' node.exe, through the test Winsock, as a program of any name. */
  windowsNode({ name, path }: NodeExecutable, fileName = 'node.exe'): NodeHost {
    const executable = stageProgram(path, this.newDirectory('node'), { name: fileName });
    return {
      name,
      run: async (script, parameters) => {
        const windowsScript = this.prefix.toWindowsPath(script);
        const result = await this.prefix.run(executable, [windowsScript, ...parameters], { winsock: 'test', ipHelper: this.ipHelper });
        if (result.code !== 0) {
          throw new Error(`${name} ${basename(script)} ended with code ${result.code}: ${result.stderr}`);
        }
        return result.stdout;
      },
      spawn: (script, parameters, environment) =>
        this.prefix.spawn(executable, [this.prefix.toWindowsPath(script), ...parameters], {
          environment,
          winsock: 'test',
          ipHelper: this.ipHelper,
        }),
      path: (linuxPath) => this.prefix.toWindowsPath(linuxPath),
    };
  }

  /** A directory for one purpose, gone with the test bed. */
  newDirectory(name: string): string {
    const directory = join(this.#directory, `${++this.#made}-${name}`);
    mkdirSync(directory);
    return directory;
  }
}

function remove(directory: string): void {
  if (dirname(directory) !== tmpdir()) throw new Error(`refusing to remove ${directory}: it is not ours`);
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
