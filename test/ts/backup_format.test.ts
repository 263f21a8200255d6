// Backups are read strictly: a table of files that are none, and where each is told to be wrong.
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { parseBackup } from '../../ts/backup_format.js';
import { LspError } from '../../ts/errors.js';

const entry = (changes: object = {}) => ({
  order: 1,
  id: 1001,
  name: 'MSAFD Tcpip [TCP/IP]',
  provider: '{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}',
  path: '%SystemRoot%\\system32\\mswsock.dll',
  chainLength: 1,
  chain: [0],
  serviceFlags1: 131174,
  serviceFlags2: 0,
  serviceFlags3: 0,
  serviceFlags4: 0,
  providerFlags: 8,
  version: 2,
  addressFamily: 2,
  maxSockAddr: 16,
  minSockAddr: 16,
  socketType: 1,
  protocol: 6,
  protocolMaxOffset: 0,
  networkByteOrder: 0,
  securityScheme: 0,
  messageSize: 0,
  providerReserved: 0,
  ...changes,
});
const namespace = (changes: object = {}) => ({
  order: 1,
  name: 'Tcpip',
  identifier: '@%SystemRoot%\\system32\\wshtcpip.dll,-60103',
  provider: '{22059D40-7E9E-11CF-AE5A-00AA00A7112B}',
  path: '%SystemRoot%\\System32\\mswsock.dll',
  namespace: 12,
  version: 0,
  active: true,
  storesServiceClasses: false,
  ...changes,
});
const backup = (changes: object = {}) => ({
  format: 'winsock-lsp protocol catalog',
  formatVersion: 2,
  created: '2026-01-02T03:00:00Z',
  catalogs: [{ architecture: 'x64', entries: [entry()], namespaces: [namespace()] }],
  ...changes,
});
const withEntries = (...entries: unknown[]) => backup({ catalogs: [{ architecture: 'x64', entries }] });
const withNamespaces = (...namespaces: unknown[]) => backup({ catalogs: [{ architecture: 'x64', entries: [], namespaces }] });
const without = (object: Record<string, unknown>, name: string) =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));

const layered = entry({ order: 2, id: 5, chainLength: 0, provider: '{00000000-0000-0000-0000-000000000001}' });

const rejected: readonly (readonly [string, unknown, RegExp])[] = [
  ['nothing', '', /JSON/],
  ['half a file', JSON.stringify(backup()).slice(0, 300), /JSON/],
  ['another type', [], /\$ must be an object/],
  ['null', null, /\$ must be an object, and is null/],
  ['another format', backup({ format: 'x' }), /\$\.format must be "winsock-lsp protocol catalog"/],
  ['a later version', backup({ formatVersion: 3 }), /\$\.formatVersion must be 1 or 2, and is 3/],
  ['an unknown member', backup({ extra: 1 }), /\$\.extra is not known/],
  ['a member that reaches for the prototype', JSON.stringify(backup()).replace('{', '{"__proto__": {},'), /\$\.__proto__ is not known/],
  ['no catalog', backup({ catalogs: [] }), /\$\.catalogs is empty/],
  ['three catalogs', backup({ catalogs: [1, 2, 3] }), /\$\.catalogs must be an array of at most 2/],
  ['one catalog twice', backup({ catalogs: [0, 1].map(() => ({ architecture: 'x64', entries: [] })) }), /catalogs\[1\]\.architecture is that of/],
  ['an unknown architecture', backup({ catalogs: [{ architecture: 'arm64', entries: [] }] }), /catalogs\[0\]\.architecture must be "x64" or "ia32"/],
  ['a missing member', withEntries(without(entry(), 'providerFlags')), /entries\[0\]\.providerFlags is missing/],
  ['an unknown member of an entry', withEntries(entry({ x: 1 })), /entries\[0\]\.x is not known/],
  ['an id that is no number', withEntries(entry({ id: '1001' })), /entries\[0\]\.id must be an integer/],
  ['a negative id', withEntries(entry({ id: -1 })), /entries\[0\]\.id/],
  ['an id beyond 32 bits', withEntries(entry({ id: 2 ** 32 })), /entries\[0\]\.id/],
  ['a broken number', withEntries(entry({ version: 1.5 })), /entries\[0\]\.version/],
  ['an id twice', withEntries(entry(), entry({ order: 2 })), /entries\[1\]\.id is that of .*entries\[0\] too/],
  ['another order', withEntries(entry({ order: 2 })), /entries\[0\]\.order must be 1, and is 2/],
  ['a name that is too long', withEntries(entry({ name: 'x'.repeat(256) })), /entries\[0\]\.name must be a string of at most 255/],
  ['a null in a path', withEntries(entry({ path: 'C:\\a.dll\0.exe' })), /entries\[0\]\.path/],
  ['a path that is too long', withEntries(entry({ path: 'x'.repeat(260) })), /entries\[0\]\.path/],
  ['a provider that is no GUID', withEntries(entry({ provider: 'E70F1AA0' })), /entries\[0\]\.provider must be a GUID/],
  ['two paths of one provider', withEntries(entry(), entry({ order: 2, id: 7, path: 'C:\\x.dll' })), /entries\[1\]\.path is not that of/],
  ['a chain that is too long', withEntries(entry({ chainLength: 8 })), /entries\[0\]\.chainLength/],
  ['a chain with too many ids', withEntries(entry({ chain: [1, 2, 3, 4, 5, 6, 7, 8] })), /entries\[0\]\.chain must be an array of at most 7/],
  ['a chain shorter than it says', withEntries(entry({ chainLength: 3, chain: [1, 2] })), /entries\[0\]\.chain must be 3 ids long/],
  ['a chain in a circle', withEntries(entry({ chainLength: 2, chain: [1001, 2] })), /entries\[0\]\.chain names the chain itself/],
  ['too many entries', withEntries(...Array.from({ length: 1025 }, () => 0)), /entries must be an array of at most 1024/],
  ['a namespace provider twice', withNamespaces(namespace(), namespace({ order: 2 })), /namespaces\[1\]\.provider is that of/],
  ['a namespace that is not true', withNamespaces(namespace({ active: 1 })), /namespaces\[0\]\.active must be true or false/],
];

