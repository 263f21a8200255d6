// backup, restore, order and doctor in Windows' node.exe over the test Winsock.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import type {
  CatalogEntry,
  DoctorReport,
  Explanation,
  InstallReport,
  NamespaceProvider,
  OrderReport,
  RestoreReport,
} from '../../ts/index.js';
import { nodeExecutables, requireArtifact, testWinsockFile } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import { stageProgram, WinePrefix } from '../support/wine.js';
import { cliPath, esmPath } from './dist.js';

interface Failure {
  error: { code: string; message: string };
}

let directory = '';
let prefix: WinePrefix;
let node = '';
let catalogTool = '';
let file = '';

async function cli<T>(code: number, ...parameters: string[]): Promise<T> {
  const completed = await prefix.run(node, [prefix.toWindowsPath(cliPath), ...parameters, '--json'], { winsock: 'test' });
  assert.is(completed.code, code, `${parameters.join(' ')} ended with ${completed.code}:\n${completed.stdout}${completed.stderr}`);
  return JSON.parse(completed.stdout) as T;
}

async function text(...parameters: string[]): Promise<string> {
  const completed = await prefix.run(node, [prefix.toWindowsPath(cliPath), ...parameters], { winsock: 'test' });
  return completed.stdout;
}

const catalog = () => cli<CatalogEntry[]>(0, 'list');

async function damage(...parameters: (string | number)[]): Promise<void> {
  const { code, stderr } = await prefix.run(catalogTool, parameters.map(String), { winsock: 'test' });
  assert.is(code, 0, `${parameters.join(' ')}: ${stderr}`);
}

/** A catalog up to its ids. */
const described = (entries: readonly CatalogEntry[]) =>
  entries.map(({ id: _, chain, chainParts: __, ...rest }) => ({
    ...rest,
    chain: chain.map((part) => entries.findIndex(({ id }) => id === part)),
  }));

async function namespaces(): Promise<NamespaceProvider[]> {
  const script = join(directory, 'namespaces.mjs');
  const url = `file:///Z:${esmPath}`;
  writeFileSync(
    script,
    `import { enumerateNamespaceProviders } from ${JSON.stringify(url)};
     process.stdout.write(JSON.stringify(enumerateNamespaceProviders({ architecture: 'x64' })));`,
  );
  const { stdout, stderr } = await prefix.run(node, [prefix.toWindowsPath(script)], { winsock: 'test' });
  assert.is(stderr, '');
  return JSON.parse(stdout) as NamespaceProvider[];
}

test.before(reported(async () => {
  requireArtifact('lspDll');
  directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-repair-'));
  prefix = await WinePrefix.create({ directory: join(directory, 'prefix') });
  const executable = nodeExecutables().at(-1);
  assert.ok(executable, 'no node.exe: run node scripts/run.mjs setup');
  node = stageProgram(executable.path, join(directory, 'node'));
  catalogTool = stageProgram(testWinsockFile('winsock_catalog.exe'), join(directory, 'tool'));
  file = join(directory, 'backup.json');
}));
test.after(reported(async () => {
  await prefix?.stop();
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
}));

test('the namespace providers of a fresh Windows', async () => {
  const list = await namespaces();
  assert.is(list.length, 6);
  const tcpip = list.find(({ name }) => name === 'Tcpip');
  assert.equal(tcpip, {
    id: '{22059D40-7E9E-11CF-AE5A-00AA00A7112B}',
    name: 'Tcpip',
    namespace: 12,
    namespaceName: 'NS_DNS',
    version: 0,
    active: true,
    path: '%SystemRoot%\\System32\\mswsock.dll',
    identifier: '@%SystemRoot%\\system32\\wshtcpip.dll,-60103',
    storesServiceClasses: false,
  });
});

