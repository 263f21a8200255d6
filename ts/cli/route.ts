import { explain, explainIncoming, isInstalled, type Block, type Explanation, type IncomingExplanation, type Protocol, type Reason } from '../index.js';
import type { Command, Input, OptionDescription, Output } from './command.js';
import { columns } from './text.js';

const kept: Readonly<Record<Exclude<Reason, 'rule' | 'already_source' | 'no_source' | 'not_tcp' | 'unknown_action'>, string>> = {
  no_rule: 'no rule matches',
  unspecified: 'the unspecified address is never touched',
  loopback: 'loopback is never touched',
  multicast: 'multicast is never touched',
  broadcast: 'broadcast is never touched',
  link_local: 'link-local addresses are never touched',
  proxy: 'it is a proxy that a rule names',
  tunnel_subnet: "a tunnel's own subnet is never touched",
};

const blocked: Readonly<Record<Block, string>> = {
  extension_points: 'exploit protection keeps extension points, and so every LSP, out of this program',
  microsoft_only: 'exploit protection lets this program load DLLs that Microsoft has signed, and no others',
  category: 'Windows permits this program some categories of LSPs only, and this one has none',
  packaged: 'this is a packaged app: those that run in an app container have no LSP',
};

function ruleText({ rule, tunnel }: Pick<Explanation, 'rule' | 'tunnel'>): string {
  const whose = tunnel === null ? "the administrator's rule" : `the rule of tunnel ${tunnel}`;
  return `${whose}: ${rule ?? ''}`;
}

function why(explanation: Pick<Explanation, 'reason' | 'verdict' | 'rule' | 'tunnel'>): string {
  const { reason, verdict } = explanation;
  if (reason === 'rule') return ruleText(explanation);
  if (reason === 'already_source') return `Windows chooses that source by itself; ${ruleText(explanation)}`;
  if (reason === 'no_source') {
    const lacking = "its interface is not there, or has no address of the destination's family";
    return `${lacking}, and it says otherwise ${verdict}; ${ruleText(explanation)}`;
  }
  if (reason === 'not_tcp') return `a proxy takes TCP alone, and it says otherwise ${verdict}; ${ruleText(explanation)}`;
  if (reason === 'unknown_action') return `a newer version wrote its action, which this one does not know; ${ruleText(explanation)}`;
  return kept[reason];
}

function what({ verdict, source, proxy, pinInterface, otherwise }: Explanation): string {
  if (verdict === 'keep') return 'leave the source to Windows';
  if (verdict === 'refuse') return 'refuse it';
  if (verdict === 'socks5') return `use the proxy ${proxy ?? ''}; if that cannot be had: ${otherwise}`;
  if (verdict === 'through') {
    return `leave through interface ${pinInterface ?? ''}, from ${source ?? ''}; if that cannot be had: ${otherwise}`;
  }
  const pinned = pinInterface === null ? '' : `, through interface ${pinInterface} or not at all`;
  return `use the source ${source ?? ''}${pinned}; if that cannot be had: ${otherwise}`;
}

function rows(explanation: Explanation, installed: boolean): string[][] {
  const { destination, route, routeError, verdict, way, wayError } = explanation;
  const result = [['destination', destination]];
  if (route === null) {
    result.push(['best route', `none: ${routeError?.message ?? ''}`]);
  } else {
    result.push(
      ['best route', `${route.prefix ?? 'prefix unknown'}, metric ${route.metric}, by ${route.oracle}`],
      ['  interface', String(route.interfaceIndex)],
      ['  next hop', route.nextHop ?? 'on the link'],
      ['  source', route.source],
    );
  }
  result.push([installed ? 'the LSP will' : 'the LSP would', what(explanation)], ['  because', why(explanation)]);
  if (verdict === 'through') {
    if (way === null) result.push(['  warning', wayError?.message ?? '']);
    else result.push(['  by', `${way.prefix ?? 'prefix unknown'}, metric ${way.metric}, next hop ${way.nextHop ?? 'on the link'}`]);
  }
  return [...result, ...remarks(explanation, installed)];
}

function remarks({ block, policyRejected }: Pick<Explanation, 'block' | 'policyRejected'>, installed: boolean): string[][] {
  const result: string[][] = [];
  if (!installed) result.push(['  but', 'it is not installed']);
  if (block !== null) result.push(['  but', `no rule may reach it: ${blocked[block]} (docs/policy.md)`]);
  if (policyRejected !== null) result.push(['policy', `the administrator's rules are not in force: ${policyRejected}`]);
  return result;
}

function incomingRows(explanation: IncomingExplanation, installed: boolean): string[][] {
  const { peer, port, verdict } = explanation;
  return [
    ['peer', peer],
    ['local port', String(port)],
    [installed ? 'the LSP will' : 'the LSP would', verdict === 'refuse' ? 'reset the connection' : 'let it in'],
    ['  because', why(explanation)],
    ...remarks(explanation, installed),
  ];
}

/** What route and policy explain print. */
export function explanationOf(destination: string, input: Input): Output {
  if (input.flag('in')) {
    const incoming = explainIncoming(destination, { app: input.text('app'), port: input.integer('port') });
    const present = isInstalled();
    return { data: { ...incoming, installed: present }, text: columns(incomingRows(incoming, present)) };
  }
  const explanation = explain(destination, {
    app: input.text('app'),
    port: input.integer('port'),
    // The function checks it.
    protocol: input.text('proto') as Protocol | undefined,
  });
  const installed = isInstalled();
  return { data: { ...explanation, installed }, text: columns(rows(explanation, installed)) };
}

/** Which flow it is about. */
export const flowOptions: Readonly<Record<string, OptionDescription>> = {
  app: { value: 'PATH', help: "the full path of the program's image; a program that no rule names unless told" },
  port: { value: 'N', help: "the destination's port; 0 unless told" },
  proto: { value: 'tcp|udp|raw', help: 'tcp unless told' },
  in: { help: 'a connection that comes in from there; --port is then the local one' },
};

export const route: Command = {
  name: 'route',
  positionals: ['ADDRESS'],
  options: flowOptions,
  summary: 'Show the best route to an address, and what the LSP would do and why',
  details: 'That there is no route is an answer, not a failure.',
  examples: [
    ['route 1.2.3.4', 'what happens to a connection to that address'],
    ['route 1.2.3.4 --proto udp --port 53 --app C:\\app.exe', 'to a datagram of that program'],
  ],
  run: (input) => explanationOf(input.positional('ADDRESS'), input),
};
