// Windows' records of changes of the Winsock catalog. These were made after Microsoft's documentation ("Winsock Catalog Change Tracing
// Details", and the general form of an event's XML), in the ways that it leaves open: no record of a real Windows was to be had.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { eventBehind, parseEvent, parseEvents, splitEvents, type CatalogEvent } from '../../ts/catalog_events.js';
import { eventText, history } from '../../ts/cli/history.js';
import { readInput } from '../../ts/cli/command.js';

type Fields = readonly (readonly [name: string, text: string])[];

const install: Fields = [
  ['LSP Name', 'Filter over [MSAFD Tcpip [TCP/IP]]'],
  ['Catalog', '64'],
  ['Installer', 'C:\\Program Files\\Filter &amp; Co\\setup.exe'],
  ['GUID', '{11111111-2222-3333-4444-555555555555}'],
  ['Category', '1015'],
];

function record(id: number, data: string, { time = '2026-11-27T10:11:12.123456700Z', number = 17 } = {}): string {
  return (
    `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Winsock-WS2HELP' ` +
    `Guid='{d5c25f9a-4d47-493e-9184-40dd397a004d}'/><EventID>${id}</EventID><Version>0</Version><Level>4</Level><Task>0</Task>` +
    `<Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='${time}'/><EventRecordID>${number}</EventRecordID>` +
    `<Correlation/><Execution ProcessID='4242' ThreadID='8'/><Channel>Microsoft-Windows-Winsock-WS2HELP/Operational</Channel>` +
    `<Computer>PC</Computer><Security UserID='S-1-5-18'/></System>${data}</Event>`
  );
}
const eventData = (fields: Fields) => `<EventData>${fields.map(([name, text]) => `<Data Name='${name}'>${text}</Data>`).join('')}</EventData>`;

const expected: CatalogEvent = {
  time: new Date('2026-11-27T10:11:12.123Z'),
  change: 'install',
  architecture: 'x64',
  name: 'Filter over [MSAFD Tcpip [TCP/IP]]',
  installer: 'C:\\Program Files\\Filter & Co\\setup.exe',
  providerId: '{11111111-2222-3333-4444-555555555555}',
  id: 1015,
  processId: 4242,
  user: 'S-1-5-18',
  record: 17,
};

test('an event is read whatever its fields are called, by their names or their places', () => {
  const texts = install.map(([, text]) => text);
  const named = (...names: string[]): Fields => names.map((name, place) => [name, texts[place] ?? '']);
  const forms: readonly string[] = [
    eventData(install),
    eventData(named('LspName', 'Catalog', 'InstallerName', 'ProviderGuid', 'CategoryId')),
    eventData(named('ProtocolName', 'CatalogType', 'AppName', 'GUID', 'CatalogEntryId')),
    `<EventData>${texts.map((text) => `<Data>${text}</Data>`).join('')}</EventData>`,
    `<UserData><LspEvent xmlns='x'><LSPName>${texts[0]}</LSPName><Catalog>0x40</Catalog><Installer>${texts[2]}</Installer><Guid>${texts[3]}</Guid><Category>${texts[4]}</Category></LspEvent></UserData>`,
    eventData(install).replaceAll("'", '"').replaceAll('><Data', '>\r\n  <Data'),
  ];
  for (const data of forms) assert.equal(parseEvent(record(1, data)), expected, data);
});

test('each kind of event, and a reset, which tells the catalog alone', () => {
  for (const [id, change] of [[1, 'install'], [2, 'remove'], [3, 'disable']] as const) {
    assert.is(parseEvent(record(id, eventData(install)))?.change, change);
  }
  const reset = { ...expected, change: 'reset', architecture: 'ia32', name: null, installer: null, providerId: null, id: null };
  assert.equal(parseEvent(record(4, eventData([['Catalog', '32']]))), reset);
  assert.equal(parseEvent(record(4, '<EventData><Data>32</Data></EventData>')), reset);
});