for (const [situation, value, reason] of rejected) {
  test(`rejected: ${situation}`, () => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    try {
      parseBackup(text, 'C:\\backup.json');
    } catch (error) {
      assert.instance(error, LspError);
      assert.is((error as LspError).code, 'ERR_INVALID_BACKUP');
      assert.match((error as LspError).message, reason);
      assert.match((error as LspError).message, /^Cannot restore C:\\backup\.json: /);
      return;
    }
    assert.unreachable('it was accepted');
  });
}

// Found by test/fuzz/backup.ts.
const unshowable: readonly (readonly [string, string])[] = [
  ['an object where a word is expected', JSON.stringify(backup({ format: entry() }))],
  ['a member with a name as long as a page', JSON.stringify(backup({ ['x'.repeat(5000)]: 1 }))],
  ['a member whose name a terminal obeys', JSON.stringify(backup({ '\u001b]0;owned\u0007': 1 }))],
  ['no JSON, and something that a terminal obeys', '{"a":\u001b[31m'],
  ['no JSON, in many lines', '{\n\n\nx'],
];
for (const [situation, text] of unshowable) {
  test(`rejected in one short line that can be shown: ${situation}`, () => {
    try {
      parseBackup(text, 'FILE');
    } catch (error) {
      const { message } = error as Error;
      assert.ok(message.length < 400, `${message.length} characters`);
      assert.not.match(message, /[\u0000-\u001f\u007f-\u009f]/);
      return;
    }
    assert.unreachable('it was accepted');
  });
}

test('accepted: version 2, with a byte order mark, categories and a chain', () => {
  const chain = entry({ order: 3, id: 6, chainLength: 2, chain: [5, 1001], provider: '{00000000-0000-0000-0000-000000000002}' });
  const good = backup({
    catalogs: [{ architecture: 'ia32', entries: [entry(), { ...layered, lspCategories: 0x80000000 }, chain], namespaces: [namespace()] }],
  });
  const { catalogs, formatVersion } = parseBackup(`\uFEFF${JSON.stringify(good)}`, 'file');
  assert.is(formatVersion, 2);
  assert.equal(catalogs[0]?.entries.map(({ lspCategories }) => lspCategories), [undefined, 0x80000000, undefined]);
});

test('accepted: version 1, which has no namespace providers', () => {
  const { catalogs } = parseBackup(JSON.stringify({ ...withEntries(entry(), layered), formatVersion: 1 }), 'file');
  assert.is(catalogs[0]?.namespaces, undefined);
  assert.is(catalogs[0]?.entries.length, 2);
});

test('random damage never gets another error than ERR_INVALID_BACKUP', () => {
  let seed = 1;
  const random = (limit: number) => (seed = (seed * 48271) % 0x7fffffff) % limit;
  const text = JSON.stringify(backup());
  let accepted = 0;
  for (let round = 0; round < 5000; round++) {
    const at = random(text.length);
    const damaged = text.slice(0, at) + String.fromCharCode(random(128)) + text.slice(at + random(4));
    try {
      parseBackup(damaged, 'file');
      accepted++;
    } catch (error) {
      assert.ok(error instanceof LspError && error.code === 'ERR_INVALID_BACKUP', `${String(error)}\n${damaged}`);
    }
  }
  assert.ok(accepted < 2500, `${accepted} of 5000 damaged files were accepted`);
});

test.run();