test('backup writes a file, and never over another one unless told', async () => {
  await cli<InstallReport>(0, 'install');
  const { path } = await cli<{ path: string }>(0, 'backup', prefix.toWindowsPath(file));
  assert.is(path, prefix.toWindowsPath(file));
  const { format, formatVersion, catalogs } = JSON.parse(readFileSync(file, 'utf8')) as {
    format: string;
    formatVersion: number;
    catalogs: { architecture: string; entries: object[]; namespaces: object[] }[];
  };
  assert.equal([format, formatVersion], ['winsock-lsp protocol catalog', 2]);
  assert.equal(
    catalogs.map(({ architecture, entries, namespaces: names }) => [architecture, entries.length, names.length]),
    [['x64', 13, 6], ['ia32', 13, 6]],
  );
  assert.is((await cli<Failure>(1, 'backup', prefix.toWindowsPath(file))).error.code, 'ERROR_FILE_EXISTS');
  await cli(0, 'backup', prefix.toWindowsPath(file), '--force');
  assert.is((await cli<Failure>(6, 'backup', 'C:\\none\\backup.json')).error.code, 'ERROR_FILE_NOT_FOUND');
});

test('restore of what is there changes nothing', async () => {
  const report = await cli<RestoreReport>(0, 'restore', prefix.toWindowsPath(file));
  assert.equal(report, { changed: false, steps: [], notes: [], backup: null });
});

test('order shows, moves to the front, swaps, and refuses what it does not know', async () => {
  const before = (await catalog()).map(({ id }) => id);
  assert.equal(await cli(0, 'order'), { order: before });
  assert.match(await text('order'), /ID +KIND +NAME/);
  const [first = 0, second = 0, third = 0] = before;
  const swapped = await cli<OrderReport>(0, 'order', String(second), String(first));
  assert.equal(swapped.after, [second, first, ...before.slice(2)]);
  assert.ok(swapped.changed && swapped.backup !== null);
  const moved = await cli<OrderReport>(0, 'order', '--first', String(third), String(first));
  assert.equal(moved.after, [third, first, second, ...before.slice(3)]);
  assert.equal((await catalog()).map(({ id }) => id), moved.after);
  const again = await cli<OrderReport>(0, 'order', '--first', String(third), String(first));
  assert.equal([again.changed, again.backup], [false, null]);
  assert.is((await cli<Failure>(6, 'order', '4711')).error.code, 'ERR_UNKNOWN_ENTRY');
  assert.is((await cli<Failure>(6, 'order', String(first), String(first))).error.code, 'ERR_UNKNOWN_ENTRY');
  assert.is((await cli<Failure>(2, 'order', 'first')).error.code, 'ERR_USAGE');
  assert.is((await cli<Failure>(2, 'order', '--first')).error.code, 'ERR_USAGE');
  const ia32 = await cli<OrderReport>(0, 'order', '--arch', 'ia32', '--first', '1003');
  assert.is(ia32.after[0], 1003);
  await cli(0, 'restore', prefix.toWindowsPath(file));
  assert.equal((await catalog()).map(({ id }) => id), before);
});

test('restore --dry-run tells the steps and changes nothing; restore carries them out', async () => {
  const before = await catalog();
  const layered = before.find(({ ours, kind }) => ours && kind === 'layered');
  await damage('deinstall', layered?.id ?? 0);
  await damage('deinstall', before[0]?.id ?? 0);
  const damaged = await catalog();
  const plan = await cli<RestoreReport>(0, 'restore', prefix.toWindowsPath(file), '--dry-run');
  assert.equal([plan.changed, plan.backup], [true, null]);
  assert.equal(await catalog(), damaged);
  const report = await cli<RestoreReport>(0, 'restore', prefix.toWindowsPath(file));
  assert.is(report.steps.length, plan.steps.length);
  assert.equal(described(await catalog()), described(before));
  assert.match(report.backup ?? '', /^C:\\ProgramData\\winsock-lsp\\backup\\catalog-.*\.json$/);
});

test('what was installed after the backup stays, unless --exact', async () => {
  const before = await catalog();
  const dll = prefix.toWindowsPath(testWinsockFile('test_passthrough_lsp.dll'));
  await damage('install', dll, dll, 'another LSP');
  const with_other = await catalog();
  await cli(0, 'restore', prefix.toWindowsPath(file));
  assert.equal(described(await catalog()), described(with_other));
  const exact = await cli<RestoreReport>(0, 'restore', prefix.toWindowsPath(file), '--exact');
  assert.is(exact.changed, true);
  assert.equal(described(await catalog()), described(before));
});

