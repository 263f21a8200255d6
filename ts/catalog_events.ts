/**
 * Windows' records of changes of the Winsock catalog, as XML, made into objects. Pure. The events and what each tells: "Winsock Catalog
 * Change Tracing Details" in Microsoft's documentation. It names the parameters in words, not the names of the fields, so these are taken
 * by what their names are made of, or else by their place.
 */

import type { Architecture } from './native.js';

/** `install`, `remove`, `disable`: of an entry; `reset`: of a whole catalog. */
export type CatalogChange = 'install' | 'remove' | 'disable' | 'reset';

export interface CatalogEvent {
  /** When; null if the record does not tell. */
  time: Date | null;
  change: CatalogChange;
  /** Whose catalog: of 64-bit or of 32-bit programs; null if the record does not tell. */
  architecture: Architecture | null;
  /** The entry's name; null for a reset. */
  name: string | null;
  /** The file of the program that did it, as it called itself; null for a reset. */
  installer: string | null;
  providerId: string | null;
  /** The entry's id. */
  id: number | null;
  /** Of the process that did it, at that time. */
  processId: number | null;
  /** The SID of the account that it ran as. */
  user: string | null;
  /** Counts the channel's records. */
  record: number | null;
}

export interface ParsedEvents {
  events: CatalogEvent[];
  /** Records that are none of these events, or no XML. */
  unreadable: number;
}

const changes: Readonly<Record<number, CatalogChange>> = { 1: 'install', 2: 'remove', 3: 'disable', 4: 'reset' };
const provider = 'Microsoft-Windows-Winsock-WS2HELP';

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,8}));/gi, (all, decimal?: string, hexadecimal?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? all;
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : '\ufffd';
  });
}

/** The text of the first such element, without looking at what is inside. */
function textOf(xml: string, element: string): string | undefined {
  const found = new RegExp(`<${element}(?:\\s[^>]*)?>([^<]*)</${element}>`).exec(xml)?.[1];
  return found === undefined ? undefined : unescape(found).trim();
}

