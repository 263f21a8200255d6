/** tunnel show, tunnel set, tunnel clear. */

import { isIPv6 } from 'node:net';

import { tunnel, type Otherwise, type PublishedTunnel } from '../index.js';
import { usageError, type Command } from './command.js';
import { columns } from './text.js';

function state({ alive, delegated, rejected }: PublishedTunnel): string {
  if (rejected !== null) return `ignored: ${rejected}`;
  if (!alive) return 'ignored: its publisher has ended';
  return delegated ? 'in force, not by an administrator' : 'in force';
}

function row(each: PublishedTunnel): string[] {
  const both = (...values: (string | null)[]) => values.filter((value) => value !== null).join(' ') || '-';
  return [
    each.name,
    String(each.interfaceIndex),
    both(each.address, each.address6),
    both(each.source, each.source6),
    each.otherwise,
    each.publisher === null ? '-' : String(each.publisher),
    state(each),
  ];
}

export const tunnelShow: Command = {
  name: 'tunnel show',
  summary: 'Show the published tunnels',
  examples: [['tunnel show', 'name, interface, addresses, and whether it is in force']],
  run() {
    const tunnels = tunnel.list();
    const head = ['NAME', 'INTERFACE', 'ADDRESS', 'SOURCE', 'OTHERWISE', 'PUBLISHER', 'STATE'];
    return {
      data: tunnels,
      text: tunnels.length === 0 ? 'No tunnel is published.' : columns([head, ...tunnels.map(row)]),
    };
  },
};

/** At most one of each family. */
function byFamily(option: string, values: readonly string[]): [string | undefined, string | undefined] {
  const result: [string | undefined, string | undefined] = [undefined, undefined];
  for (const value of values) {
    const index = isIPv6(value.replace(/\/.*/, '')) ? 1 : 0;
    if (result[index] !== undefined) throw usageError(`--${option} takes one address of each family. Received '${value}' too`);
    result[index] = value;
  }
  return result;
}

export const tunnelSet: Command = {
  name: 'tunnel set',
  positionals: ['NAME'],
  options: {
    address: { value: 'A/LENGTH', multiple: true, help: "the virtual address with its subnet's prefix length; one of each family" },
    source: { value: 'A', multiple: true, help: 'the physical address that is to appear as source; one of each family' },
    interface: { value: 'N', help: 'the index of the tunnel interface; the one that has the virtual address unless told' },
    pid: { value: 'PID', help: 'the tunnel ends with this process; unless told it stays until it is cleared or Windows restarts' },
    otherwise: { value: 'keep|refuse', help: 'what to do if the source cannot be used; keep unless told' },
  },
  summary: 'Publish a tunnel, or replace the one of that name',
  details:
    'Connections routed through the tunnel interface get the physical address as source, in running programs too. --address and ' +
    '--source are required. Needs an elevated prompt.',
  examples: [
    ['tunnel set office --address 10.8.0.2/24 --source 192.0.2.7', 'until it is cleared'],
    ['tunnel set lab --address 10.9.0.2/24 --source 192.0.2.7 --pid 42', 'while process 42 lives'],
  ],
  exitCodes: ['accessDenied', 'notFound'],
  changes: () => true,
  async run(input) {
    const name = input.positional('NAME');
    for (const option of ['address', 'source']) {
      if (input.texts(option).length === 0) throw usageError(`--${option} is missing`);
    }
    const [address, address6] = byFamily('address', input.texts('address'));
    const [source, source6] = byFamily('source', input.texts('source'));
    await tunnel.publish({
      name,
      interfaceIndex: input.integer('interface'),
      address,
      source,
      address6,
      source6,
      // The function checks it.
      otherwise: input.text('otherwise') as Otherwise | undefined,
      publisher: input.integer('pid') ?? 'none',
    });
    const published = tunnel.list().find((each) => each.name.toLowerCase() === name.toLowerCase());
    return { data: published ?? null, text: `Published the tunnel ${name}.` };
  },
};

export const tunnelClear: Command = {
  name: 'tunnel clear',
  positionals: ['NAME'],
  summary: 'Withdraw a tunnel',
  details: 'Puts the host model back as it was. Needs an elevated prompt.',
  examples: [['tunnel clear office', 'connections get the source that Windows chooses again']],
  exitCodes: ['accessDenied', 'notFound'],
  changes: () => true,
  async run(input) {
    const name = input.positional('NAME');
    await tunnel.withdraw(name);
    return { data: { name }, text: `Withdrew the tunnel ${name}.` };
  },
};
