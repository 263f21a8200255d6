/** A Windows machine in memory, which answers instead of the addon. */

import { setTimeout as delay } from 'node:timers/promises';

import type { LspErrorCode } from '../error_codes.js';
import { LspError } from '../errors.js';
import {
  replaceNative,
  type Architecture,
  type Cancellation,
  type Native,
  type NativeDecision,
  type NativeFinding,
  type NativeNamespaceProvider,
  type NativePolicy,
  type NativeRoute,
  type NativeStoredTunnel,
  type Protocol,
} from '../native.js';
import { counters } from '../stats.js';
import * as catalog from './catalog.js';
import { bestRoute, decide, decideIncoming, findAddress, missingPart, tunnelFault, type Decided, type Host, type StandInInterface, type StandInRoute } from './network.js';
import { isRuleLine, parseRule, policyFault, type Rule } from './rules.js';

export interface StandInOptions {
  /** Whether this process counts as elevated; true by default. */
  elevated?: boolean;
  /** By default `Ethernet` (12) with 192.0.2.7/24 and 2001:db8::7/64. */
  interfaces?: readonly StandInInterface[];
  /** Besides the interfaces' own subnets. By default one to everything by 192.0.2.1 and one by 2001:db8::1. */
  routes?: readonly StandInRoute[];
  /** Processes that live besides this one, for `publisher`. */
  processes?: readonly number[];
  /** How long each step of a change of the catalog takes, so that a test has the time to call it off; 0 by default. */
  stepMilliseconds?: number;
}

/** A connection or a datagram of some program: see StandIn.use. */
export interface StandInUse {
  destination: string;
  /** The program's image; `C:\program.exe` by default. */
  app?: string;
  port?: number;
  protocol?: Protocol;
  /** 4711 by default. */
  processId?: number;
}

export interface StandInFailure {
  code: LspErrorCode;
  errno?: number;
  syscall?: string;
  message?: string;
}

const keptDecisions = 64;
const version = 'stand-in';
const folder = `C:\\Program Files\\winsock-lsp\\${version}`;

const denied = (attempt: string, syscall?: string) =>
  new LspError(`${attempt}: access is denied (ERROR_ACCESS_DENIED). Run it from an elevated prompt.`, {
    code: 'ERROR_ACCESS_DENIED',
    errno: 5,
    syscall,
  });

const dns = (id: string, name: string, namespace: number): NativeNamespaceProvider => ({
  id,
  name,
  namespace,
  version: 0,
  active: true,
  path: '%SystemRoot%\\system32\\mswsock.dll',
  identifier: name,
  storesServiceClasses: false,
});

/** What useStandIn has put in the addon's place. */
export class StandIn implements Disposable {
  /** May be changed at any time, as may the interfaces and the routes. */
  elevated: boolean;
  interfaces: StandInInterface[];
  routes: StandInRoute[];
  readonly processes: Set<number>;
  #catalogs = catalog.windowsCatalogs();
  #lines: string[] = [];
  #tunnels: NativeStoredTunnel[] = [];
  #publishers: { name: string; sid: string }[] = [];
  #decisions: NativeDecision[] = [];
  #decided = 0;
  readonly #counted = new Map<number, { image: string; counters: Record<string, number> }>();
  readonly #failures = new Map<string, StandInFailure[]>();
  readonly #stepMilliseconds: number;
  #changing = false;

