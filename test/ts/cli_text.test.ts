// What the command line makes of a catalog: flags by name, the map, tables that fit, help. No Windows, no addon.
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { decodeCatalog, type CatalogEntry } from '../../ts/catalog.js';
import { mapCatalog, type ProviderTree } from '../../ts/catalog_map.js';
import { commands } from '../../ts/cli/commands.js';
import { readInput } from '../../ts/cli/command.js';
import { commandHelp } from '../../ts/cli/help.js';
import { parseOver } from '../../ts/cli/install.js';
import { describeEntry, listTable } from '../../ts/cli/list.js';
import { drawMap } from '../../ts/cli/map.js';
import { installPlanText, removePlanText } from '../../ts/cli/plan_text.js';
import { describeTerminal, plain, type Terminal } from '../../ts/cli/terminal.js';
import { printable, table, textWidth, truncate, wrap } from '../../ts/cli/text.js';
import type { InstallPlan, PlannedEntry } from '../../ts/install.js';
import type { NativeCatalogEntry } from '../../ts/native.js';
import { decodeProviderFlags, decodeServiceFlags, providerFlagBits, serviceFlagBits } from '../../ts/protocol_info.js';

const wide = (width: number): Terminal => ({ width, colours: false });
const coloured: Terminal = { width: 200, colours: true };
// eslint-disable-next-line no-control-regex
const unpainted = (text: string) => text.replace(/\u001b\[\d+m/g, '');
const lines = (text: string) => text.split('\n');

/** `chain` undefined: a base entry; empty: a layered one. */
function native(id: number, name: string, chain?: readonly number[], more: Partial<NativeCatalogEntry> = {}): NativeCatalogEntry {
  return {
    id,
    providerId: '{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}',
    name,
    path: '%SystemRoot%\\system32\\mswsock.dll',
    chainLength: chain === undefined ? 1 : chain.length,
    chain: chain === undefined ? [0] : [...chain],
    version: 2,
    addressFamily: 2,
    socketType: 1,
    protocol: 6,
    providerFlags: 8,
    serviceFlags: 0x20066,
    messageSize: 0,
    ours: false,
    ...more,
  };
}
const udp = { socketType: 2, protocol: 17, serviceFlags: 0x20609, messageSize: 0xfff7 };
const ours = { ours: true, path: 'C:\\Program Files\\winsock-lsp\\0.1.0\\winsock-lsp.dll' };
const decoded = (...entries: NativeCatalogEntry[]) => decodeCatalog(entries, 'x64');

/** Ours over another LSP over TCP, ours alone over UDP, and a chain of somebody who is gone. */
const sample = decoded(
  native(14, 'winsock-lsp over [Filter over [TCP]]', [13, 11, 10, 1], ours),
  native(15, 'winsock-lsp over [UDP]', [13, 2], { ...ours, ...udp }),
  native(11, 'Filter over [TCP]', [10, 1], { path: 'C:\\filter.dll' }),
  native(1, 'TCP'),
  native(2, 'UDP', undefined, udp),
  native(20, 'Gone over [RAW]', [19, 99], { socketType: 3, protocol: 0 }),
  native(10, 'Filter', [], { path: 'C:\\filter.dll' }),
  native(13, 'winsock-lsp', [], ours),
);

test('each flag has the value that winsock2.h gives it, one bit, none twice', () => {
  for (const [bits, count] of [[serviceFlagBits, 20], [providerFlagBits, 5]] as const) {
    const values = Object.values(bits);
    assert.is(values.length, count);
    values.forEach((value, index) => assert.is(value, 2 ** index));
  }
});

test('flags are decoded by name, and bits without a name stay a number', () => {
  assert.equal(decodeServiceFlags(0x20066), {
    value: 0x20066,
    names: ['XP1_GUARANTEED_DELIVERY', 'XP1_GUARANTEED_ORDER', 'XP1_GRACEFUL_CLOSE', 'XP1_EXPEDITED_DATA', 'XP1_IFS_HANDLES'],
    unknown: 0,
  });
  assert.equal(decodeServiceFlags(0x8010_0001), { value: 0x8010_0001, names: ['XP1_CONNECTIONLESS'], unknown: 0x8010_0000 });
  assert.equal(decodeProviderFlags(0), { value: 0, names: [], unknown: 0 });
  assert.equal(decodeProviderFlags(0xffff_ffff).unknown, 0xffff_ffe0);
  assert.is(decodeProviderFlags(0xffff_ffff).names.length, 5);
});

test('family, type and protocol have names, where there are any, and a protocol only within its family', () => {
  const situations = [
    [2, 1, 6, 'AF_INET', 'SOCK_STREAM', 'IPPROTO_TCP'],
    [23, 3, 0, 'AF_INET6', 'SOCK_RAW', 'IPPROTO_IP'],
    [32, 1, 3, 'AF_BTH', 'SOCK_STREAM', 'BTHPROTO_RFCOMM'],
    [34, 1, 1, 'AF_HYPERV', 'SOCK_STREAM', 'HV_PROTOCOL_RAW'],
    [1, 1, 6, 'AF_UNIX', 'SOCK_STREAM', null],
    [77, 9, 6, null, null, null],
  ] as const;
  for (const [addressFamily, socketType, protocol, ...names] of situations) {
    const [entry] = decoded(native(1, 'any', undefined, { addressFamily, socketType, protocol }));
    assert.equal([entry?.addressFamilyName, entry?.socketTypeName, entry?.protocolName], names);
  }
});

test("a chain's parts have names; one that is not there has none", () => {
  const chain = (id: number) => sample.find((entry) => entry.id === id)?.chainParts;
  assert.equal(chain(11), [{ id: 10, name: 'Filter' }, { id: 1, name: 'TCP' }]);
  assert.equal(chain(20), [{ id: 19, name: null }, { id: 99, name: null }]);
  assert.equal(sample.map(({ kind }) => kind), ['chain', 'chain', 'chain', 'base', 'base', 'chain', 'layered', 'layered']);
});

type Shape = [id: number, inUse: boolean, chains: Shape[]];
const shape = ({ entry, inUse, chains }: ProviderTree): Shape => [entry.id, inUse, chains.map(shape)];

test('the map: chains on chains on base providers, and broken ones apart', () => {
  const { base, layered, dangling } = mapCatalog(sample);
  assert.equal(base.map(shape), [
    [1, false, [[11, false, [[14, true, []]]]]],
    [2, false, [[15, true, []]]],
  ]);
  assert.equal(dangling.map(shape), [[20, true, []]]);
  assert.equal(layered.map(({ entry, chains }) => [entry.id, chains]), [[10, [14, 11]], [13, [14, 15]]]);
});

const maps: readonly (readonly [string, readonly NativeCatalogEntry[], Shape[], Shape[]])[] = [
  ['an empty catalog', [], [], []],
  ['base providers alone', [native(1, 'TCP')], [[1, true, []]], []],
  [
    "a chain over a chain that is written with the lower one's parts instead of its id",
    [native(21, 'b', [20, 10, 1]), native(11, 'a', [10, 1]), native(1, 'TCP')],
    [[1, false, [[11, false, [[21, true, []]]]]]],
    [],
  ],
  [
    'a chain whose layered entry is missing still stands on its base provider',
    [native(11, 'a', [10, 1]), native(1, 'TCP')],
    [[1, false, [[11, true, []]]]],
    [],
  ],
  ['chains that stand on each other', [native(5, 'a', [5, 6, 7]), native(6, 'b', [9, 5])], [], [[5, true, [[6, false, []]]]]],
  ['a chain that names itself', [native(5, 'a', [5, 5])], [], [[5, true, []]]],
];
for (const [situation, entries, base, dangling] of maps) {
  test(`the map of ${situation}`, () => {
    const mapped = mapCatalog(decoded(...entries));
    assert.equal([mapped.base.map(shape), mapped.dangling.map(shape)], [base, dangling]);
  });
}

test('the map is drawn as a tree', () => {
  assert.equal(lines(drawMap(mapCatalog(sample), 'x64', plain)), [
    '64-bit catalog: base providers and the chains on them',
    '1 TCP  TCP/IPv4',
    '└─ 11 Filter over [TCP]  10 > 1',
    '   └─ 14 * winsock-lsp over [Filter over [TCP]]  13 > 11 > 10 > 1  <- in use',
    '2 UDP  UDP/IPv4',
    '└─ 15 * winsock-lsp over [UDP]  13 > 2  <- in use',
    '',
    'Layered providers',
    '10     Filter       in 2 chains  C:\\filter.dll',
    '13  *  winsock-lsp  in 2 chains  C:\\Program Files\\winsock-lsp\\0.1.0\\winsock-lsp.dll',
    '',
    'Broken: chains whose base provider does not exist',
    '20 Gone over [RAW]  19 (missing) > 99 (missing)  <- in use',
  ]);
});

test('siblings in the tree are joined by a line', () => {
  const drawn = drawMap(mapCatalog(decoded(native(11, 'a', [10, 1]), native(12, 'b', [11, 11]), native(13, 'c', [10, 1]), native(1, 'TCP'))), 'ia32', plain);
  assert.equal(lines(drawn), [
    '32-bit catalog: base providers and the chains on them',
    '1 TCP  TCP/IPv4',
    '├─ 11 a  10 (missing) > 1  <- in use',
    '│  └─ 12 b  11 > 11',
    '└─ 13 c  10 (missing) > 1',
  ]);
});

test('list is a table; it shows everything where nothing limits it', () => {
  assert.equal(lines(listTable(sample, plain)).slice(0, 4), [
    '   ID  KIND     PROTOCOL  CHAIN             NAME                                  PATH',
    '*  14  chain    TCP/IPv4  13 > 11 > 10 > 1  winsock-lsp over [Filter over [TCP]]  C:\\Program Files\\winsock-lsp\\0.1.0\\winsock-lsp.dll',
    '*  15  chain    UDP/IPv4  13 > 2            winsock-lsp over [UDP]                C:\\Program Files\\winsock-lsp\\0.1.0\\winsock-lsp.dll',
    '   11  chain    TCP/IPv4  10 > 1            Filter over [TCP]                     C:\\filter.dll',
  ]);
});

test('list and map fit any terminal, with wide characters and colours too', () => {
  const names = ['過濾器'.repeat(30), '👩‍👩‍👧'.repeat(40), 'é'.repeat(90), '\u001b[2J\u0007\r\n'.repeat(9), ''];
  const odd = decoded(...names.map((name, index) => native(1000 + index, name, index === 0 ? [7, 8] : undefined)), ...[native(1, 'TCP')]);
  for (const width of [20, 40, 57, 80, 81, 120, 200]) {
    for (const entries of [sample, odd]) {
      for (const colours of [false, true]) {
        const text = `${listTable(entries, { width, colours })}\n`;
        for (const line of lines(text)) assert.ok(textWidth(unpainted(line)) <= width, `${width}: ${line}`);
      }
    }
    if (width < 40) continue; // a tree has its branches
    for (const line of lines(drawMap(mapCatalog(odd), 'x64', wide(width)))) {
      if (!line.startsWith('64-bit') && !line.startsWith('Broken')) assert.ok(textWidth(line) <= Math.max(width, 60), `${width}: ${line}`);
    }
  }
});

test('a path is cut at its start, a name at its end', () => {
  const [, first = ''] = lines(listTable(sample, wide(80)));
  assert.match(first, /  winsock-lsp ov\S*…  …/);
  assert.match(first, /…\S*winsock-lsp\.dll$/);
});

test('--verbose has one field a line, with all flags', () => {
  const entry = sample.find(({ id }) => id === 15) as CatalogEntry;
  assert.equal(lines(describeEntry(entry, wide(40))), [
    '15',
    '  name            winsock-lsp over [UDP]',
    '  kind            chain',
    '  installed by    winsock-lsp',
    '  provider        {E70F1AA0-AB8B-11CF-8CA3-00805F48A192}',
    '  path            C:\\Program Files\\winsock-lsp\\0.1.0\\winsock-lsp.dll',
    '  address family  AF_INET (2)',
    '  socket type     SOCK_DGRAM (2)',
    '  protocol        IPPROTO_UDP (17)',
    '  service flags   0x00020609',
    '                  XP1_CONNECTIONLESS',
    '                  XP1_MESSAGE_ORIENTED',
    '                  XP1_SUPPORT_BROADCAST',
    '                  XP1_SUPPORT_MULTIPOINT',
    '                  XP1_IFS_HANDLES',
    '  provider flags  0x00000008',
    '                  PFL_MATCHES_PROTOCOL_ZERO',
    '  message size    65527 bytes',
    '  version         2',
    '  chain           13 winsock-lsp',
    '                  2 UDP',
  ]);
});

const widths: readonly (readonly [string, number])[] = [
  ['', 0],
  ['abc', 3],
  ['é', 1],
  ['e\u0301', 1],
  ['日本', 4],
  ['ﾊﾟ', 2],
  ['Ａ', 2],
  ['한국', 4],
  ['👍', 2],
  ['👍🏽', 2],
  ['👩‍👩‍👧', 2],
  ['❤\ufe0f', 2],
  ['…', 1],
];
for (const [text, width] of widths) {
  test(`'${text}' is ${width} columns wide`, () => assert.is(textWidth(text), width));
}

const cuts: readonly (readonly [string, number, 'start' | 'end', string])[] = [
  ['abcdef', 6, 'end', 'abcdef'],
  ['abcdef', 5, 'end', 'abcd…'],
  ['abcdef', 5, 'start', '…cdef'],
  ['abcdef', 1, 'end', '…'],
  ['abcdef', 0, 'end', ''],
  ['日本語', 5, 'end', '日本…'],
  ['日本語', 4, 'end', '日…'],
  ['日本語', 4, 'start', '…語'],
  ['e\u0301e\u0301e\u0301', 2, 'end', 'e\u0301…'],
];
for (const [text, width, end, expected] of cuts) {
  test(`'${text}' in ${width} columns, cut at the ${end}`, () => assert.is(truncate(text, width, end), expected));
}

test("what steers a terminal is not printed, wherever it comes from", () => {
  assert.is(printable('a\u001b[31mb\r\n\u009b1mc\u202ed'), 'a\ufffd[31mb\ufffd\ufffd\ufffd1mc\ufffdd');
  const [evil] = decoded(native(1, '\u001b]0;owned\u0007', undefined, { path: 'C:\\\u001b[2J.dll' }));
  assert.ok(evil !== undefined);
  for (const text of [listTable([evil], plain), describeEntry(evil, plain), drawMap(mapCatalog([evil]), 'x64', plain)]) {
    assert.not.match(text, /[\u001b\u0007]/);
  }
});

test('colours say ours and broken, and change nothing else', () => {
  for (const draw of [(terminal: Terminal) => listTable(sample, terminal), (terminal: Terminal) => drawMap(mapCatalog(sample), 'x64', terminal)]) {
    const text = draw(coloured);
    assert.is(unpainted(text), draw({ ...coloured, colours: false }));
    assert.match(text, /\u001b\[32mwinsock-lsp over \[UDP\]/);
    assert.match(text, /\u001b\[31m[^\u001b]*19( \(missing\)|!)/);
  }
});

const terminals: readonly (readonly [string, Parameters<typeof describeTerminal>[0], NodeJS.ProcessEnv, Terminal])[] = [
  ['a pipe', {}, {}, plain],
  ['a pipe with COLUMNS', {}, { COLUMNS: '80' }, wide(80)],
  ['a pipe with a useless COLUMNS', {}, { COLUMNS: 'many' }, plain],
  ['a pipe with FORCE_COLOR', {}, { FORCE_COLOR: '3' }, plain],
  ['a terminal', { isTTY: true, columns: 132, hasColors: () => true }, {}, { width: 132, colours: true }],
  ['a terminal that has none', { isTTY: true, columns: 132, hasColors: () => false }, {}, wide(132)],
  ['a terminal with NO_COLOR', { isTTY: true, columns: 132, hasColors: () => true }, { NO_COLOR: '1' }, wide(132)],
  ['a terminal with an empty NO_COLOR', { isTTY: true, columns: 132, hasColors: () => true }, { NO_COLOR: '' }, { width: 132, colours: true }],
  ['a dumb terminal', { isTTY: true, columns: 132, hasColors: () => true }, { TERM: 'dumb' }, wide(132)],
  ['a terminal without a size', { isTTY: true, columns: 0, hasColors: () => true }, {}, { ...plain, colours: true }],
];
for (const [what, stream, environment, expected] of terminals) {
  test(`${what}: width ${expected.width}, colours ${String(expected.colours)}`, () => {
    assert.equal(describeTerminal(stream, environment), expected);
  });
}

function plannedEntry(entry: CatalogEntry | undefined, isNew: (id: number) => boolean): PlannedEntry {
  assert.ok(entry !== undefined);
  const known = (id: number) => (isNew(id) ? null : id);
  return {
    ...entry,
    id: known(entry.id),
    chain: entry.chain.map(known),
    chainParts: entry.chainParts.map(({ id, name }) => ({ id: known(id), name })),
  };
}

test('a plan is shown as what goes, what comes and the order', () => {
  const byId = (id: number) => sample.find((entry) => entry.id === id);
  const old = (id: number) => plannedEntry(byId(id), () => false);
  const made = (id: number) => plannedEntry(byId(id), (part) => part === 13 || part === 15);
  const catalog = {
    architecture: 'x64' as const,
    fault: 'the layered entry is missing',
    removed: [old(15)],
    added: [made(13), made(15)],
    after: [made(15), old(2), made(13)],
  };
  const plan: InstallPlan = { changes: true, catalogs: [catalog], path: 'C:\\new.dll', files: [{ from: 'D:\\a.dll', to: 'C:\\new.dll' }], over: ['udp'], overChanges: true, publishersChange: false, deleted: ['C:\\old.dll'] };
  const path = 'C:\\Program Files\\winsock-lsp\\0.1.0\\winsock-lsp.dll';
  assert.equal(lines(installPlanText(plan, plain)), [
    '64-bit catalog: the layered entry is missing',
    `  -   15  chain    UDP/IPv4  13 > 2   winsock-lsp over [UDP]  ${path}`,
    `  +  new  chain    UDP/IPv4  new > 2  winsock-lsp over [UDP]  ${path}`,
    '       2  base     UDP/IPv4  -        UDP                     %SystemRoot%\\system32\\mswsock.dll',
    `  +  new  layered  TCP/IPv4  -        winsock-lsp             ${path}`,
    '',
    '- goes, + comes; the rest stays, in this order.',
    '',
    'Files to copy',
    '  D:\\a.dll',
    '    -> C:\\new.dll',
    '',
    'Files to delete, those in use at the next start of Windows',
    '  C:\\old.dll',
    '',
    'To be remembered: installed over udp',
    '',
    'This was a dry run: nothing was changed.',
  ]);
  for (const line of lines(installPlanText(plan, wide(60)))) assert.ok(textWidth(line) <= 60, line);
  assert.match(installPlanText(plan, coloured), /\u001b\[31m-\u001b/);

  const same = { ...plan, changes: false, catalogs: [{ ...catalog, fault: null, removed: [], added: [] }], files: [], deleted: [], overChanges: false };
  assert.is(installPlanText(same, plain), 'Nothing to do: C:\\new.dll is installed.\nThis was a dry run: nothing was changed.');
  assert.is(removePlanText(same, plain), 'Nothing to do: the LSP is not installed.\nThis was a dry run: nothing was changed.');
});

test('what to install over is read as it is typed', () => {
  assert.equal(parseOver('all'), 'all');
  assert.equal(parseOver('tcp,1001,raw'), ['tcp', 1001, 'raw']);
  for (const wrong of ['', 'TCP', 'tcp,', '0', '-1', 'all,tcp', '1.5', 'tcp udp']) assert.throws(() => parseOver(wrong), /--over must be/);
});

test('a table aligns, pads no line at its end, and lets the widest column give way', () => {
  const rows = [['1', 'a'], ['22', 'bbbb', 'c']];
  assert.equal(lines(table(rows, { columns: [{ head: 'N', align: 'right' }, { head: 'X' }, {}] })), [' N  X', ' 1  a', '22  bbbb  c']);
  const cut = table([['x'.repeat(40), 'y'.repeat(20)]], { columns: [{ cut: 'end' }, { cut: 'end' }], terminal: wide(42) });
  assert.is(cut, `${'x'.repeat(19)}…  ${'y'.repeat(20)}`);
});

test('words are wrapped', () => {
  assert.is(wrap('one two three four', 9), 'one two\nthree\nfour');
  assert.is(wrap('one two', 6, 2), 'one\n  two');
  assert.is(wrap('incomprehensibilities a', 5), 'incomprehensibilities\na');
});

for (const command of commands) {
  test(`${command.name} --help teaches: what it does, an example that it understands, exit codes`, () => {
    const help = commandHelp(command, wide(80));
    for (const line of lines(help)) assert.ok(textWidth(line) <= 80, line);
    assert.ok(help.startsWith(`Usage: winsock-lsp ${command.name}`));
    assert.match(help, /\nExit codes:\n {2}0 +done/);
    assert.ok((command.examples ?? []).length > 0, 'no example');
    for (const [line] of command.examples ?? []) {
      assert.ok(help.includes(`winsock-lsp ${line}`), line);
      assert.ok(line === command.name || line.startsWith(`${command.name} `), line);
      // What the shell takes is no argument.
      const [argumentText = ''] = line.slice(command.name.length).split(' < ');
      const parameters = argumentText.match(/"[^"]*"|\S+/g) ?? [];
      readInput(command, parameters.map((each) => each.replaceAll('"', '')));
    }
  });
}

test('--architecture is --arch under its older name, and not both', () => {
  const command = commands.find(({ name }) => name === 'list');
  assert.ok(command !== undefined);
  assert.is(readInput(command, ['--architecture', 'ia32']).text('arch'), 'ia32');
  assert.is(readInput(command, ['--arch', 'ia32']).text('arch'), 'ia32');
  assert.throws(() => readInput(command, ['--arch', 'x64', '--architecture', 'ia32']), /same option/);
  assert.not.match(commandHelp(command), /--architecture/);
});

test.run();
