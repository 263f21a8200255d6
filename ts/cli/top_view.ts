/** The picture of `top`: what is shown, what keys do, and the lines of a frame. Pure. */

import type { Connection, ProcessStats } from '../index.js';
import { connectionTable, programName } from './connections.js';
import { nameFilter } from './filters.js';
import { paint, type Terminal } from './terminal.js';
import { table, truncate, type Cell } from './text.js';

export const orders = ['decisions', 'opened', 'connections', 'name'] as const;
export type Order = (typeof orders)[number];

export interface View {
  order: Order;
  /** Of a program's name. */
  filter: string;
  /** What is being typed for the filter; null while nothing is. */
  typing: string | null;
  /** How many of the connections are scrolled past. */
  scrolled: number;
  paused: boolean;
  ended: boolean;
}

export const firstView: View = { order: 'decisions', filter: '', typing: null, scrolled: 0, paused: false, ended: false };

const page = 10;

/** What a key does. Anything else does nothing. */
export function press(view: View, key: string): View {
  if (key === '\u0003') return { ...view, ended: true };
  if (view.typing !== null) return type(view, view.typing, key);
  switch (key) {
    case 'q':
    case 'Q':
      return { ...view, ended: true };
    case 's':
      return { ...view, order: orders[(orders.indexOf(view.order) + 1) % orders.length] ?? 'name' };
    case '/':
    case 'f':
      return { ...view, typing: view.filter };
    case ' ':
    case 'p':
      return { ...view, paused: !view.paused };
    case '\u001b':
      return { ...view, filter: '', scrolled: 0 };
    case '\u001b[A':
      return { ...view, scrolled: Math.max(0, view.scrolled - 1) };
    case '\u001b[B':
      return { ...view, scrolled: view.scrolled + 1 };
    case '\u001b[5~':
      return { ...view, scrolled: Math.max(0, view.scrolled - page) };
    case '\u001b[6~':
      return { ...view, scrolled: view.scrolled + page };
    default:
      return view;
  }
}

function type(view: View, typed: string, key: string): View {
  if (key === '\r' || key === '\n') return { ...view, filter: typed, typing: null, scrolled: 0 };
  if (key === '\u001b') return { ...view, typing: null };
  if (key === '\u007f' || key === '\b') return { ...view, typing: Array.from(typed).slice(0, -1).join('') };
  const printed = /^[^\p{Cc}\p{Cf}\p{Cs}]$/u.test(key) && typed.length < 64;
  return printed ? { ...view, typing: typed + key } : view;
}

