import { hostText } from '../endpoint.js';
import { connections as listConnections, tunnel as tunnels, type Connection, type ConnectionTable } from '../index.js';
import type { Command, Input } from './command.js';
import { destinationFilter, nameFilter } from './filters.js';
import type { Terminal } from './terminal.js';
import { table, wrap, type Cell, type Column } from './text.js';

/** `[address]:port` as URLs have it. */
export function endpoint(address: string | null, port: number | null): string {
  if (address === null || port === null) return '';
  const wildcard = address === '0.0.0.0' || address === '::' ? '*' : undefined;
  return `${wildcard ?? hostText(address)}:${port}`;
}

export function programName({ image, processId }: Pick<Connection, 'image' | 'processId'>): string {
  if (processId === 0) return '-';
  return `${image ?? '?'}[${processId}]`;
}

const effects = { keep: 'left alone', source: 'source', refuse: 'refuse', through: 'through', socks5: 'by a proxy' } as const;
const effect = ({ verdict, source }: { verdict: keyof typeof effects; source: string | null }) =>
  verdict === 'source' ? `source ${source ?? ''}` : verdict === 'through' ? `through, source ${source ?? ''}` : effects[verdict];

/**
 * By which rule. A rule with nothing before it was told of when the connection was made; `probably`: of this program and destination, but of
 * which connection Windows does not let tell; `now`: nothing was told, and this is what the policy says now.
 */
export function ruleText({ incoming, remoteAddress, decided, says }: Connection): string {
  if (remoteAddress === null) return '';
  if (incoming) return '(came in)';
  if (decided !== null) {
    const { reason, rule, ruleNumber, certain } = decided;
    const whole = rule ?? (ruleNumber === null ? (reason === 'no_rule' ? 'no rule' : reason) : `rule ${ruleNumber + 1} of an earlier policy`);
    const failed = decided.result === 'otherwise_keep' ? ' (could not be had: left to Windows)' : '';
    return `${certain ? '' : 'probably '}${whole}${failed}`;
  }
  if (says === null) return '?';
  return `now: ${says.rule ?? (says.reason === 'no_rule' ? 'no rule' : says.reason)}`;
}

function staleText({ standing, decided, says }: Connection): string {
  if (standing !== 'stale' || says === null) return '';
  return decided === null && says.verdict === 'source' ? `not from ${says.source ?? ''}` : `now ${effect(says)}`;
}

/** The other end; for one that was led, where the program connected to, and by which proxy. */
export function remoteText({ remoteAddress, remotePort, destinationAddress, destinationPort }: Connection): string {
  const remote = endpoint(remoteAddress, remotePort);
  return destinationAddress === null ? remote : `${endpoint(destinationAddress, destinationPort)} by ${remote}`;
}

function row(connection: Connection): Cell[] {
  const { protocol, localAddress, localPort, state, interfaceName, interfaceIndex, block } = connection;
  const rule = ruleText(connection);
  const stale = staleText(connection);
  return [
    programName(connection),
    protocol,
    endpoint(localAddress, localPort),
    remoteText(connection),
    state ?? '',
    interfaceName ?? (interfaceIndex === null ? '' : String(interfaceIndex)),
    stale === '' ? '' : { text: stale, style: 'warning' },
    block === null || rule === '' ? rule : `${rule} (${block}: no LSP)`,
  ];
}

export const connectionColumns: readonly Column[] = [
  { head: 'PROGRAM', cut: 'start' },
  { head: '' },
  { head: 'LOCAL', cut: 'start' },
  { head: 'REMOTE', cut: 'start' },
  { head: 'STATE' },
  { head: 'INTERFACE', cut: 'end' },
  { head: 'STALE', cut: 'end' },
  { head: 'RULE', cut: 'end' },
];

export function connectionTable(connections: readonly Connection[], terminal: Terminal): string {
  // A column of nothing costs width that others need.
  const rows = connections.map(row);
  const used = connectionColumns.map((_, index) => rows.some((cells) => cells[index] !== ''));
  const kept = <T>(items: readonly T[]) => items.filter((_, index) => used[index]);
  return table(rows.map(kept), { columns: kept(connectionColumns), terminal });
}

