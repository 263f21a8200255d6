import { readFileSync } from 'node:fs';

import { parseEvents, splitEvents, type CatalogEvent } from '../catalog_events.js';
import { LspError } from '../errors.js';
import { historyRemedy } from '../history.js';
import { catalogHistory, type CatalogHistory } from '../index.js';
import { usageError, type Command, type Input } from './command.js';
import { baseName } from './files.js';
import { paint, type Terminal } from './terminal.js';
import { table, wrap } from './text.js';

const bits = { x64: '64-bit', ia32: '32-bit' } as const;
const timeOf = ({ time }: CatalogEvent) => (time === null ? '?' : time.toISOString().replace('T', ' ').slice(0, 19));
const processOf = ({ processId }: CatalogEvent) => (processId === null ? '' : `[${processId}]`);

const whatHappened = { install: 'installed', remove: 'removed', disable: 'disabled', reset: 'reset' } as const;

/** Who did it, as far as the record tells. */
const byWhom = (event: CatalogEvent) =>
  event.installer === null ? (event.processId === null ? 'nobody knows whom' : `process ${event.processId}`) : `${baseName(event.installer)}${processOf(event)}`;

/** A sentence about one change, for doctor. */
export function eventText(event: CatalogEvent): string {
  const catalog = event.architecture === null ? 'a catalog' : `the ${bits[event.architecture]} catalog`;
  const what = event.change === 'reset' ? `${catalog} was reset` : `"${event.name ?? '?'}" was ${whatHappened[event.change]} in ${catalog}`;
  const user = event.user === null ? '' : `, as user ${event.user}`;
  return `Windows recorded: ${timeOf(event)} UTC: ${what} by ${byWhom(event)}${user}.`;
}

function historyText({ events, unreadable, recording }: CatalogHistory, terminal: Terminal): string {
  const rows = events.map((event) => [
    timeOf(event),
    whatHappened[event.change],
    event.architecture === null ? '?' : bits[event.architecture],
    event.change === 'reset' ? '(the whole catalog)' : (event.name ?? '?'),
    event.id === null ? '' : String(event.id),
    event.installer === null ? processOf(event) : `${event.installer}${processOf(event)}`,
    event.user ?? '',
  ]);
  const columns = [
    { head: 'TIME (UTC)' },
    { head: 'WHAT' },
    { head: 'CATALOG' },
    { head: 'ENTRY', cut: 'end' },
    { head: 'ID', align: 'right' },
    { head: 'BY', cut: 'start' },
    { head: 'USER', cut: 'end' },
  ] as const;
  const notes = [
    ...(recording === 'off' ? [`Windows does not record changes now. To turn it on, from an elevated prompt: ${historyRemedy}`] : []),
    ...(recording === 'missing' ? ['This Windows has no record of changes of the Winsock catalog (the channel came with Windows Vista; Wine has none).'] : []),
    ...(unreadable === 0 ? [] : [`${unreadable} records could not be understood.`]),
  ];
  const listed = rows.length === 0 ? (recording === 'missing' ? [] : ['No change is recorded.']) : [table(rows, { columns, terminal })];
  return [...listed, ...notes.map((note) => paint(terminal, 'note', wrap(note, terminal.width)))].join('\n');
}

function fromFile(file: string): CatalogHistory {
  let text: string;
  try {
    const bytes = readFileSync(file);
    // Event Viewer saves XML as UTF-16, or UTF-8 with a mark.
    text = bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le') : bytes.toString('utf8');
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new LspError(`Cannot read ${file}: ${message}`, { code: code === 'ENOENT' ? 'ERROR_FILE_NOT_FOUND' : 'ERR_FILE', cause });
  }
  return { ...parseEvents(splitEvents(text)), recording: 'unknown' };
}

function read(input: Input): Promise<CatalogHistory> | CatalogHistory {
  const from = input.text('from');
  const count = input.integer('count');
  if (from === undefined) return catalogHistory({ count });
  if (count !== undefined) throw usageError('--from and --count exclude each other');
  return fromFile(from);
}

export const history: Command = {
  name: 'history',
  options: {
    count: { value: 'N', help: 'how many changes, the newest; 1000 unless told' },
    from: { value: 'FILE', help: 'of another machine: what wevtutil or the Event Viewer has saved as XML' },
  },
  summary: 'Show who changed the Winsock catalog, and when, from what Windows recorded',
  details:
    "From Windows' channel Microsoft-Windows-Winsock-WS2HELP/Operational, newest first: entries that were installed, removed or disabled, and catalogs " +
    'that were reset. The names in it are what those programs wrote. Tested on records made after Microsoft\'s documentation only ' +
    '(docs/recovery.md). doctor names the change behind a damage.',
  examples: [
    ['history', 'of this machine'],
    ['history --from changes.xml', `of a file that was made with: wevtutil query-events Microsoft-Windows-Winsock-WS2HELP/Operational /format:xml`],
  ],
  exitCodes: ['accessDenied', 'notFound'],
  async run(input) {
    const found = await read(input);
    return { data: found, text: (terminal) => historyText(found, terminal) };
  },
};