  /** @internal */
  constructor({ elevated = true, interfaces, routes, processes = [], stepMilliseconds = 0 }: StandInOptions) {
    this.elevated = elevated;
    this.interfaces = [...(interfaces ?? [{ index: 12, alias: 'Ethernet', addresses: ['192.0.2.7/24', '2001:db8::7/64'] }])];
    this.routes = [
      ...(routes ?? [
        { prefix: '0.0.0.0/0', interfaceIndex: 12, nextHop: '192.0.2.1' },
        { prefix: '::/0', interfaceIndex: 12, nextHop: '2001:db8::1' },
      ]),
    ];
    this.processes = new Set([process.pid, ...processes]);
    this.#stepMilliseconds = stepMilliseconds;
    replaceNative(this.#native());
    inPlace = this;
  }

  /** The addon answers again; elsewhere than on Windows ERR_UNSUPPORTED_PLATFORM does. Nothing if another one has taken this one's place. */
  restore(): void {
    if (inPlace !== this) return;
    inPlace = undefined;
    replaceNative(undefined);
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  /** Has the next call of the addon's `call` fail so: `writePolicy`, `publishTunnel`, `installProvider` and others of ts/native.ts. */
  failNext(call: keyof Native, failure: StandInFailure): void {
    this.#failures.set(call, [...(this.#failures.get(call) ?? []), failure]);
  }

  /**
   * What the LSP does when a program connects or sends to a destination: decides, counts, and records it for watchDecisions. Nothing if
   * the LSP is not installed.
   */
  use({ destination, app = 'C:\\program.exe', port = 443, protocol = 'tcp', processId = 4711 }: StandInUse): void {
    if (this.#catalogs.installed.x64 === undefined) return;
    const { verdict, reason, source, rule, ruleNumber, proxy, proxyPort } = this.#decide(destination, app, port, protocol);
    const image = app.split(/[\\/]/).at(-1) ?? app;
    const count = (name: string) => this.#count(processId, image, name);
    count(`decided_${verdict}`);
    if (verdict === 'refuse') count('refused');
    if (verdict === 'socks5') count('led');
    if (verdict === 'source' || verdict === 'through') count(protocol === 'tcp' ? 'bound_source' : 'sent_from_source');
    // Destinations that are never touched are not recorded.
    if (ruleNumber < 0 && reason !== 'no_rule') return;
    const decision: NativeDecision = {
      number: this.#decided++,
      time: Date.now(),
      processId,
      image,
      protocol,
      destination,
      port,
      incoming: false,
      verdict,
      reason,
      ruleNumber,
      rule,
      source,
      result: 'carried_out',
      error: 0,
      proxy: proxy === null ? null : { address: proxy, port: proxyPort, outcome: 'led', reply: 0, milliseconds: 0 },
    };
    this.#decisions = [...this.#decisions, decision].slice(-keptDecisions);
  }

  #count(processId: number, image: string, name: string): void {
    const entry = this.#counted.get(processId) ?? { image, counters: {} };
    entry.counters[name] = (entry.counters[name] ?? 0) + 1;
    this.#counted.set(processId, entry);
  }

  get #host(): Host {
    return { interfaces: this.interfaces, routes: this.routes };
  }

  #storedTunnels(): NativeStoredTunnel[] {
    return this.#tunnels.map((tunnel) => ({ ...tunnel, alive: tunnel.publisher === 0 || this.processes.has(tunnel.publisher) }));
  }

  #route(destination: string, through?: number): { route: NativeRoute | null; error: LspError | null } {
    try {
      return { route: bestRoute(this.#host, destination, through), error: null };
    } catch (error) {
      if (error instanceof LspError) return { route: null, error };
      throw error;
    }
  }

  #rules(): Rule[] {
    return this.#lines.filter(isRuleLine).map(parseRule);
  }

  #decide(destination: string, app: string, port: number, protocol: Protocol): Decided {
    const { route } = this.#route(destination);
    return decide(this.#host, this.#rules(), this.#storedTunnels().filter(({ alive }) => alive), { destination, app, port, protocol }, route);
  }