test('a wiped registry is restored, in both catalogs and in that of the namespaces', async () => {
  const before = await catalog();
  const names = await namespaces();
  const key = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\';
  for (const name of ['Protocol_Catalog9', 'NameSpace_Catalog5']) await prefix.run('reg', ['delete', `${key}${name}`, '/f']);
  assert.is((await catalog()).length, 6);
  await cli(0, 'restore', prefix.toWindowsPath(file), '--exact');
  assert.equal(described(await catalog()), described(before));
  assert.equal(await namespaces(), names);
});

test('a backup of format version 1 is restored', async () => {
  const before = await catalog();
  const old = JSON.parse(readFileSync(file, 'utf8')) as { formatVersion: number; catalogs: { namespaces?: object[]; entries: { lspCategories?: number }[] }[] };
  old.formatVersion = 1;
  for (const each of old.catalogs) {
    delete each.namespaces;
    for (const entry of each.entries) delete entry.lspCategories;
  }
  const path = join(directory, 'version1.json');
  writeFileSync(path, JSON.stringify(old));
  await damage('deinstall', before[0]?.id ?? 0);
  assert.is((await cli<RestoreReport>(0, 'restore', prefix.toWindowsPath(path))).changed, true);
  assert.equal(described(await catalog()), described(before));
});

test('a backup from before a removal does not bring back what the removal has deleted', async () => {
  const { backup } = await cli<{ backup: string }>(0, 'remove');
  const bare = described(await catalog());
  const plan = await cli<RestoreReport>(0, 'restore', backup, '--dry-run');
  assert.equal([plan.changed, plan.steps], [false, []]);
  const report = await cli<RestoreReport>(0, 'restore', backup);
  assert.is(report.changed, false);
  assert.match(report.notes.join('\n'), /winsock-lsp\.dll does not exist\. Run: winsock-lsp install/);
  assert.equal(described(await catalog()), bare);
  await cli(0, 'install');
});

test('a file that is no backup is refused with its fault', async () => {
  const path = join(directory, 'garbled.json');
  writeFileSync(path, readFileSync(file, 'utf8').replace('"protocol": 6', '"protocol": "six"'));
  const { error } = await cli<Failure>(1, 'restore', prefix.toWindowsPath(path));
  assert.is(error.code, 'ERR_INVALID_BACKUP');
  assert.match(error.message, /\$\.catalogs\[0\]\.entries\[\d+\]\.protocol must be an integer/);
  assert.is((await cli<Failure>(6, 'restore', 'C:\\none.json')).error.code, 'ERROR_FILE_NOT_FOUND');
  assert.ok(existsSync(file));
});

// ---- doctor ----

/** Of what is wrong: that another LSP is there, for one, is only told. */
const codes = ({ findings }: DoctorReport) =>
  [...new Set(findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code))].sort();
const doctor = (code: 0 | 8, ...parameters: string[]) => cli<DoctorReport>(code, 'doctor', ...parameters);
const reg = async (...parameters: string[]) => {
  const { code, stdout, stderr } = await prefix.run('reg', parameters);
  assert.is(code, 0, `reg ${parameters.join(' ')}: ${stdout}${stderr}`);
};
const staged = () => join(prefix.directory, 'drive_c', 'Program Files', 'winsock-lsp', '0.1.0');
const ours = async (kind: CatalogEntry['kind']) => {
  const found = (await catalog()).find((each) => each.ours && each.kind === kind);
  assert.ok(found, `there is no ${kind} of ours`);
  return found;
};
const other = async (kind: CatalogEntry['kind']) => {
  const found = (await catalog()).find(({ ours: mine, name, kind: its }) => !mine && its === kind && name.startsWith('another LSP'));
  assert.ok(found, `there is no ${kind} of the other`);
  return found;
};

/** Its publisher's process id cannot be. */
const deadTunnel = 'interface=1 address=10.8.0.2/24 source=192.0.2.1 otherwise=keep publisher=99999999@133000000000000000';