/** What the list leaves open, and why. */
export function notes({ decisionsOf, policyKnown, policyRejected, connections }: ConnectionTable): string[] {
  const unnamed = connections.filter(({ path, processId }) => path === null && processId > 4).length;
  return [
    ...(decisionsOf === 'everybody' ? [] : ["Decisions about other users' programs are told to administrators only: run it elevated to see them."]),
    ...(unnamed === 0 || decisionsOf === 'everybody' ? [] : [`Of ${unnamed} connections Windows does not tell this user the program's path.`]),
    ...(policyKnown ? [] : ['The policy cannot be read, so that it is not known what it says now.']),
    ...(policyRejected === null ? [] : [`The administrator's rules are not in force: ${policyRejected}`]),
  ];
}

/** Those that --app, --to, --rule, --tunnel and --stale ask for. Throws ERR_USAGE. */
export function chosen(input: Input, interfaceOf: (tunnel: string) => number | undefined): (connection: Connection) => boolean {
  const fitsApp = nameFilter(input.text('app'));
  const to = input.text('to');
  const fitsTo = destinationFilter(to);
  const rule = input.text('rule');
  const fitsRule = nameFilter(rule === undefined || rule.includes('*') ? rule : `*${rule}*`);
  const tunnel = input.text('tunnel');
  const through = tunnel === undefined ? undefined : interfaceOf(tunnel);
  const stale = input.flag('stale');
  return ({ image, remoteAddress, destinationAddress, decided, says, interfaceIndex, standing }) => {
    const ruled = decided ?? says;
    return (
      fitsApp(image ?? '') &&
      (to === undefined || [remoteAddress, destinationAddress].some((address) => address !== null && fitsTo(address))) &&
      (rule === undefined || (ruled?.rule !== undefined && ruled.rule !== null && fitsRule(ruled.rule))) &&
      (tunnel === undefined || ruled?.tunnel === tunnel || (through !== undefined && interfaceIndex === through)) &&
      (!stale || standing === 'stale')
    );
  };
}

export const connectionOptions: Command['options'] = {
  app: { value: 'NAME', help: 'only programs whose file name is this; * is any run of characters' },
  to: { value: 'CIDR', help: 'only connections to addresses inside this prefix' },
  rule: { value: 'TEXT', help: 'only those whose rule has this text in it; with *, whose rule is this as a whole' },
  tunnel: { value: 'NAME', help: "only those by this tunnel's rule, or from its interface" },
  stale: { help: 'only those that would be made another way now, or not at all' },
};

/** Gives the interface of a published tunnel. */
export function tunnelInterface(name: string): number | undefined {
  return tunnels.list().find((each) => each.name === name)?.interfaceIndex;
}

export const connections: Command = {
  name: 'connections',
  options: connectionOptions,
  summary: 'Show the live connections of all programs, and the rule that decided each',
  details:
    'TCP connections and listeners, and bound UDP sockets. RULE is the rule that decided, as the LSP told it when the connection was made; ' +
    '"probably", where Windows does not tell when that was; "now:", where nothing was told: then it is what the policy says now, and not ' +
    'what decided. STALE is what would become of it now instead. The LSP keeps the latest 64 decisions of each user, so older connections have ' +
    '"now:". Of a connection that a rule led through a proxy, REMOTE is where the program connected to, and by which proxy. Needs no rights; other users\' decisions and paths are told to administrators only. docs/connections.md has more.',
  examples: [
    ['connections', 'all of them'],
    ['connections --stale', 'what a change of the rules, or of the tunnel, has left as it was'],
    ['connections --app "chrome*" --tunnel office --json', 'for a script: {connections, decisionsOf, policyKnown, policyRejected}'],
  ],
  async run(input) {
    const fits = chosen(input, tunnelInterface);
    const all = await listConnections();
    const shown = { ...all, connections: all.connections.filter(fits) };
    return {
      data: shown,
      text: (terminal) => {
        const listed = shown.connections.length === 0 ? 'There is no such connection.' : connectionTable(shown.connections, terminal);
        const told = notes(shown).map((note) => wrap(note, terminal.width));
        return [listed, ...(told.length === 0 ? [] : ['', ...told])].join('\n');
      },
    };
  },
};