  /** One at a time, on a copy that takes the place of what was there when all steps are done. */
  async #change<T>(attempt: string, cancellation: Cancellation | undefined, make: (copy: catalog.Catalogs) => Generator<void, T>): Promise<T> {
    if (!this.elevated) throw denied(attempt);
    if (this.#changing) {
      throw new LspError(`${attempt}: another process is changing the catalog. Try it again.`, { code: 'ERR_CATALOG_BUSY' });
    }
    this.#changing = true;
    try {
      const copy = catalog.copyOf(this.#catalogs);
      const steps = make(copy);
      for (;;) {
        const { done, value } = steps.next();
        if (done === true) {
          this.#catalogs = copy;
          return value;
        }
        await delay(this.#stepMilliseconds);
        if (cancellation !== undefined && cancelled.has(cancellation)) {
          const error = new Error(`${attempt}: it was called off. Everything is as it was.`);
          throw Object.assign(error, { code: 'ERR_ABORTED' });
        }
      }
    } finally {
      this.#changing = false;
    }
  }

  #policy(): NativePolicy {
    const parts = this.#rules().map((rule) => missingPart(this.#host, rule));
    return {
      lines: [...this.#lines],
      missingInterfaces: parts.map(({ missing }) => missing),
      refusing: parts.map(({ refusing }) => refusing),
      unknown: parts.map(() => null),
      rejected: null,
    };
  }

  #findings(): NativeFinding[] {
    const findings: NativeFinding[] = [];
    const installed = this.#catalogs.installed.x64 !== undefined;
    for (const { name, publisher, alive, interfaceIndex } of this.#storedTunnels()) {
      const add = (code: string, message: string, remedy: string, fix: NativeFinding['fix'] = 'none') =>
        findings.push({ code, severity: 'warning', message: `The tunnel ${name} is ${message}.`, remedy, fix, subject: name });
      if (!alive) {
        add('tunnel-stale', `still published, but process ${publisher}, which published it, has ended`, 'Run: winsock-lsp doctor --fix', 'clear_tunnel');
      } else if (!this.interfaces.some(({ index }) => index === interfaceIndex)) {
        add('tunnel-interface-missing', `published on interface ${interfaceIndex}, which does not exist any more`, 'Withdraw it.');
      } else if (!installed) {
        add('tunnel-without-provider', 'published, but the LSP is not installed', 'Run: winsock-lsp install');
      }
    }
    return findings;
  }

  #native(): Native {
    const entriesOf = (architecture: Architecture = 'x64') => this.#catalogs[architecture];
    const own = () => entriesOf().filter(({ ours }) => ours).map(({ id }) => id);
    const backup = (changed: boolean) => (changed ? `C:\\ProgramData\\winsock-lsp\\backup\\${version}.json` : null);
    const staged = (source: string) => `${folder}\\${/win32-ia32|-ia32\.dll$/i.test(source) ? 'winsock-lsp-ia32.dll' : 'winsock-lsp.dll'}`;
    const withdraw = (name: string) => {
      const left = this.#tunnels.filter((tunnel) => tunnel.name.toLowerCase() !== name.toLowerCase());
      if (left.length === this.#tunnels.length) {
        throw new LspError(`Cannot withdraw the tunnel ${name}: no tunnel of that name is published (ERROR_FILE_NOT_FOUND).`, {
          code: 'ERROR_FILE_NOT_FOUND',
          errno: 2,
          syscall: 'RegOpenKeyExW',
        });
      }
      if (!this.elevated) throw denied(`Cannot withdraw the tunnel ${name}`, 'RegOpenKeyExW');
      this.#tunnels = left;
    };
    const account = (name: string) => ({ name, sid: `S-1-5-21-0-0-0-${1000 + [...name.toLowerCase()].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 100_000, 7)}` });