test('what is something else, or nothing, is counted and never throws', () => {
  const broken = [
    '',
    '<Event>',
    record(5, eventData(install)),
    record(1, eventData(install)).replace('WS2HELP', 'AFD'),
    '\0'.repeat(1000),
    '<Event>'.repeat(10_000),
  ];
  assert.equal(parseEvents(broken), { events: [], unreadable: broken.length });
  const poor = parseEvent(record(1, '', { time: 'yesterday' }));
  assert.equal([poor?.change, poor?.time, poor?.name, poor?.architecture, poor?.id], ['install', null, null, null, null]);
  const odd = parseEvent(record(1, eventData([['LSP Name', '&#xffffff;&#0;&unknown;&#x1b;[2J']])));
  assert.is(odd?.name, '\ufffd\ufffd&unknown;\u001b[2J');
});

test('random changes of a record never throw', () => {
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48_271) % 0x7fff_ffff) % below;
  const whole = record(1, eventData(install));
  for (let round = 0; round < 3000; ++round) {
    const at = random(whole.length);
    const changed = whole.slice(0, at) + ['', '<', '>', '&', "'", '</Data>', whole.slice(random(at + 1), at)][random(7)] + whole.slice(at + random(20));
    parseEvents(splitEvents(changed));
  }
});

test('a file has one event after the other, as wevtutil and the Event Viewer write it, in UTF-8 or UTF-16', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-history-'));
  try {
    const text = `<?xml version="1.0"?><Events>${record(4, eventData([['Catalog', '64']]))}\r\n${record(1, eventData(install))}</Events>`;
    for (const [name, bytes] of [
      ['utf8.xml', Buffer.from(text)],
      ['utf16.xml', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])],
    ] as const) {
      const file = join(folder, name);
      writeFileSync(file, bytes);
      const output = await (history.run(readInput(history, ['--from', file])) as Promise<{ data: unknown; text: (terminal: object) => string }>);
      const { events, unreadable } = output.data as { events: CatalogEvent[]; unreadable: number };
      assert.equal([events.map(({ change }) => change), unreadable], [['reset', 'install'], 0]);
      const shown = output.text({ width: 200, colours: false });
      assert.match(shown, /2026-11-27 10:11:12 +reset +64-bit +\(the whole catalog\) +\[4242\] +S-1-5-18\n/);
      assert.match(shown, /installed +64-bit +Filter over .* 1015 +C:\\Program Files\\Filter & Co\\setup\.exe\[4242\]/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const event = (change: CatalogEvent['change'], more: Partial<CatalogEvent> = {}): CatalogEvent => ({ ...expected, change, ...more });

test('the change behind a damage: of a kind that does it, in that catalog, since ours was installed', () => {
  const missing = { code: 'chain-missing', message: 'The 64-bit catalog has no chain of ours for TCP over IPv4.' };
  const reset = event('reset', { record: 3 });
  const removed = event('remove', { record: 2, name: 'winsock-lsp over [TCP]' });
  const foreign = event('install', { record: 4 });
  const own = event('install', { record: 1, name: 'winsock-lsp' });
  const situations: readonly (readonly [typeof missing, readonly CatalogEvent[], number | undefined])[] = [
    [missing, [reset, own], 3],
    [missing, [foreign, removed, own], 2],
    [missing, [own, reset], undefined],
    [missing, [foreign, own], undefined],
    [missing, [{ ...reset, architecture: 'ia32' }, own], undefined],
    [{ ...missing, message: 'The 32-bit catalog has none.' }, [{ ...reset, architecture: 'ia32' }], 3],
    [missing, [{ ...reset, architecture: null }], 3],
    [{ code: 'not-first', message: 'In the 64-bit catalog another comes before.' }, [foreign, own], 4],
    [{ code: 'not-first', message: 'In the 64-bit catalog another comes before.' }, [reset, own], undefined],
    [{ code: 'tunnel-stale', message: 'x' }, [reset], undefined],
    [missing, [], undefined],
  ];
  for (const [finding, events, found] of situations) assert.is(eventBehind(finding, events)?.record, found, `${finding.code} ${events.map(({ change }) => change)}`);
});

test('a change as a sentence', () => {
  assert.is(
    eventText(event('remove')),
    'Windows recorded: 2026-11-27 10:11:12 UTC: "Filter over [MSAFD Tcpip [TCP/IP]]" was removed in the 64-bit catalog by setup.exe[4242], as user S-1-5-18.',
  );
  assert.is(
    eventText(event('reset', { installer: null, user: null, architecture: null })),
    'Windows recorded: 2026-11-27 10:11:12 UTC: a catalog was reset by process 4242.',
  );
});

test.run();
