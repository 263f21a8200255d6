/** The page: one file, no scripts, and nothing that it loads. Pure. */

import { createHash } from 'node:crypto';

import { endpoint, programName, remoteText, ruleText } from '../cli/connections.js';
import { architectureNames } from '../cli/entry_text.js';
import { baseName } from '../cli/files.js';
import { eventText } from '../cli/history.js';
import type { Connection, ConnectionTable } from '../connections.js';
import type { DoctorReport, Finding } from '../doctor.js';
import type { CatalogHistory } from '../history.js';
import type { StoredPolicy } from '../policy.js';
import { counters, type Decision, type Stats } from '../stats.js';
import type { PublishedTunnel } from '../tunnel.js';
import { catalogPicture } from './catalog_picture.js';
import { decisionPlot } from './decision_plot.js';
import type { Fact, ReportFacts } from './facts.js';
import { html, type Content, type Html } from './html.js';
import { redactAll, redactor } from './privacy.js';
import { style } from './style.js';

/** A machine with ten thousand connections has a page that a mail can hold. */
const mostConnections = 500;
const mostEvents = 50;

const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

interface Head {
  name: string;
  number?: boolean;
}
const heads = (...names: string[]): Head[] => names.map((name) => ({ name: name.replace(/^#/, ''), number: name.startsWith('#') }));

interface Cell {
  content: Content;
  class: string;
}
const mono = (content: Content): Cell => ({ content, class: 'mono' });
const number = (content: Content): Cell => ({ content, class: 'number' });
const rule = (content: Content): Cell => ({ content, class: 'mono rule' });
const isCell = (value: Cell | Content): value is Cell => typeof value === 'object' && value !== null && 'class' in value;

function tableOf(columns: readonly Head[], rows: readonly (readonly (Cell | Content)[])[]): Html {
  const cells = (row: readonly (Cell | Content)[]) => row.map((each) => (isCell(each) ? html`<td class="${each.class}">${each.content}</td>` : html`<td>${each}</td>`));
  return html`<div class="scroll"><table><thead><tr>${columns.map(({ name, number: right }) => html`<th class="${right === true ? 'number' : ''}">${name}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${cells(row)}</tr>`)}</tbody></table></div>`;
}

function section<T>(title: string, fact: Fact<T>, show: (value: T) => Content): Html {
  return html`<section><h2>${title}</h2>${fact.error === null ? show(fact.value) : html`<p class="finding warning">This could not be found out: ${fact.error}</p>`}</section>`;
}

const severityOrder: readonly Finding['severity'][] = ['error', 'warning', 'info'];

function findingsOf({ findings, installed, healthy }: DoctorReport): Content {
  const sorted = [...findings].sort((a, b) => severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity));
  const state = `The LSP is ${installed ? '' : 'not '}installed${healthy ? ', and nothing is wrong' : ''}.`;
  return [
    html`<p>${state}</p>`,
    ...sorted.map(
      ({ code, severity, message, remedy, event }) =>
        html`<div class="finding ${severity}"><span class="tag ${severity}">${severity}</span> <b>${code}</b><p>${message}</p>${event === null ? null : html`<p class="faint">${eventText(event)}</p>`}${remedy === '' ? null : html`<p>${remedy}</p>`}</div>`,
    ),
  ];
}

function tunnelsOf(tunnels: readonly PublishedTunnel[]): Content {
  if (tunnels.length === 0) return html`<p class="faint">No tunnel is published.</p>`;
  return tableOf(
    heads('name', '#interface', 'address', 'source', 'otherwise', 'publisher', 'state'),
    tunnels.map(({ name, interfaceIndex, address, address6, source, source6, otherwise, publisher, delegated, alive, rejected }) => [
      name,
      number(interfaceIndex),
      mono([address, address6].filter((each) => each !== null).join(', ')),
      mono([source, source6].filter((each) => each !== null).join(', ')),
      otherwise,
      publisher === null ? 'nobody' : `process ${publisher}${delegated ? ', no administrator' : ''}`,
      rejected !== null ? html`<span class="tag error">rejected</span> ${rejected}` : alive ? html`<span class="tag ours">in force</span>` : html`<span class="tag warning">publisher ended</span>`,
    ]),
  );
}

/** How many of the decisions on record each rule has decided. */
function countByRule(decisions: readonly Decision[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { rule: text, reason, ruleNumber } of decisions) {
    const key = text ?? (ruleNumber !== null ? '(a rule of an earlier policy)' : reason === 'no_rule' ? '(no rule)' : `(${reason})`);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function rulesOf({ lines, rules, rejected }: StoredPolicy, decisions: readonly Decision[], full: boolean): Content {
  const counts = countByRule(decisions);
  const taken = new Set<string>();
  const rows = rules.map(({ line, text, missingInterface, refusing, unknown }) => {
    // As records have it: its words in their own order. A rule that was typed another way is listed below it.
    const count = counts.get(text.trim());
    if (count !== undefined) taken.add(text.trim());
    const notes = [
      ...(missingInterface === null ? [] : [`${missingInterface} is not there: ${refusing ? 'refuses meanwhile' : 'matches nothing meanwhile'}`]),
      ...(unknown === null ? [] : [`not known to this version: ${unknown}`]),
    ];
    return [number(line), rule(text), number(count ?? 0), notes.join('; ')];
  });
  const others = [...counts].filter(([text]) => !taken.has(text)).map(([text, count]) => ['', rule(text), number(count), text.startsWith('(') ? '' : 'as the LSP has it: a tunnel’s rule, or one of the above']);
  const comments = lines.length - rules.length;
  return [
    rejected === null ? null : html`<p class="finding error">The rules are not in force: ${rejected}</p>`,
    rows.length + others.length === 0 ? html`<p class="faint">There is no rule.</p>` : tableOf(heads('#line', 'rule', '#decided', ''), [...rows, ...others]),
    comments > 0 && !full && rejected === null ? html`<p class="faint">${counted(comments, 'line that is no rule', 'lines that are no rules')} left out.</p>` : null,
    html`<p class="faint">“decided”: how often, among the ${decisions.length} latest decisions on record (64 at most for each user, one a second for each destination).</p>`,
  ];
}

function plotOf(decisions: readonly Decision[], now: Date): Content {
  const latest = decisions.slice(-25).reverse();
  return [
    decisionPlot(decisions, now),
    latest.length === 0
      ? html`<p class="faint">No decision is on record.</p>`
      : html`<h3>The latest</h3>${tableOf(
          heads('time (UTC)', 'program', 'destination', 'decision', 'rule'),
          latest.map(({ time, image, processId, protocol, destination, port, verdict, source, result, rule: text, reason }) => [
            mono(time.toISOString().slice(11, 19)),
            `${image}[${processId}]`,
            mono(`${protocol} ${endpoint(destination, port)}`),
            `${verdict === 'source' ? `source ${source ?? ''}` : verdict}${result === 'carried_out' ? '' : ` (${result.replaceAll('_', ' ')})`}`,
            rule(text ?? reason),
          ]),
        )}`,
  ];
}

function connectionsOf({ connections, decisionsOf, policyKnown }: ConnectionTable): Content {
  const byProgram = new Map<string, number>();
  for (const { image } of connections) byProgram.set(image ?? '(no program)', (byProgram.get(image ?? '(no program)') ?? 0) + 1);
  const programs = [...byProgram].sort((a, b) => b[1] - a[1]).slice(0, 12);
  // What somebody looks for first: connections, then what listens.
  const weight = ({ standing, remoteAddress }: Connection) => (standing === 'stale' ? 0 : remoteAddress !== null ? 1 : 2);
  const shown = [...connections].sort((a, b) => weight(a) - weight(b)).slice(0, mostConnections);
  return [
    html`<p>${programs.map(([name, count]) => html`<span class="tag">${name} ${count}</span> `)}</p>`,
    shown.length === 0
      ? html`<p class="faint">There is none.</p>`
      : tableOf(
          heads('program', '', 'local', 'remote', 'state', 'interface', 'rule', ''),
          shown.map((connection) => [
            programName(connection),
            connection.protocol,
            mono(endpoint(connection.localAddress, connection.localPort)),
            mono(remoteText(connection)),
            connection.state ?? '',
            connection.interfaceName ?? connection.interfaceIndex,
            rule(ruleText(connection)),
            connection.standing === 'unknown' ? '' : html`<span class="tag ${connection.standing}">${connection.standing}</span>`,
          ]),
        ),
    shown.length < connections.length ? html`<p class="faint">And ${connections.length - shown.length} more.</p>` : null,
    html`<p class="faint">“now:” is what the policy says now of a connection of which no decision is on record; “probably”: which connection it was of, Windows does not tell. “stale”: it would be made another way now.${decisionsOf === 'own_user' ? ' Decisions about other users’ programs were not told to the user who made this report.' : ''}${policyKnown ? '' : ' The policy could not be read.'}</p>`,
  ];
}

function historyOf({ events, recording, unreadable }: CatalogHistory): Content {
  if (recording === 'missing') return html`<p class="faint">This Windows has no record of changes of the catalog.</p>`;
  const shown = events.slice(0, mostEvents);
  return [
    recording === 'off' ? html`<p class="finding warning">Windows does not record changes of the catalog now.</p>` : null,
    shown.length === 0
      ? html`<p class="faint">No change is recorded.</p>`
      : tableOf(
          heads('time (UTC)', 'what', 'catalog', 'entry', 'by', 'user'),
          shown.map(({ time, change, architecture, name, installer, processId, user }) => [
            mono(time?.toISOString().replace('T', ' ').slice(0, 19) ?? '?'),
            change,
            architecture === null ? '?' : architectureNames[architecture],
            name ?? '(the whole catalog)',
            `${installer === null ? '' : baseName(installer)}${processId === null ? '' : `[${processId}]`}`,
            mono(user ?? ''),
          ]),
        ),
    unreadable === 0 ? null : html`<p class="faint">${counted(unreadable, 'record', 'records')} could not be understood.</p>`,
  ];
}

function countersOf(stats: Stats): Content {
  const rows = (Object.keys(counters) as (keyof Stats)[]).map((name) => [name, number(stats[name]), counters[name][1]]);
  return tableOf(heads('counter', '#since the first program', 'what it counts'), rows);
}

function cardsOf({ doctor, tunnels, policy, connections, stats }: ReportFacts): Html {
  const card = (value: Content, label: string) => html`<div class="card"><b>${value}</b><span>${label}</span></div>`;
  const grave = doctor.value?.findings.filter(({ severity }) => severity !== 'info').length;
  const all = connections.value?.connections;
  return html`<div class="cards">${[
    card(doctor.value === null ? '?' : doctor.value.installed ? 'yes' : 'no', 'installed'),
    card(grave ?? '?', 'errors and warnings'),
    card(tunnels.value?.filter(({ alive, rejected }) => alive && rejected === null).length ?? '?', 'tunnels in force'),
    card(policy.value?.rules.length ?? '?', 'rules'),
    card(all?.filter(({ remoteAddress }) => remoteAddress !== null).length ?? '?', 'connections'),
    card(all?.filter(({ standing }) => standing === 'stale').length ?? '?', 'of them stale'),
    card(stats.value === null ? '?' : stats.value.decidedKeep + stats.value.decidedSource + stats.value.decidedRefuse, 'decisions'),
  ]}</div>`;
}

/** The whole file. Unless `full`, who uses the machine, its name, comments in the rules and what they say of log-ins are left out. */
export function reportPage(found: ReportFacts, { full, domains = [] }: { full: boolean; domains?: readonly string[] }): string {
  const { user, computer } = found;
  const facts = full ? found : redactAll(found, redactor({ user, computer, domains }));
  const decisions = facts.decisions.value ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const body = html`<h1>winsock-lsp report</h1><p class="faint">${found.time.toISOString().replace('T', ' ').slice(0, 19)} UTC · winsock-lsp ${facts.version} · Windows ${facts.windows}${full ? ` · ${computer}, ${user}` : ''}</p><p class="faint">${full ? 'Everything is in it: names of users and of this computer, comments of the rules.' : 'Left out: names of users and of this computer, comments and log-ins of the rules. Addresses, programs and rules are in it.'}</p>${cardsOf(facts)}
${section('What doctor finds', facts.doctor, findingsOf)}
${facts.catalogs.map(({ architecture, entries }) => section(`The catalog of ${architectureNames[architecture]} programs`, entries, catalogPicture))}
${section('Tunnels', facts.tunnels, tunnelsOf)}
${section('Rules', facts.policy, (stored) => [rulesOf(stored, decisions, full), full && stored.lines.length > 0 ? html`<h3>As they stand</h3><div class="scroll"><table><tbody>${stored.lines.map((line) => html`<tr><td class="mono">${line}</td></tr>`)}</tbody></table></div>` : null])}
${section('Decisions', facts.decisions, (value) => plotOf(value, facts.time))}
${section('Connections', facts.connections, connectionsOf)}
${section('Changes of the catalog', facts.history, historyOf)}
${section('Counters', facts.stats, countersOf)}`;
  // The style is ours and has no "<": it is put in as it is, so that its hash is that of the policy.
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1"><title>winsock-lsp report</title><style>${style}</style></head>
<body>${body.text}</body></html>
`;
}