/** Damage to a machine on which the LSP is installed. */
interface Damage {
  situation: string;
  make(): Promise<unknown>;
  /** What doctor finds. */
  found: string[];
  /** What is left after --fix; all of it is explained. */
  left?: string[];
  /** Takes away what --fix leaves. */
  mend?(): Promise<unknown>;
}

const tunnels = 'HKLM\\SOFTWARE\\winsock-lsp\\Tunnels';
const delegatedTunnels = 'HKLM\\SOFTWARE\\winsock-lsp\\DelegatedTunnels';
const imageOptions = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\browser.exe';
const codeIntegrity = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\CI\\Policy';
const permittedCategories = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\AppId_Catalog\\12345678';
const dllRules = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\SrpV2\\Dll';
const removeOther = () => damage('remove', 'another LSP');

const damages: Damage[] = [
  {
    situation: 'the layered entry is gone',
    make: async () => damage('deinstall', (await ours('layered')).id),
    found: ['chain-broken', 'layered-entry-missing'],
  },
  {
    situation: 'a chain is gone',
    make: async () => damage('deinstall', (await ours('chain')).id),
    found: ['chain-missing'],
  },
  {
    situation: 'nothing but the layered entry is left, as after an installation that was killed',
    make: async () => {
      for (const { id } of (await catalog()).filter((each) => each.ours && each.kind === 'chain')) await damage('deinstall', id);
    },
    found: ['installation-interrupted'],
  },
  {
    situation: 'a chain of ours names a missing entry',
    make: async () => damage('chain', (await ours('chain')).id, 1, 4711),
    found: ['chain-broken'],
  },
  {
    situation: 'a chain is there twice',
    make: async () => damage('copy', (await ours('chain')).id),
    found: ['duplicate-entry'],
  },
  {
    situation: 'base providers were put first',
    make: async () => {
      const bases = (await catalog()).filter(({ kind }) => kind === 'base').map(({ id }) => String(id));
      await cli(0, 'order', '--first', ...bases);
    },
    found: ['not-first'],
  },
  {
    situation: 'all of ours is gone from the 32-bit catalog',
    make: async () => {
      const entries = await cli<CatalogEntry[]>(0, 'list', '--arch', 'ia32');
      for (const { id } of entries.filter((each) => each.ours)) await damage('deinstall', id, 32);
    },
    found: ['catalog-missing'],
  },
  {
    situation: 'the DLL is gone',
    make: async () => rmSync(join(staged(), 'winsock-lsp.dll')),
    found: ['dll-missing'],
  },
  {
    situation: 'the DLL is no DLL',
    make: async () => writeFileSync(join(staged(), 'winsock-lsp.dll'), 'x'),
    found: ['dll-not-a-provider'],
  },
  {
    situation: 'the DLL is made for another architecture',
    make: async () => {
      const bytes = readFileSync(join(staged(), 'winsock-lsp.dll'));
      bytes.writeUInt16LE(0x014c, bytes.readUInt32LE(0x3c) + 4);
      writeFileSync(join(staged(), 'winsock-lsp.dll'), bytes);
    },
    found: ['dll-wrong-architecture'],
  },
  {
    situation: 'a tunnel whose publisher has ended',
    make: () => reg('add', 'HKLM\\SOFTWARE\\winsock-lsp\\Tunnels\\old', '/v', 'Definition', '/d', deadTunnel, '/f'),
    found: ['tunnel-stale'],
  },
  {
    situation: 'a tunnel that nobody can read',
    make: () => reg('add', 'HKLM\\SOFTWARE\\winsock-lsp\\Tunnels\\bad', '/v', 'Definition', '/d', 'garbage', '/f'),
    found: ['tunnel-rejected'],
  },
  {
    situation: "somebody's tunnel that nobody can read, of the name of a tunnel of the administrator's",
    make: async () => {
      await reg('add', `${tunnels}\\office`, '/v', 'Definition', '/d', 'interface=1 address=10.8.0.2/24 source=192.0.2.1 otherwise=keep', '/f');
      await reg('add', `${delegatedTunnels}\\office`, '/v', 'Definition', '/d', 'garbage', '/f');
    },
    // Of the administrator's, which stays.
    found: ['source-missing', 'tunnel-rejected'],
    left: ['source-missing'],
    mend: async () => {
      await reg('delete', `${tunnels}\\office`, '/f');
      await reg('delete', delegatedTunnels, '/f');
    },
  },
  {
    situation: 'two tunnels whose publishers have ended',
    make: async () => {
      for (const name of ['old', 'older']) await reg('add', `${tunnels}\\${name}`, '/v', 'Definition', '/d', deadTunnel, '/f');
    },
    found: ['tunnel-stale'],
  },
  {
    situation: 'a tunnel on an interface that is gone',
    make: () => reg('add', `${tunnels}\\vpn`, '/v', 'Definition', '/d', 'interface=4711 address=10.8.0.2/24 source=192.0.2.1 otherwise=keep', '/f'),
    found: ['tunnel-interface-missing'],
    left: ['tunnel-interface-missing'],
    mend: () => reg('delete', `${tunnels}\\vpn`, '/f'),
  },
  {
    situation: 'a tunnel with a source that the host does not have any more',
    make: () => reg('add', `${tunnels}\\vpn`, '/v', 'Definition', '/d', 'interface=1 address=10.8.0.2/24 source=192.0.2.1 otherwise=keep', '/f'),
    found: ['source-missing'],
    left: ['source-missing'],
    mend: () => reg('delete', `${tunnels}\\vpn`, '/f'),
  },
  {
    situation: 'rules that nobody can read',
    make: () => reg('add', 'HKLM\\SOFTWARE\\winsock-lsp', '/v', 'Policy', '/t', 'REG_MULTI_SZ', '/d', 'to garbage keep', '/f'),
    found: ['policy-rejected'],
    left: ['policy-rejected'],
    mend: () => reg('delete', 'HKLM\\SOFTWARE\\winsock-lsp', '/v', 'Policy', '/f'),
  },
  {
    situation: 'a file that an interrupted installation left',
    make: async () => {
      // One that is younger may be another installation's, which is at it.
      writeFileSync(join(staged(), 'new-56-78.tmp'), '');
      assert.equal(codes(await doctor(0)), []);
      rmSync(join(staged(), 'new-56-78.tmp'));
      writeFileSync(join(staged(), 'new-12-34.tmp'), '');
      utimesSync(join(staged(), 'new-12-34.tmp'), new Date(0), new Date(Date.now() - 3_600_000));
    },
    found: ['leftover-file'],
  },
  {
    situation: "another LSP's DLL is gone",
    make: () => damage('install', 'C:\\gone.dll', 'C:\\gone.dll', 'another LSP'),
    found: ['dll-missing'],
    left: ['dll-missing'],
    mend: removeOther,
  },
  {
    situation: "another LSP's layered entry is gone, and its 32-bit DLL is a 64-bit one",
    make: async () => {
      // A 64-bit DLL in both catalogs.
      const dll = prefix.toWindowsPath(testWinsockFile('test_passthrough_lsp.dll'));
      await damage('install', dll, dll, 'another LSP');
      await damage('deinstall', (await other('layered')).id);
    },
    found: ['chain-broken', 'dll-wrong-architecture'],
    left: ['chain-broken', 'dll-wrong-architecture'],
    mend: () => cli(0, 'restore', prefix.toWindowsPath(file), '--exact'),
  },
  {
    situation: 'the base provider of IPv4 is gone',
    make: async () => damage('deinstall', (await catalog()).find(({ kind, addressFamily }) => kind === 'base' && addressFamily === 2)?.id ?? 0),
    found: ['base-provider-missing', 'chain-broken'],
    // The call that installs into both catalogs takes the protocols that both have.
    left: ['base-provider-missing', 'chain-missing'],
    mend: () => cli(0, 'restore', prefix.toWindowsPath(file), '--exact'),
  },
  {
    situation: 'no namespace provider for DNS',
    make: () => reg('add', 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\NameSpace_Catalog5\\Catalog_Entries64\\000000000005', '/v', 'Enabled', '/t', 'REG_DWORD', '/d', '0', '/f'),
    found: ['name-provider-missing'],
    left: ['name-provider-missing'],
    mend: () => cli(0, 'restore', prefix.toWindowsPath(file)),
  },
  {
    situation: "OpenVPN's plugin is an old one, alone",
    make: async () => {
      mkdirSync(join(prefix.directory, 'drive_c', 'OpenVPN', 'plugins'), { recursive: true });
      writeFileSync(join(prefix.directory, 'drive_c', 'OpenVPN', 'plugins', 'winsock-lsp.dll'), 'old');
      await reg('add', 'HKLM\\SOFTWARE\\OpenVPN', '/ve', '/d', 'C:\\OpenVPN\\', '/f');
    },
    found: ['plugin-outdated', 'plugin-setup-missing'],
    left: ['plugin-outdated', 'plugin-setup-missing'],
    mend: () => reg('delete', 'HKLM\\SOFTWARE\\OpenVPN', '/f'),
  },
  {
    situation: 'extension points are disabled for all programs',
    make: () => reg('add', 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\kernel', '/v', 'MitigationOptions', '/t', 'REG_BINARY', '/d', '0000000001000000', '/f'),
    found: ['extension-points-disabled'],
    left: ['extension-points-disabled'],
    mend: () => reg('delete', 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\kernel', '/v', 'MitigationOptions', '/f'),
  },
  {
    situation: 'Smart App Control is on',
    make: () => reg('add', codeIntegrity, '/v', 'VerifiedAndReputablePolicyState', '/t', 'REG_DWORD', '/d', '1', '/f'),
    found: ['smart-app-control'],
    left: ['smart-app-control'],
    mend: () => reg('delete', codeIntegrity, '/f'),
  },
];

test('doctor: a healthy machine gets one line, installed or not', async () => {
  const { path } = await cli<{ path: string }>(0, 'backup', prefix.toWindowsPath(file), '--force');
  assert.ok(path);
  const { stdout, code } = await prefix.run(node, [prefix.toWindowsPath(cliPath), 'doctor'], { winsock: 'test' });
  assert.equal([code, stdout.trim()], [0, 'OK: The LSP is installed, and nothing is wrong.']);
  assert.equal(await doctor(0), { healthy: true, installed: true, findings: [], fixed: [], failed: [] });
  await cli(0, 'remove');
  assert.is((await text('doctor')).trim(), 'OK: The LSP is not installed, and nothing is wrong.');
  await cli(0, 'install');
});

for (const { situation, make, found, left = [], mend } of damages) {
  test(`doctor: ${situation}`, async () => {
    try {
      await make();
      const before = await doctor(8);
      assert.equal(codes(before), found, JSON.stringify(before.findings, null, 1));
      assert.ok(before.findings.every(({ message, remedy }) => message !== '' && remedy !== ''));
      const after = await doctor(left.length === 0 ? 0 : 8, '--fix');
      assert.equal([codes(after), after.failed], [left, []], JSON.stringify(after, null, 1));
      assert.equal([...new Set(after.fixed.map(({ code }) => code))].sort(), found.filter((code) => !left.includes(code)));
    } finally {
      await mend?.();
    }
    await cli(0, 'install');
    assert.equal(codes(await doctor(0)), []);
  });
}

test('doctor: a DLL that is gone is copied back; the entries, what was chosen and another LSP over ours stay', async () => {
  await cli(0, 'remove');
  await cli<InstallReport>(0, 'install', '--over', 'tcp', '--name', 'winsock-lsp of ours');
  const dll = prefix.toWindowsPath(testWinsockFile('test_passthrough_lsp.dll'));
  await damage('install', dll, dll, 'another LSP');
  const before = await catalog();
  try {
    rmSync(join(staged(), 'winsock-lsp.dll'));
    const { fixed, failed } = await doctor(8, '--fix'); // the other's 32-bit DLL is a 64-bit one
    assert.equal([fixed.map(({ code }) => code), failed], [['dll-missing'], []]);
    assert.equal(await catalog(), before);
  } finally {
    await removeOther();
  }
});

test('doctor: entries that are made again keep their name and what was chosen', async () => {
  await damage('copy', (await ours('chain')).id);
  assert.equal(codes(await doctor(8)), ['duplicate-entry']);
  assert.equal(codes(await doctor(0, '--fix')), []);
  const left = (await catalog()).filter((each) => each.ours);
  assert.equal(left.map(({ kind, protocol }) => [kind, protocol]), [['chain', 6], ['chain', 6], ['layered', 6]]);
  assert.ok(left.every(({ name }) => name.startsWith('winsock-lsp of ours')));
  await cli(0, 'remove');
  await cli(0, 'install');
});

test('doctor: chains that `install --over` did not choose are not missing, those that it chose are', async () => {
  await cli<InstallReport>(0, 'install', '--over', 'tcp');
  const chosen = (await catalog()).filter((each) => each.ours && each.kind === 'chain');
  assert.equal(chosen.map(({ protocol }) => protocol), [6, 6]);
  assert.equal(codes(await doctor(0)), []);
  await damage('deinstall', chosen[0]?.id ?? 0);
  assert.equal((await doctor(8)).findings.map(({ code }) => code), ['chain-missing']);
  assert.equal(codes(await doctor(0, '--fix')), []);
  assert.equal((await catalog()).filter((each) => each.ours && each.kind === 'chain').length, 2);

  // In the 32-bit catalog too, whose entries have other ids.
  const udp = (await catalog()).find(({ kind, protocol, addressFamily }) => kind === 'base' && protocol === 17 && addressFamily === 23);
  await cli<InstallReport>(0, 'install', '--over', `tcp,${udp?.id}`);
  assert.equal(codes(await doctor(0)), []);
  await cli<InstallReport>(0, 'install', '--over', 'all');
});

test('doctor: the entry that `install --over` chose by its id is gone', async () => {
  const dll = prefix.toWindowsPath(testWinsockFile('test_passthrough_lsp.dll'));
  await cli(0, 'remove');
  await damage('install', dll, dll, 'another LSP');
  const { id } = await other('chain');
  await cli<InstallReport>(0, 'install', '--over', String(id), '--no-dll32');
  await removeOther();
  const report = await doctor(8, '--fix');
  assert.equal(codes(report), ['chain-broken', 'chosen-entry-missing']);
  assert.equal(report.failed.map(({ error }) => error.code), ['ERR_UNKNOWN_ENTRY']);
  await cli(0, 'install', '--over', 'all');
  assert.equal(codes(await doctor(0)), []);
});

test('doctor: programs that are closed to LSPs are worth a line, and nothing is wrong', async () => {
  await reg('add', imageOptions, '/v', 'MitigationOptions', '/t', 'REG_BINARY', '/d', '0000000001100000', '/f');
  await reg('add', permittedCategories, '/v', 'AppFullPath', '/d', 'C:\\mail\\mail.exe', '/f');
  await reg('add', dllRules, '/v', 'EnforcementMode', '/t', 'REG_DWORD', '/d', '1', '/f');
  try {
    const { healthy, findings } = await doctor(0);
    const codesInOrder = ['program-extension-points-disabled', 'program-microsoft-only', 'program-categories', 'dll-rules'];
    assert.equal([healthy, findings.map(({ code, severity }) => [code, severity])], [true, codesInOrder.map((code) => [code, 'info'])]);
    assert.match(findings[0]?.message ?? '', /browser\.exe/);
    assert.match(findings[2]?.message ?? '', /mail\.exe/);
    const blockOf = async (app: string) => (await cli<Explanation>(0, 'route', '127.0.0.1', '--app', app)).block;
    assert.is(await blockOf('D:\\somewhere\\BROWSER.EXE'), 'extension_points');
    assert.is(await blockOf('C:\\mail\\mail.exe'), 'category');
    assert.is(await blockOf('C:\\other\\mail.exe'), null);
    assert.is(await blockOf('C:\\Program Files\\WindowsApps\\Maker.App_1.0_x64__8wekyb3d8bbwe\\app.exe'), 'packaged');
  } finally {
    for (const key of [imageOptions, permittedCategories, dllRules]) await reg('delete', key, '/f');
  }
});

test('doctor: how much was tried', () => {
  console.log(`${damages.length} kinds of damage, ${damages.filter(({ left }) => left === undefined).length} of them mended, the others explained`);
  assert.ok(damages.length >= 12);
});

test.run();
