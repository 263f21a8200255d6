/** What an installation or a removal would change, in words. */

import type { CatalogPlan, InstallPlan, Plan, PlannedEntry } from '../index.js';
import { architectureNames, transport } from './entry_text.js';
import { paint, type Style, type Terminal } from './terminal.js';
import { printable, table, wrap, type Cell } from './text.js';

const idText = (id: number | null) => (id === null ? 'new' : String(id));
const chainText = ({ chain }: PlannedEntry) => chain.map(idText).join(' > ');

type Sign = '+' | '-' | ' ';
const signStyles: Readonly<Record<Sign, Style | undefined>> = { '+': 'ours', '-': 'fault', ' ': undefined };

function row(sign: Sign, entry: PlannedEntry): Cell[] {
  const style = signStyles[sign];
  const painted = (text: string): Cell => (style === undefined ? text : { text, style });
  return [painted(sign), idText(entry.id), entry.kind, transport(entry), chainText(entry) || '-', painted(entry.name), entry.path];
}

function catalogText({ architecture, fault, removed, after }: CatalogPlan, terminal: Terminal): string {
  const catalog = `${architectureNames[architecture]} catalog`;
  if (fault === null) return paint(terminal, 'heading', `${catalog}: stays as it is`);
  const rows = [
    ...removed.map((entry) => row('-', entry)),
    ...after.map((entry) => row(entry.id === null ? '+' : ' ', entry)),
  ];
  const columns = [{}, { align: 'right' }, {}, {}, {}, { cut: 'end' }, { cut: 'start' }] as const;
  return [
    paint(terminal, 'heading', wrap(`${catalog}: ${printable(fault ?? '')}`, terminal.width)),
    table(rows, { columns, indent: 2, terminal }),
  ].join('\n');
}

const legend = '- goes, + comes; the rest stays, in this order.';

function catalogsText({ catalogs, changes }: Plan, terminal: Terminal): string[] {
  return changes ? [...catalogs.map((catalog) => catalogText(catalog, terminal)), legend] : [];
}

function deletedText({ deleted }: Plan, terminal: Terminal): string[] {
  if (deleted.length === 0) return [];
  const lines = deleted.map((file) => `  ${printable(file)}`);
  return [`${paint(terminal, 'heading', 'Files to delete, those in use at the next start of Windows')}\n${lines.join('\n')}`];
}

const untouched = 'This was a dry run: nothing was changed.';

export function installPlanText(plan: InstallPlan, terminal: Terminal): string {
  const { changes, files, over, overChanges, path, publishersChange } = plan;
  if (!changes && files.length === 0 && !overChanges && !publishersChange) return `Nothing to do: ${printable(path)} is installed.\n${untouched}`;
  const sections = catalogsText(plan, terminal);
  if (!changes) sections.push('The protocol catalogs stay as they are.');
  if (files.length > 0) {
    const lines = files.map(({ from, to }) => `  ${printable(from)}\n    -> ${printable(to)}`);
    sections.push(`${paint(terminal, 'heading', 'Files to copy')}\n${lines.join('\n')}`);
  }
  sections.push(...deletedText(plan, terminal));
  if (overChanges) sections.push(`To be remembered: installed over ${over === 'all' ? 'all' : over.join(',')}`);
  if (publishersChange) sections.push('Others than now may publish tunnels afterwards.');
  return [...sections, untouched].join('\n\n');
}

export function removePlanText(plan: Plan, terminal: Terminal): string {
  if (!plan.changes) return `Nothing to do: the LSP is not installed.\n${untouched}`;
  return [...catalogsText(plan, terminal), ...deletedText(plan, terminal), untouched].join('\n\n');
}