    const native: Partial<Native> = {
      newCancellation: () => ({}),
      cancel: (cancellation) => void cancelled.add(cancellation),
      enumerateCatalog: (architecture) => structuredClone(entriesOf(architecture)),
      enumerateNamespaces: () => [
        dns('{22059D40-7E9E-11CF-AE5A-00AA00A7112B}', 'Tcpip', 12),
        dns('{6642243A-3BA8-4AA6-BAA5-2E0BD71FDD83}', 'NLAv1', 15),
      ],
      installProvider: async ({ dll, dll32, name, over, anew = false }, cancellation) => {
        const request = { dll, dll32: dll32 ?? undefined, name, over, anew };
        const changed = await this.#change('Cannot install the provider', cancellation, (copy) => catalog.install(copy, request));
        return { changed, path: dll, entries: own(), backup: backup(changed) };
      },
      planInstall: async ({ dll, dll32, name, over }) => {
        const copy = catalog.copyOf(this.#catalogs);
        catalog.runThrough(catalog.install(copy, { dll, dll32: dll32 ?? undefined, name, over, anew: false }));
        return catalog.planOf(this.#catalogs, copy);
      },
      planRemove: async () => {
        const copy = catalog.copyOf(this.#catalogs);
        catalog.runThrough(catalog.remove(copy));
        return catalog.planOf(this.#catalogs, copy);
      },
      planStaging: async (source) => {
        const path = staged(source);
        const there = Object.values(this.#catalogs.installed).some(({ dll }) => dll === path);
        return { path, copies: there ? [] : [{ from: source, to: path }] };
      },
      removeProvider: async ({ purge }, cancellation) => {
        const entries = await this.#change('Cannot remove the provider', cancellation, (copy) => catalog.remove(copy));
        const rules = this.#lines.filter(isRuleLine).length;
        if (purge) this.#lines = [];
        return { changed: entries.length > 0, entries, backup: backup(entries.length > 0), rules, purged: purge };
      },
      checkSources: async () => undefined,
      checkRunFrom: async () => undefined,
      stageProviderDll: async (source) => staged(source),
      orderCatalog: async (architecture = 'x64', ids, first, cancellation) => {
        const before = entriesOf(architecture).map(({ id }) => id);
        const attempt = 'Cannot change the order of the protocol catalog';
        for (const [index, id] of ids.entries()) {
          const why = !before.includes(id) ? `it has no entry ${id}. It has ${before.join(', ')}` : ids.indexOf(id) !== index ? `entry ${id} is named twice. Name each once` : '';
          if (why !== '') throw new LspError(`${attempt}: ${why}.`, { code: 'ERR_UNKNOWN_ENTRY' });
        }
        const waiting = [...ids];
        const after = first ? [...ids, ...before.filter((id) => !ids.includes(id))] : before.map((id) => (ids.includes(id) ? (waiting.shift() ?? id) : id));
        const changed = after.join() !== before.join();
        await this.#change(attempt, cancellation, function* (copy) {
          yield;
          copy[architecture].sort((a, b) => after.indexOf(a.id) - after.indexOf(b.id));
        });
        return { changed, before, after, backup: backup(changed) };
      },
      findAccount: async (name) => account(name),
      allowPublishers: async (names) => void (this.#publishers = names.map(account)),
      forbidPublishers: async () => void (this.#publishers = []),
      listPublishers: () => [...this.#publishers],
      openVpnPluginLine: () => 'plugin "C:\\\\Program Files\\\\OpenVPN\\\\plugins\\\\winsock-lsp.dll"',
      diagnose: async () => ({
        findings: this.#findings(),
        installed: this.#catalogs.installed.x64 !== undefined,
        dll: this.#catalogs.installed.x64?.dll ?? null,
        dll32: this.#catalogs.installed.ia32?.dll ?? null,
        covers32: this.#catalogs.installed.ia32 !== undefined,
      }),
      clearTunnel: async (name) => withdraw(name),
      publishAgain: async () => undefined,
      restoreHostModel: async () => undefined,
      deleteLeftover: async () => undefined,
      isInstalled: () => this.#catalogs.installed.x64 !== undefined,
      isElevated: () => this.elevated,
      bestRoute: (destination) => bestRoute(this.#host, destination),
      findAddress: (address) => findAddress(this.#host, address),
      explain: (destination, app, port, protocol) => {
        const { ruleNumber: _, ...decided } = this.#decide(destination, app, port, protocol);
        const found = this.#route(destination);
        const way = decided.verdict === 'through' ? this.#route(destination, decided.pinInterface) : { route: null, error: null };
        return { ...decided, route: found.route, routeError: found.error, way: way.route, wayError: way.error, block: null, policyRejected: null };
      },
      explainIncoming: (peer, app, port) => ({ ...decideIncoming(this.#rules(), peer, app, port), block: null, policyRejected: null }),
      publishTunnel: async ({ publisher, ...tunnel }) => {
        const attempt = `Cannot publish the tunnel ${tunnel.name}`;
        const fault = tunnelFault(tunnel);
        if (fault !== undefined) throw new LspError(`${attempt}: ${fault}.`, { code: 'ERR_INVALID_TUNNEL' });
        const missing = (what: string) => new LspError(`${attempt}: ${what}.`, { code: 'ERROR_NOT_FOUND', errno: 1168 });
        if (!this.interfaces.some(({ index }) => index === tunnel.interfaceIndex)) {
          throw missing(`no interface with an address has the index ${tunnel.interfaceIndex}`);
        }
        for (const source of [tunnel.source, tunnel.source6]) {
          const owner = source === undefined ? undefined : findAddress(this.#host, source);
          if (owner === null) throw missing(`this host does not have the address ${source}`);
          if (owner?.interfaceIndex === tunnel.interfaceIndex) {
            throw new LspError(`${attempt}: ${source} belongs to the tunnel interface itself. Give one of a physical interface.`, {
              code: 'ERR_INVALID_TUNNEL',
            });
          }
        }
        const processId = publisher === 'self' ? process.pid : publisher === 'none' ? 0 : publisher;
        if (processId !== 0 && !this.processes.has(processId)) {
          throw new LspError(`${attempt}: there is no process ${processId}.`, { code: 'ERROR_INVALID_PARAMETER', errno: 87, syscall: 'OpenProcess' });
        }
        if (!this.elevated) throw denied(attempt, 'RegCreateKeyExW');
        const { name, interfaceIndex, otherwise, address = null, address6 = null, source = null, source6 = null } = tunnel;
        const stored = { name, interfaceIndex, address, address6, source, source6, otherwise, publisher: processId, delegated: false, alive: true, rejected: null };
        this.#tunnels = [...this.#storedTunnels().filter((each) => each.alive && each.name.toLowerCase() !== name.toLowerCase()), stored];
      },
      withdrawTunnel: async (name) => withdraw(name),
      listTunnels: () => this.#storedTunnels(),
      readPolicy: () => this.#policy(),
      policyFault,
      // What listens where is not in the stand-in's machine.
      policyWarnings: () => [],
      writePolicy: async (lines, expected) => {
        if (!this.elevated) throw denied('Cannot write the policy to HKLM\\SOFTWARE\\winsock-lsp', 'RegCreateKeyExW');
        if (expected !== undefined && expected.join('\n') !== this.#lines.join('\n')) {
          throw new LspError('Cannot set the policy: somebody else has changed it meanwhile. Look at it again.', { code: 'ERR_POLICY_CHANGED' });
        }
        this.#lines = lines.filter((line) => line.trim() !== '');
      },
      readTelemetry: (dll) => {
        const registered = Object.entries(this.#catalogs.installed).find(([, installation]) => installation.dll.toLowerCase() === dll.toLowerCase());
        if (registered === undefined) {
          throw new LspError(`Cannot read the counters of ${dll}: no such file (ERROR_FILE_NOT_FOUND).`, { code: 'ERROR_FILE_NOT_FOUND', errno: 2 });
        }
        // All programs of the stand-in are 64-bit ones.
        const counted = registered[0] === 'x64' ? [...this.#counted] : [];
        const total = Object.fromEntries(Object.values(counters).map(([name]) => [name, counted.reduce((sum, [, entry]) => sum + (entry.counters[name] ?? 0), 0)]));
        const processes = counted.map(([processId, { image, counters: values }]) => ({ processId, image, running: true, counters: { ...values } }));
        return { total, processes };
      },
      readDecisions: (from) => [
        { name: version, next: this.#decided, decisions: this.#decisions.filter(({ number }) => number >= (from[version] ?? 0)) },
      ],
    };
    return this.#guarded(native);
  }

  /** Fails where failNext says so, and says of what is not there that it is not. */
  #guarded(native: Partial<Native>): Native {
    return new Proxy(native, {
      get: (target, name) => {
        if (typeof name !== 'string') return undefined;
        const failing = this.#failures.get(name);
        const failure = failing?.shift();
        const fail = (error: LspError) => () => {
          throw error;
        };
        if (failure !== undefined) {
          const { message = `${name} was made to fail (${failure.code}).`, ...details } = failure;
          return fail(new LspError(message, details));
        }
        return (
          target[name as keyof Native] ??
          fail(new LspError(`The stand-in of winsock-lsp/testing has no ${name}: see docs/testing.md.`, { code: 'ERR_NOT_IN_STAND_IN' }))
        );
      },
    }) as Native;
  }
}

let inPlace: StandIn | undefined;
const cancelled = new WeakSet<Cancellation>();

/**
 * Has a machine in memory answer all calls of the package in this process, on any platform, until its restore() or the end of a `using`.
 * A second one takes the place of the first.
 */
export function useStandIn(options: StandInOptions = {}): StandIn {
  return new StandIn(options);
}