function attributeOf(xml: string, element: string, attribute: string): string | undefined {
  const tag = new RegExp(`<${element}\\s([^>]*)>`).exec(xml)?.[1];
  const found = tag === undefined ? undefined : new RegExp(`(?:^|\\s)${attribute}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(tag);
  const value = found?.[1] ?? found?.[2];
  return value === undefined ? undefined : unescape(value);
}

interface Field {
  name: string;
  text: string;
}

/** What is in EventData (`<Data Name="…">`) or UserData (elements with names of their own). */
function fieldsOf(xml: string): Field[] {
  const data = /<EventData(?:\s[^>]*)?>([^]*)<\/EventData>/.exec(xml)?.[1];
  if (data !== undefined) {
    const all = data.matchAll(/<Data(\s[^>]*)?(?:\/>|>([^<]*)<\/Data>)/g);
    return Array.from(all, ([, attributes = '', text = '']) => ({
      name: attributeOf(`<Data ${attributes}>`, 'Data', 'Name') ?? '',
      text: unescape(text).trim(),
    }));
  }
  const user = /<UserData(?:\s[^>]*)?>([^]*)<\/UserData>/.exec(xml)?.[1] ?? '';
  return Array.from(user.matchAll(/<([\w.:-]+)(?:\s[^>]*)?>([^<]*)<\/\1>/g), ([, name = '', text = '']) => ({ name, text: unescape(text).trim() }));
}

/** The documented parameters, in their order, and what a field's name has in it. */
const parameters = [
  ['name', /lsp|protocol|^name/],
  ['catalog', /^catalog$|catalogtype|bit/],
  ['installer', /install|module|app|process/],
  ['providerId', /guid|provider/],
  ['id', /categ|entry/],
] as const;
type Parameter = (typeof parameters)[number][0];

function parametersOf(fields: readonly Field[], change: CatalogChange): Partial<Record<Parameter, string>> {
  const named: Partial<Record<Parameter, string>> = {};
  for (const { name, text } of fields) {
    const plain = name.toLowerCase().replaceAll(/[^a-z]/g, '');
    const parameter = parameters.find(([each, pattern]) => named[each] === undefined && pattern.test(plain))?.[0];
    if (parameter !== undefined) named[parameter] = text;
  }
  if (Object.keys(named).length > 0) return named;
  const order: readonly Parameter[] = change === 'reset' ? ['catalog'] : parameters.map(([each]) => each);
  fields.forEach(({ text }, place) => {
    const parameter = order[place];
    if (parameter !== undefined) named[parameter] = text;
  });
  return named;
}

/** Decimal, or hexadecimal with 0x. */
function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^(?:\d{1,15}|0x[0-9a-f]{1,12})$/i.test(text) ? Number(text) : null;
}

function dateOf(text: string | undefined): Date | null {
  const time = text === undefined ? Number.NaN : Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(time) ? null : new Date(time);
}

/** One record, `<Event>…</Event>`; undefined if it is none of these events. */
export function parseEvent(xml: string): CatalogEvent | undefined {
  const change = changes[numberOf(textOf(xml, 'EventID')) ?? 0];
  if (change === undefined || attributeOf(xml, 'Provider', 'Name') !== provider) return undefined;
  const values = parametersOf(fieldsOf(xml), change);
  const bits = numberOf(values.catalog);
  return {
    time: dateOf(attributeOf(xml, 'TimeCreated', 'SystemTime')),
    change,
    architecture: bits === 64 ? 'x64' : bits === 32 ? 'ia32' : null,
    name: values.name ?? null,
    installer: values.installer ?? null,
    providerId: values.providerId ?? null,
    id: numberOf(values.id),
    processId: numberOf(attributeOf(xml, 'Execution', 'ProcessID')),
    user: attributeOf(xml, 'Security', 'UserID') ?? null,
    record: numberOf(textOf(xml, 'EventRecordID')),
  };
}

export function parseEvents(records: readonly string[]): ParsedEvents {
  const parsed = records.map(parseEvent);
  const events = parsed.filter((event) => event !== undefined);
  return { events, unreadable: records.length - events.length };
}

/** What `wevtutil query-events … /format:xml` prints, or a file that Event Viewer has saved as XML: one event after the other. */
export function splitEvents(text: string): string[] {
  return text.split('</Event>').slice(0, -1).flatMap((part) => {
    const begin = part.search(/<Event[\s>]/);
    return begin < 0 ? [] : [`${part.slice(begin)}</Event>`];
  });
}

/** What of the catalog is damaged by which changes, by the findings of doctor (docs/recovery.md). */
const taken: readonly CatalogChange[] = ['remove', 'disable', 'reset'];
const causes: Readonly<Record<string, readonly CatalogChange[]>> = {
  'layered-entry-missing': taken,
  'installation-interrupted': taken,
  'chain-missing': taken,
  'catalog-missing': taken,
  'chain-broken': taken,
  'chosen-entry-missing': taken,
  'base-provider-missing': taken,
  'not-first': ['install'],
  'duplicate-entry': ['install'],
};

const ours = /^winsock-lsp/i;

/**
 * The change behind a finding of doctor: the latest of a kind that can have done it, in the catalog that the finding names, and since our
 * entries were last put there. Undefined if none is recorded. `events`: newest first.
 */
export function eventBehind({ code, message }: { code: string; message: string }, events: readonly CatalogEvent[]): CatalogEvent | undefined {
  const kinds = causes[code];
  if (kinds === undefined) return undefined;
  const named = /\b(64|32)-bit catalog/.exec(message)?.[1];
  const architecture = named === undefined ? undefined : named === '64' ? 'x64' : 'ia32';
  for (const event of events) {
    if (architecture !== undefined && event.architecture !== null && event.architecture !== architecture) continue;
    const isOurs = ours.test(event.name ?? '');
    if (event.change === 'install' && isOurs) return undefined;
    if (kinds.includes(event.change)) return event;
  }
  return undefined;
}
