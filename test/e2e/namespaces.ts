/**
 * Network namespaces and directories with an owner: a name carries its owner's process id and start time, so that a later run can tell
 * what a killed one left behind from what another one is using.
 */

import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ownedName = /^wl(\d+)t(\d+)-/;
const ownedDirectory = /^winsock-lsp-e2e-(wl\d+t\d+-)/;

/** `wl<pid>t<start time>-[name-]` */
export function namespacePrefix(name: string): string {
  const suffix = name === '' ? '' : `${name}-`;
  return `wl${process.pid}t${startTime(process.pid) ?? 0}-${suffix}`;
}

/** Ends what runs in the namespaces whose name begins so, and removes them. Synchronous: it also runs on exit. */
export function removeNamespaces(prefix: string): void {
  const names = namespaceNames().filter((name) => name.startsWith(prefix));
  endProcesses(names);
  for (const name of names) execFileSync('ip', ['netns', 'delete', name], { stdio: 'pipe' });
}

/** A temporary directory with the same kind of owner. */
export function ownedTemporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), `winsock-lsp-e2e-${namespacePrefix('')}`));
}

/** Removes what runs that were killed have left behind: namespaces with what runs in them, and directories. */
export function removeStaleNamespaces(): void {
  for (const prefix of new Set(namespaceNames().flatMap(stalePrefix))) removeNamespaces(prefix);
  for (const name of readdirSync(tmpdir())) {
    const prefix = name.match(ownedDirectory)?.[1];
    if (prefix === undefined || stalePrefix(prefix).length === 0) continue;
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function stalePrefix(name: string): string[] {
  const [prefix, pid, start] = name.match(ownedName) ?? [];
  return prefix !== undefined && startTime(Number(pid)) !== Number(start) ? [prefix] : [];
}

/** Why this machine cannot run the network scenario, or undefined if it can. */
export function missingForNetwork(): string | undefined {
  if (process.platform !== 'linux') return 'the network scenario needs Linux';
  if (process.getuid?.() !== 0) return 'the network scenario needs root, for network namespaces';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return 'the network scenario needs /dev/net/tun';
  }
  for (const [command, argument, remedy] of [
    ['ip', '-V', 'apt-get install iproute2'],
    ['openvpn', '--version', 'apt-get install openvpn'],
    ['openssl', 'version', 'apt-get install openssl'],
  ] as const) {
    try {
      execFileSync(command, [argument], { stdio: 'pipe' });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return `the network scenario needs the command ${command} (${remedy})`;
    }
  }
  try {
    execFileSync('unshare', ['-n', 'true'], { stdio: 'pipe' });
  } catch {
    return 'the network scenario needs network namespaces, and this machine refuses to make one';
  }
  return undefined;
}

function namespaceNames(): string[] {
  const listing = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  return listing.split('\n').flatMap((line) => line.split(' ')[0] || []);
}

/** When a process began, in clock ticks since boot; undefined if it runs no more. */
function startTime(pid: number): number | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc_pid_stat(5): after the name in parentheses come field 3, the state, and 22, the start time. A process that has
  // ended but that its parent has not asked about yet (our own children, in an exit handler) is state Z.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : Number(fields[19]);
}

function endProcesses(names: readonly string[]): void {
  const deadline = Date.now() + 3_000;
  signalAll(names, 'SIGTERM');
  while (processesIn(names).length > 0) {
    if (Date.now() > deadline) signalAll(names, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
}

function signalAll(names: readonly string[], signal: NodeJS.Signals): void {
  for (const pid of processesIn(names)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended meanwhile.
    }
  }
}

function processesIn(names: readonly string[]): number[] {
  return names.flatMap((name) => {
    const listing = execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
    return listing.split('\n').filter(Boolean).map(Number).filter((pid) => startTime(pid) !== undefined);
  });
}