/** What a terminal sent, key by key: sequences that begin with escape are one. */
export const keysOf = (data: string): string[] => data.match(/\u001b\[[0-9;]*[A-Za-z~]|[^]/gu) ?? [];

/** What one look has found. */
export interface Look {
  /** Milliseconds, of a clock that is not set. */
  time: number;
  connections: readonly Connection[];
  /** Null if nothing counts: the LSP is not installed. */
  processes: readonly ProcessStats[] | null;
  /** What has opened since the look before, by process. */
  opened: ReadonlyMap<number, number>;
}

export interface ProgramRow {
  image: string | null;
  processId: number;
  connections: number;
  /** A second. */
  opened: number;
  /** A second; null if the LSP does not count in it. */
  decisions: number | null;
}

const decided = ({ stats }: ProcessStats) => stats.decidedKeep + stats.decidedSource + stats.decidedRefuse;

/** What each program does, by two looks. */
export function programRows(before: Look | undefined, now: Look): ProgramRow[] {
  const seconds = before === undefined ? 0 : Math.max(0.001, (now.time - before.time) / 1000);
  const rate = (count: number) => (seconds === 0 ? 0 : count / seconds);
  const rows = new Map<number, ProgramRow>();
  const rowOf = (processId: number, image: string | null): ProgramRow => {
    const row = rows.get(processId) ?? { image, processId, connections: 0, opened: rate(now.opened.get(processId) ?? 0), decisions: null };
    rows.set(processId, row);
    return row;
  };
  for (const { processId, image } of now.connections) rowOf(processId, image).connections += 1;
  const earlier = new Map(before?.processes?.map((each) => [each.processId, decided(each)]));
  for (const each of now.processes ?? []) {
    if (!each.running) continue;
    const row = rowOf(each.processId, each.image);
    // Somebody can have set the counters back.
    row.decisions = (row.decisions ?? 0) + rate(Math.max(0, decided(each) - (earlier.get(each.processId) ?? decided(each))));
  }
  return [...rows.values()];
}

const byName = (a: ProgramRow, b: ProgramRow) => (a.image ?? '').localeCompare(b.image ?? '') || a.processId - b.processId;
const comparisons: Readonly<Record<Order, (a: ProgramRow, b: ProgramRow) => number>> = {
  decisions: (a, b) => (b.decisions ?? -1) - (a.decisions ?? -1) || b.opened - a.opened || b.connections - a.connections,
  opened: (a, b) => b.opened - a.opened || b.connections - a.connections,
  connections: (a, b) => b.connections - a.connections,
  name: () => 0,
};

const filterOf = (filter: string) => nameFilter(filter === '' ? undefined : filter.includes('*') ? filter : `*${filter}*`);
const rateText = (rate: number | null) => (rate === null ? '' : rate === 0 ? '0' : rate < 10 ? rate.toFixed(1) : rate.toFixed(0));

export interface Size {
  columns: number;
  rows: number;
}

/** The lines of a frame: exactly `rows`, none wider than `columns`. */
export function frame(view: View, before: Look | undefined, now: Look, size: Size, colours: boolean): string[] {
  const terminal: Terminal = { width: size.columns, colours };
  const fits = filterOf(view.filter);
  const programs = programRows(before, now)
    .filter(({ image }) => fits(image ?? ''))
    .sort((a, b) => comparisons[view.order](a, b) || byName(a, b));
  const connections = now.connections.filter(({ image, remoteAddress }) => remoteAddress !== null && fits(image ?? ''));

  const body = Math.max(0, size.rows - 3);
  // Programs get up to a third, connections what is left.
  const programLines = Math.min(programs.length + 1, Math.max(3, Math.floor(body / 3)));
  const rows = programs.slice(0, Math.max(0, programLines - 1)).map((each): Cell[] => [
    programName(each),
    rateText(each.decisions),
    rateText(each.opened),
    String(each.connections),
  ]);
  const heads = (['name', 'decisions', 'opened', 'connections'] as const).map((order) => {
    const name = { name: 'PROGRAM', decisions: 'DECISIONS/S', opened: 'OPENED/S', connections: 'CONNECTIONS' }[order];
    return order === view.order ? `${name}*` : name;
  });
  const programTable = table(rows, {
    columns: heads.map((head, place) => (place === 0 ? { head, cut: 'start' } : { head, align: 'right' })),
    terminal,
  });
  const room = Math.max(0, body - programLines - 1);
  // The head is one of its lines.
  const first = Math.min(view.scrolled, Math.max(0, connections.length - Math.max(1, room - 1)));
  const visible = connections.slice(first, first + Math.max(0, room - 1));
  const shown = visible.length === 0 ? '' : connectionTable(visible, terminal);

  const stale = connections.filter(({ standing }) => standing === 'stale').length;
  const title = `winsock-lsp top  ${connections.length} connections${stale === 0 ? '' : `, ${stale} stale`}, ${programs.length} programs${now.processes === null ? '  (the LSP is not installed)' : ''}${view.paused ? '  PAUSED' : ''}${view.filter === '' ? '' : `  filter: ${view.filter}`}`;
  const keys =
    view.typing === null ? 'q quit  s sort  / filter  Esc all  Space pause  arrows scroll' : `filter: ${view.typing}_  (Enter: take it, Esc: leave it)`;
  const lines = [
    paint(terminal, 'heading', truncate(title, size.columns)),
    '',
    ...programTable.split('\n').slice(0, programLines),
    '',
    ...shown.split('\n').slice(0, room),
  ].slice(0, Math.max(0, size.rows - 1));
  while (lines.length < size.rows - 1) lines.push('');
  return [...lines, paint(terminal, 'faint', truncate(keys, size.columns))].slice(-size.rows);
}
