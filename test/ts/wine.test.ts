// The addon, the functions and the command line in Windows' node.exe, 64-bit and 32-bit: over the test Winsock, whose protocol
// catalog behaves as Windows' does, and over Wine's own ws2_32, which keeps nothing of what is written.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test as uvuTest } from 'uvu';
import * as assert from 'uvu/assert';

import type {
  BestRoute,
  CatalogEntry,
  CatalogMap,
  Explanation,
  InstallPlan,
  InstallReport,
  NamespaceProvider,
  PlannedEntry,
  PublishedTunnel,
  RemoveReport,
  StoredPolicy,
  ProcessStats,
  Stats,
} from '../../ts/index.js';
import { namespacePrefix, removeNamespaces } from '../e2e/namespaces.js';
import { missingForArchitecture, nodeExecutables, requireArtifact, testWinsockFile, type NodeExecutable } from '../support/artifacts.js';
import { reported } from '../support/reported.js';
import { stageProgram, untilPrinted, WinePrefix, type Completed } from '../support/wine.js';
import { cliPath, esmPath } from './dist.js';

type Winsock = 'test' | 'wine';

interface Failure {
  error: { code: string; errno: number | null; syscall: string | null; message: string };
}

const namespaces = namespacePrefix('addon');
const network = `${namespaces}host`;
const physicalAddress = '11.22.33.44';
const tunnelAddress = '10.8.0.2/24';

let directory = '';
let prefix: WinePrefix;

/** A host with a physical interface and a tunnel interface of its own, with 1.2.3.0/24 routed into the tunnel. */
function makeNetwork(): void {
  const ip = (...parameters: string[]) => execFileSync('ip', parameters, { stdio: 'pipe' });
  ip('netns', 'add', network);
  const inside = (...parameters: string[]) => ip('-n', network, ...parameters);
  inside('link', 'add', 'physical', 'type', 'veth', 'peer', 'name', 'tunnel');
  for (const [name, address] of [
    ['lo', undefined],
    ['physical', `${physicalAddress}/24`],
    ['tunnel', tunnelAddress],
  ] as const) {
    if (address !== undefined) inside('address', 'add', address, 'dev', name);
    inside('link', 'set', name, 'up');
  }
  inside('route', 'add', '1.2.3.0/24', 'dev', 'tunnel');
  // Windows' table has it. Linux has it in a table of its own, which Wine does not read.
  inside('route', 'add', '127.0.0.0/8', 'dev', 'lo');
}

async function runCli(program: string, winsock: Winsock, ...parameters: string[]): Promise<Completed> {
  return prefix.run(program, [prefix.toWindowsPath(cliPath), ...parameters], { winsock });
}

/** Runs a command with --json; fails unless it ends with `code`. */
async function json<T>(program: string, winsock: Winsock, code: number, ...parameters: string[]): Promise<T> {
  const completed = await untilPrinted(code, () => runCli(program, winsock, ...parameters, '--json'));
  const shown = `${parameters.join(' ')} ended with ${completed.code}:\n${completed.stdout}${completed.stderr}`;
  assert.is(completed.code, code, shown);
  assert.match(completed.stdout, /\S/, shown);
  return JSON.parse(completed.stdout) as T;
}

const windowsUrl = (path: string) => pathToFileURL(path).href.replace('file:///', 'file:///Z:/');

/** Runs the body of an async function, which has the package as `lsp`; gives what it returns. */
async function evaluate(program: string, body: string, format: 'mjs' | 'cjs' = 'mjs'): Promise<unknown> {
  const script = join(directory, `script.${format}`);
  const load =
    format === 'mjs'
      ? `import * as lsp from ${JSON.stringify(windowsUrl(esmPath))};`
      : `const lsp = require(${JSON.stringify(prefix.toWindowsPath(esmPath))});`;
  writeFileSync(
    script,
    `${load}\n(async () => {\n${body}\n})().then((result) => process.stdout.write(JSON.stringify(result)));\n`,
  );
  const { code, stdout, stderr } = await prefix.run(program, [prefix.toWindowsPath(script)], { winsock: 'test' });
  assert.is(code, 0, `${body} ended with ${code}:\n${stdout}${stderr}`);
  return JSON.parse(stdout);
}

/** What versions of Node.js can differ in: how the addon is loaded, called and left. The rest is asked of the latest version of each architecture. */
const ofEachVersion = [
  'list shows the six base providers',
  'list decodes flags',
  'install puts a staged copy first',
  'stats reads the counters',
  'getBestRoute knows the ways, by import and by require',
  'an error of Windows has code',
  'watch shows what the LSP does',
  'a tunnel ends with its publisher',
  'remove takes out what install put in',
];

function defineFor({ name, path: executable, architecture }: NodeExecutable, isLatest: boolean): void {
  const test = (title: string, body: () => Promise<void>) => {
    if (isLatest || ofEachVersion.some((each) => title.includes(each))) uvuTest(title, body);
  };
  const named = (behaviour: string) => `${name}: ${behaviour}`;
  const staged = architecture === 'x64' ? 'winsock-lsp.dll' : 'winsock-lsp-ia32.dll';
  let node: string;
  let entries: number[];
  const cli = <T>(code: number, ...parameters: string[]) => json<T>(node, 'test', code, ...parameters);

  test(named('list shows the six base providers'), async () => {
    node = stageProgram(executable, join(directory, name));
    const list = await cli<CatalogEntry[]>(0, 'list');
    assert.equal(
      list.map(({ kind, ours }) => [kind, ours]),
      Array.from({ length: 6 }, () => ['base', false]),
    );
    assert.ok(list.every(({ chain, path, id }) => chain.length === 0 && path !== '' && id > 0));
    const transports = list.map(({ addressFamily, socketType }) => `${addressFamily}/${socketType}`).sort();
    assert.equal(transports, ['2/1', '2/2', '2/3', '23/1', '23/2', '23/3']);
  });

  test(named('list without --json is a table'), async () => {
    const { code, stdout } = await runCli(node, 'test', 'list');
    assert.is(code, 0);
    assert.match(stdout, /ID +KIND/);
    assert.is(stdout.trimEnd().split('\n').length, 7);
  });

  // A 32-bit process has one catalog.
  const seen = architecture === 'x64' ? (['x64', 'ia32'] as const) : (['ia32'] as const);

  test(named('list decodes flags and transports by name, in each catalog'), async () => {
    for (const arch of seen) {
      const [tcp, udp, raw] = await cli<CatalogEntry[]>(0, 'list', '--base', '--arch', arch);
      assert.equal(
        [tcp, udp, raw].map((entry) => [entry?.architecture, entry?.addressFamilyName, entry?.socketTypeName, entry?.protocolName]),
        [
          [arch, 'AF_INET', 'SOCK_STREAM', 'IPPROTO_TCP'],
          [arch, 'AF_INET', 'SOCK_DGRAM', 'IPPROTO_UDP'],
          [arch, 'AF_INET', 'SOCK_RAW', 'IPPROTO_IP'],
        ],
      );
      assert.equal(tcp?.serviceFlags, {
        value: 0x20066,
        names: ['XP1_GUARANTEED_DELIVERY', 'XP1_GUARANTEED_ORDER', 'XP1_GRACEFUL_CLOSE', 'XP1_EXPEDITED_DATA', 'XP1_IFS_HANDLES'],
        unknown: 0,
      });
      assert.equal(raw?.providerFlags, { value: 12, names: ['PFL_HIDDEN', 'PFL_MATCHES_PROTOCOL_ZERO'], unknown: 0 });
      assert.equal([tcp?.messageSize, udp?.messageSize, udp?.version], [0, 0xfff7, 2]);
      assert.equal(await cli<CatalogEntry[]>(0, 'list', '--layered', '--architecture', arch), []);
    }
  });

  test(named('list --namespaces shows who answers name look-ups, in both catalogs'), async () => {
    for (const arch of seen) {
      const providers = await cli<NamespaceProvider[]>(0, 'list', '--namespaces', '--arch', arch);
      const dns = providers.filter(({ namespaceName }) => namespaceName === 'NS_DNS');
      assert.ok(dns.length > 0 && dns.every(({ active, path, version }) => active && path !== '' && version >= 0), JSON.stringify(providers));
      const { code, stdout } = await runCli(node, 'test', 'list', '--namespaces', '--arch', arch, '--verbose');
      assert.is(code, 0);
      assert.is(stdout.match(/^ {2}namespace {15}NS_/gm)?.length, providers.filter(({ namespaceName }) => namespaceName !== null).length);
    }
    assert.is((await cli<Failure>(2, 'list', '--namespaces', '--base')).error.code, 'ERR_USAGE');
  });

  test(named('before it is installed, remove has nothing to do and stats finds nothing'), async () => {
    assert.equal(await cli<RemoveReport>(0, 'remove'), { changed: false, entries: [], backup: null, rules: 0, purged: false });
    assert.is((await cli<Failure>(6, 'stats')).error.code, 'ERR_NOT_INSTALLED');
    assert.is(await evaluate(node, 'return lsp.isInstalled();'), false);
  });

  test(named('install refuses what it cannot install, and changes nothing'), async () => {
    const before = await cli<CatalogEntry[]>(0, 'list');
    assert.is((await cli<Failure>(6, 'install', '--dll', 'C:\\none.dll')).error.code, 'ERROR_FILE_NOT_FOUND');
    const text = join(directory, 'text.dll');
    writeFileSync(text, 'no DLL');
    const notDll = await cli<Failure>(1, 'install', '--dll', prefix.toWindowsPath(text));
    assert.is(notDll.error.code, 'ERR_NOT_A_PROVIDER');
    const long = await cli<Failure>(1, 'install', '--name', 'x'.repeat(101));
    assert.is(long.error.code, 'ERROR_INVALID_PARAMETER');
    assert.equal(await cli<CatalogEntry[]>(0, 'list'), before);
  });

  test(named('install puts a staged copy first in the catalog'), async () => {
    const report = await cli<InstallReport>(0, 'install');
    assert.is(report.changed, true);
    assert.match(report.path, /^C:\\Program Files\\winsock-lsp\\\d[^\\]*\\[^\\]+$/i);
    assert.is(report.path.split('\\').at(-1), staged);
    entries = report.entries;
    assert.is(entries.length, 7);

    const list = await cli<CatalogEntry[]>(0, 'list');
    assert.is(list.length, 13);
    assert.ok(list.slice(0, 6).every(({ kind, ours, chain }) => kind === 'chain' && ours && chain.length === 2));
    assert.is(list.filter(({ kind, ours }) => kind === 'layered' && ours).length, 1);
    assert.equal(list.filter(({ ours }) => ours).map(({ id }) => id), entries);
  });

  if (architecture === 'x64') {
    const list32 = () => cli<CatalogEntry[]>(0, 'list', '--architecture', 'ia32');

    test(named('install puts the 32-bit DLL into the catalog of 32-bit programs'), async () => {
      const list = await list32();
      assert.is(list.length, 13);
      assert.ok(list.slice(0, 6).every(({ kind, ours }) => kind === 'chain' && ours));
      const layered = list.filter(({ kind }) => kind === 'layered');
      assert.equal(layered.map(({ ours }) => ours), [true]);
      assert.match(layered[0]?.path ?? '', /\\winsock-lsp-ia32\.dll$/);
      if (node32 === undefined) return;
      // What a 32-bit process sees is that catalog.
      assert.equal(await json<CatalogEntry[]>(node32, 'test', 0, 'list'), list);
    });

    test(named('install leaves 32-bit programs alone when told'), async () => {
      await cli(0, 'remove');
      assert.is((await list32()).length, 6);
      await cli(0, 'install', '--no-dll32');
      assert.is((await list32()).length, 6);
      const report = await cli<InstallReport>(0, 'install');
      assert.is((await list32()).length, 13);
      assert.is(report.changed, true);
      entries = report.entries;
    });

    if (missing32 === undefined) {
      test(named('a tunnel that a 64-bit process publishes is one for 32-bit processes, and the other way round'), async () => {
        const set = ['tunnel', 'set', 'both', '--address', tunnelAddress, '--source', physicalAddress];
        for (const [publisher, reader] of [
          [node, node32 ?? ''],
          [node32 ?? '', node],
        ] as const) {
          const published = await json<PublishedTunnel>(publisher, 'test', 0, ...set);
          assert.equal(await json(reader, 'test', 0, 'tunnel', 'show'), [published]);
          assert.is((await json<Explanation>(reader, 'test', 0, 'route', '1.2.3.4')).source, physicalAddress);
          await json(reader, 'test', 0, 'tunnel', 'clear', 'both');
          assert.equal(await json(publisher, 'test', 0, 'tunnel', 'show'), []);
        }
      });
    }
  } else {
    test(named('it sees the 32-bit catalog only'), async () => {
      const { error } = await cli<Failure>(1, 'list', '--architecture', 'x64');
      assert.is(error.code, 'ERROR_NOT_SUPPORTED');
    });
  }
  test(named('map shows our chains on the base providers, as a tree and as JSON'), async () => {
    const { base, layered, dangling } = await cli<CatalogMap>(0, 'map');
    assert.equal(
      base.map(({ entry, inUse, chains }) => [entry.kind, inUse, chains.map((chain) => [chain.entry.ours, chain.inUse, chain.chains])]),
      Array.from({ length: 6 }, () => ['base', false, [[true, true, []]]]),
    );
    assert.equal(layered.map(({ entry, chains }) => [entry.ours, chains]), [[true, base.map(({ chains }) => chains[0]?.entry.id)]]);
    assert.equal(dangling, []);
    const { stdout } = await runCli(node, 'test', 'map');
    assert.match(stdout, /^1001 MSAFD Tcpip \[TCP\/IP\] {2}TCP\/IPv4\r?\n└─ \d+ \* winsock-lsp over \[MSAFD Tcpip \[TCP\/IP\]\] {2}\d+ > 1001 {2}<- in use/m);
    const ia32 = await cli<CatalogMap>(0, 'map', '--arch', 'ia32');
    assert.equal([ia32.base.length, ia32.layered.length, ia32.base.every(({ chains }) => chains.length === 1)], [6, 1, true]);
  });

  test(named('installing again changes nothing'), async () => {
    assert.is(await evaluate(node, 'return lsp.isInstalled();'), true);
    const before = await cli<CatalogEntry[]>(0, 'list');
    const report = await cli<InstallReport>(0, 'install');
    assert.equal([report.changed, report.entries], [false, entries]);
    assert.equal(await cli<CatalogEntry[]>(0, 'list'), before);
  });

  test(named('stats reads the counters of the installed DLL'), async () => {
    const counters = await cli<Stats>(0, 'stats');
    assert.is(Object.keys(counters).length, 22);
    assert.ok(Object.values(counters).every((value) => Number.isInteger(value) && value >= 0), JSON.stringify(counters));
    const startups = await evaluate(
      node,
      `const { createSocket } = process.getBuiltinModule?.('dgram') ?? (await import('node:dgram'));
       const socket = createSocket('udp4');
       await new Promise((ready) => socket.bind(0, '127.0.0.1', ready));
       const { startups } = lsp.readStats();
       socket.close();
       return startups;`,
    );
    assert.ok(typeof startups === 'number' && startups > 0, `startups: ${startups}`);
  });

  test(named('stats by process tells who counted, while it runs'), async () => {
    const mine = await evaluate(
      node,
      `const { createSocket } = process.getBuiltinModule?.('dgram') ?? (await import('node:dgram'));
       const socket = createSocket('udp4');
       await new Promise((ready) => socket.bind(0, '127.0.0.1', ready));
       const mine = lsp.readStatsByProcess().filter(({ processId }) => processId === process.pid);
       socket.close();
       return mine;`,
    );
    const [own, ...others] = mine as ProcessStats[];
    assert.equal([own?.image, own?.running, others], ['node.exe', true, []]);
    assert.ok((own?.stats.startups ?? 0) > 0);
    const left = await cli<ProcessStats[]>(0, 'stats', '--by-process');
    assert.equal(left.filter(({ processId }) => processId === own?.processId), [], 'a process that has ended has left its place');
  });

  test(named('stats of something else than the DLL says so'), async () => {
    assert.is((await cli<Failure>(6, 'stats', '--dll', 'C:\\none.dll')).error.code, 'ERROR_FILE_NOT_FOUND');
    const other = await cli<Failure>(1, 'stats', '--dll', 'C:\\windows\\system32\\version.dll');
    assert.is(other.error.code, 'ERR_NOT_A_PROVIDER');
  });

  test(named('getBestRoute knows the ways, by import and by require'), async () => {
    for (const format of ['mjs', 'cjs'] as const) {
      const routes = (await evaluate(
        node,
        "return ['127.0.0.1', '11.22.33.1', '1.2.3.4'].map(lsp.getBestRoute);",
        format,
      )) as BestRoute[];
      assert.equal(
        routes.map(({ source, nextHop, oracle }) => [source, nextHop, oracle]),
        ['127.0.0.1', physicalAddress, '10.8.0.2'].map((source) => [source, null, 'GetBestRoute']),
      );
      assert.is(new Set(routes.map(({ interfaceIndex }) => interfaceIndex)).size, 3);
    }
  });

  test(named('getBestRoute without a route fails, and route tells it as an answer'), async () => {
    assert.is(await evaluate(node, "try { lsp.getBestRoute('8.8.8.8'); } catch ({ code }) { return code; }"), 'ERROR_HOST_UNREACHABLE');
    const nowhere = await cli<Explanation>(0, 'route', '8.8.8.8');
    assert.equal([nowhere.route, nowhere.routeError?.code], [null, 'ERROR_HOST_UNREACHABLE']);
  });

  test(named('an error of Windows has code, errno and syscall'), async () => {
    const error = await evaluate(
      node,
      "try { lsp.readStats({ dll: 'C:\\\\none.dll' }); } catch (error) { return { is: error instanceof lsp.LspError, ...error.toJSON() }; }",
    );
    const { is, code, errno, syscall, message } = error as Record<string, unknown>;
    assert.equal([is, code, errno, syscall], [true, 'ERROR_FILE_NOT_FOUND', 2, 'CreateFileW']);
    assert.match(String(message), /none\.dll/);
  });

  test(named('route: no tunnel, nothing to do'), async () => {
    const far = await cli<Explanation & { installed: boolean }>(0, 'route', '1.2.3.4');
    assert.equal([far.verdict, far.reason, far.route?.source, far.installed], ['keep', 'no_rule', '10.8.0.2', true]);
    assert.is((await cli<Explanation>(0, 'route', '127.0.0.1')).reason, 'loopback');
  });

  test(named('policy: rules are added, shown, explained, replaced and removed'), async () => {
    assert.equal(await cli(0, 'policy', 'list'), { lines: [], rules: [], rejected: null });
    const rule = `app curl.exe to 1.2.3.0/24 source ${physicalAddress} otherwise refuse`;
    assert.equal(await cli(0, 'policy', 'add', rule), { line: 1, rule, warnings: [] });
    assert.equal(await cli(0, 'policy', 'add', '# before', '--before', '1'), { line: 1, rule: '# before', warnings: [] });
    const byName = 'to 9.9.9.9 source interface nowhere';
    assert.equal(await cli(0, 'policy', 'add', byName), { line: 3, rule: byName, warnings: [] });
    const closed = 'app torrent.exe source interface nowhere otherwise refuse';
    await cli(0, 'policy', 'add', closed);
    assert.equal((await cli<StoredPolicy>(0, 'policy', 'list')).rules, [
      { line: 2, text: rule, missingInterface: null, refusing: false, unknown: null },
      { line: 3, text: byName, missingInterface: 'nowhere', refusing: false, unknown: null },
      { line: 4, text: closed, missingInterface: 'nowhere', refusing: true, unknown: null },
    ]);
    const listed = (await runCli(node, 'test', 'policy', 'list')).stdout;
    assert.match(listed, /^3 .*matches nothing: no interface nowhere, or without an address\r?$/m);
    assert.match(listed, /^4 .*refuses: no interface nowhere, or without an address\r?$/m);
    for (const to of ['1.2.3.4', '2001:db8::1', '::ffff:1.2.3.4']) {
      const torrent = ['policy', 'explain', '--app', 'torrent.exe', '--to', to];
      const { verdict, reason, source, rule: won } = await cli<Explanation>(0, ...torrent);
      assert.equal([verdict, reason, source, won], ['refuse', 'no_source', null, closed]);
      const { stdout } = await runCli(node, 'test', ...torrent);
      assert.match(stdout, /will +refuse it/);
      assert.match(stdout, /because +its interface is not there, or has no address of .* otherwise refuse; the administrator's rule: app torrent/);
    }
    await cli(0, 'policy', 'remove', '4');

    const curl = ['policy', 'explain', '--app', 'C:\\bin\\CURL.EXE', '--to', '1.2.3.4'];
    const explained = await cli<Explanation>(0, ...curl);
    assert.equal([explained.verdict, explained.source, explained.rule], ['source', physicalAddress, rule]);
    const other = await cli<Explanation>(0, 'policy', 'explain', '--app', 'C:\\bin\\wget.exe', '--to', '1.2.3.4');
    assert.equal([other.verdict, other.reason], ['keep', 'no_rule']);

    assert.is((await cli<Failure>(1, 'policy', 'remove', '2', '--expect', byName)).error.code, 'ERR_POLICY_CHANGED');
    assert.equal(await cli(0, 'policy', 'remove', '3', '--expect', byName), { line: 3, rule: byName });
    assert.is((await cli<Failure>(6, 'policy', 'remove', '3')).error.code, 'ERROR_NOT_FOUND');

    const file = join(directory, 'rules.txt');
    writeFileSync(file, `\uFEFFapp a.exe keep\r\n`); // as Windows PowerShell writes UTF-8
    assert.equal(await cli(0, 'policy', 'check', prefix.toWindowsPath(file)), { rules: 1 });
    assert.equal((await cli<StoredPolicy>(0, 'policy', 'set', prefix.toWindowsPath(file))).lines, ['app a.exe keep']);
    assert.is(await evaluate(node, "return lsp.policy.check('\\uFEFFkeep');"), null);
    writeFileSync(file, `# two\r\n\r\napp a.exe keep\r\nrefuse\r\n`);
    assert.equal(await cli(0, 'policy', 'check', prefix.toWindowsPath(file)), { rules: 2 });
    const { lines } = await cli<StoredPolicy>(0, 'policy', 'set', prefix.toWindowsPath(file));
    assert.equal(lines, ['# two', 'app a.exe keep', 'refuse']);
    assert.is((await cli<Failure>(6, 'policy', 'check', 'C:\\none.txt')).error.code, 'ERROR_FILE_NOT_FOUND');
    await evaluate(node, "await lsp.policy.set(''); return null;");
    assert.equal(await cli(0, 'policy', 'list'), { lines: [], rules: [], rejected: null });
  });

  test(named('policy explain: the LSP compares with the source that Windows would choose only where a rule has via'), async () => {
    const rule = `to 11.22.33.0/24 source ${physicalAddress}`;
    const outcome = async () => {
      const { verdict, reason, rule: won, route } = await cli<Explanation>(0, 'policy', 'explain', '--to', '11.22.33.1');
      assert.equal([won, route?.source], [rule, physicalAddress]);
      return [verdict, reason];
    };
    await cli(0, 'policy', 'add', rule);
    assert.equal(await outcome(), ['source', 'rule']);
    await cli(0, 'policy', 'add', 'app other.exe via 7 keep'); // of another program
    assert.equal(await outcome(), ['source', 'rule']);
    await cli(0, 'policy', 'add', 'to 192.0.2.0/24 via 7 keep');
    assert.equal(await outcome(), ['keep', 'already_source']);
    await evaluate(node, "await lsp.policy.set(''); return null;");
  });

  test(named('policy: a rule that cannot be understood is shown with the place, and changes nothing'), async () => {
    const { code, stderr } = await runCli(node, 'test', 'policy', 'add', 'app a.exe to 10.0.0.0/33 keep');
    assert.is(code, 1);
    assert.match(stderr.replaceAll('\r', ''), /line 1, column 14: .*\n  app a\.exe to 10\.0\.0\.0\/33 keep\n {15}\^\n$/);
    const places = await evaluate(
      node,
      `const fault = await lsp.policy.set(['keep', 'source']).catch((error) => error);
       return [fault instanceof lsp.PolicyError, fault.code, fault.line, fault.column, fault.text, lsp.policy.check('keep')];`,
    );
    assert.equal(places, [true, 'ERR_INVALID_POLICY', 2, 7, 'source', null]);
    assert.equal(await cli(0, 'policy', 'list'), { lines: [], rules: [], rejected: null });
  });

  test(named('policy: rules added at the same time are all there'), async () => {
    const count = await evaluate(
      node,
      `await Promise.all(Array.from({ length: 6 }, (_, i) => lsp.policy.add('to 10.0.' + i + '.0/24 keep')));
       const { rules } = lsp.policy.get();
       await lsp.policy.set([]);
       return new Set(rules.map(({ text }) => text)).size;`,
    );
    assert.is(count, 6);
  });

  test(named('tunnel set, show and clear, and what route makes of it'), async () => {
    const set = ['tunnel', 'set', 'vpn', '--address', tunnelAddress, '--source', physicalAddress];
    assert.equal(await cli(0, 'tunnel', 'show'), []);
    const published = await cli<PublishedTunnel>(0, ...set);
    assert.equal(
      { ...published, interfaceIndex: 0 },
      {
        name: 'vpn',
        interfaceIndex: 0,
        address: tunnelAddress,
        source: physicalAddress,
        address6: null,
        source6: null,
        otherwise: 'keep',
        publisher: null,
        delegated: false,
        alive: true,
        rejected: null,
      },
    );
    assert.equal(await cli(0, 'tunnel', 'show'), [published]);

    const far = await cli<Explanation>(0, 'route', '1.2.3.4');
    assert.equal(
      [far.verdict, far.reason, far.source, far.tunnel, far.pinInterface],
      ['source', 'rule', physicalAddress, 'vpn', published.interfaceIndex],
    );
    assert.is((await cli<Explanation>(0, 'route', '10.8.0.77')).reason, 'tunnel_subnet');
    const { stdout } = await runCli(node, 'test', 'route', '1.2.3.4');
    assert.match(stdout, /use the source 11\.22\.33\.44, through interface \d+ or not at all/);
    assert.match(stdout, /because +the rule of tunnel vpn: /);

    const replaced = await cli<PublishedTunnel>(0, ...set, '--otherwise', 'refuse');
    assert.equal([replaced.otherwise, (await cli<unknown[]>(0, 'tunnel', 'show')).length], ['refuse', 1]);
    assert.equal(await cli(0, 'tunnel', 'clear', 'vpn'), { name: 'vpn' });
    assert.equal(await cli(0, 'tunnel', 'show'), []);
    assert.is((await cli<Failure>(6, 'tunnel', 'clear', 'vpn')).error.code, 'ERROR_FILE_NOT_FOUND');
  });

  test(named('watch shows what the LSP does in programs: live, filtered, and what is on record'), async () => {
    const seen = await evaluate(
      node,
      `const { createSocket } = process.getBuiltinModule?.('dgram') ?? (await import('node:dgram'));
       await lsp.tunnel.publish({ name: 'self', address: '${tunnelAddress}', source: '${physicalAddress}' });
       const signal = AbortSignal.timeout(20_000);
       const decisions = lsp.watchDecisions({ intervalMilliseconds: 20, signal });
       const first = decisions.next();
       const socket = createSocket('udp4');
       const send = (port) => new Promise((sent) => socket.send('x', port, '1.2.3.4', sent));
       const timer = setInterval(() => send(7), 100);
       const { value } = await first;
       clearInterval(timer);
       await send(8);
       const second = await decisions.next();
       await decisions.return();
       socket.close();
       return [process.pid, value, second.value.port];`,
    );
    const [pid, { time, rule, ...decision }, port] = seen as [number, Record<string, unknown>, number];
    assert.equal(decision, {
      processId: pid,
      image: 'node.exe',
      protocol: 'udp',
      destination: '1.2.3.4',
      port: 7,
      verdict: 'source',
      reason: 'rule',
      ruleNumber: 0,
      source: physicalAddress,
      result: 'carried_out',
      error: null,
      incoming: false,
      proxy: null,
      missed: 0,
    });
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000, String(time));
    assert.match(String(rule), /^except 10\.8\.0\.0\/24 via \d+ source 11\.22\.33\.44/);
    assert.is(port, 8);

    // The record lasts as long as some program has the DLL loaded.
    await cli(0, 'tunnel', 'set', 'self', '--address', tunnelAddress, '--source', physicalAddress);
    const sender = join(directory, 'sender.cjs');
    writeFileSync(
      sender,
      "const s = require('dgram').createSocket('udp4'); setInterval(() => s.send('x', 9, '1.2.3.4'), 50); console.log('on');",
    );
    const program = prefix.spawn(node, [prefix.toWindowsPath(sender)], { winsock: 'test' });
    try {
      await program.waitForOutput(/on/, { timeoutMilliseconds: 60_000 });
      const watched = async (...filter: string[]) =>
        (await runCli(node, 'test', 'watch', '--recent', '--count', '2', ...filter)).stdout;
      const lines = (await watched('--app', 'NODE*', '--to', '1.2.3.0/24', '--seconds', '30')).trim().split(/\r?\n/);
      assert.is(lines.length, 2);
      for (const line of lines) {
        assert.match(line, /^\d{4}-.*Z node\.exe\[\d+\] udp 1\.2\.3\.4:9 source 11\.22\.33\.44 <- except 10\.8\.0\.0\/24 via/);
      }
      assert.is(await watched('--app', 'curl.exe', '--seconds', '1'), '');
      assert.is(await watched('--to', '1.2.4.0/24', '--seconds', '1'), '');
    } finally {
      await program.kill();
    }
    await cli(0, 'tunnel', 'clear', 'self');
  });

  test(named('a tunnel ends with its publisher'), async () => {
    const [alive] = (await evaluate(
      node,
      `await lsp.tunnel.publish({ name: 'self', address: '${tunnelAddress}', source: '${physicalAddress}' });
       return lsp.tunnel.list().map(({ publisher, alive }) => [publisher === process.pid, alive]);`,
    )) as boolean[][];
    assert.equal(alive, [true, true]);
    const [dead] = await cli<PublishedTunnel[]>(0, 'tunnel', 'show');
    assert.equal([dead?.name, dead?.alive], ['self', false]);
    assert.is((await cli<Explanation>(0, 'route', '1.2.3.4')).reason, 'no_rule');
    await cli(0, 'tunnel', 'clear', 'self');
  });

  test(named('a tunnel that cannot be is not published'), async () => {
    const situations: readonly (readonly [string, number, string, readonly string[]])[] = [
      ['a source that this host does not have', 6, 'ERROR_NOT_FOUND', ['--address', tunnelAddress, '--source', '9.9.9.9']],
      ['a virtual address that it does not have', 6, 'ERROR_NOT_FOUND', ['--address', '10.99.0.2/24', '--source', physicalAddress]],
      ['no such interface', 6, 'ERROR_NOT_FOUND', ['--address', tunnelAddress, '--source', physicalAddress, '--interface', '4711']],
      ['a loopback source', 1, 'ERR_INVALID_TUNNEL', ['--address', tunnelAddress, '--source', '127.0.0.1']],
      ['no such publisher', 1, 'ERROR_INVALID_PARAMETER', ['--address', tunnelAddress, '--source', physicalAddress, '--pid', '99999999']],
    ];
    for (const [situation, code, name, options] of situations) {
      const { error } = await cli<Failure>(code, 'tunnel', 'set', 'bad', ...options);
      assert.is(error.code, name, situation);
    }
    const named = await cli<Failure>(1, 'tunnel', 'set', 'a b', '--address', tunnelAddress, '--source', physicalAddress);
    assert.is(named.error.code, 'ERR_INVALID_TUNNEL');
    assert.equal(await cli(0, 'tunnel', 'show'), []);
  });

  test(named('wrong usage ends with exit code 2 here too'), async () => {
    assert.is((await cli<Failure>(2, 'route', 'example.com')).error.code, 'ERR_INVALID_ARG_VALUE');
    assert.is((await cli<Failure>(2, 'list', '--loud')).error.code, 'ERR_USAGE');
  });

  test(named('the addon works in a program of another name'), async () => {
    const renamed = join(directory, name, 'app.exe');
    copyFileSync(executable, renamed);
    assert.is((await json<CatalogEntry[]>(renamed, 'test', 0, 'list')).length, 13);
  });

  test(named('remove takes out what install put in'), async () => {
    const report = await cli<RemoveReport>(0, 'remove');
    assert.equal([report.changed, [...report.entries].sort()], [true, [...entries].sort()]);
    const list = await cli<CatalogEntry[]>(0, 'list');
    assert.equal([list.length, list.some(({ ours }) => ours)], [6, false]);
    assert.is(await evaluate(node, 'return lsp.isInstalled();'), false);
  });

  /** What of an entry a plan can know; ids of entries that are made, or were, by the change are null. */
  const foreseeable = (entries: readonly (CatalogEntry | PlannedEntry)[], isOld: (id: number | null) => boolean) =>
    entries.map(({ id, kind, ours, name, path, architecture, addressFamily, socketType, protocol, serviceFlags, messageSize, chain }) => ({
      id: isOld(id) ? id : null,
      ...{ kind, ours, name, path, architecture, addressFamily, socketType, protocol, serviceFlags, messageSize },
      chain: chain.map((part) => (isOld(part) ? part : null)),
    }));

  /** Plans, does it, and compares; gives the plan. */
  async function foretold(command: 'install' | 'remove', ...parameters: string[]): Promise<InstallPlan> {
    // Ids are of this process's catalog, so the other one is left alone.
    const options = command === 'install' ? ['--no-dll32', ...parameters] : parameters;
    const before = await cli<CatalogEntry[]>(0, 'list');
    const plan = await cli<InstallPlan>(0, command, '--dry-run', ...options);
    assert.equal(await cli<CatalogEntry[]>(0, 'list'), before, 'a dry run changed something');
    const report = await cli<InstallReport>(0, command, ...options);
    assert.is(report.changed, plan.changes);
    const after = await cli<CatalogEntry[]>(0, 'list');
    const old = new Set(before.map(({ id }) => id as number | null));
    const known = (id: number | null) => old.has(id);
    const [native] = plan.catalogs;
    assert.equal(foreseeable(native?.after ?? [], known), foreseeable(after, known));
    const gone = before.filter(({ id }) => !after.some((entry) => entry.id === id)).map(({ id }) => id);
    assert.equal((native?.removed ?? []).map(({ id }) => id).sort(), gone.sort());
    assert.is((native?.added ?? []).length, after.filter(({ id }) => !old.has(id)).length);
    if (command === 'install') assert.is(report.path, plan.path);
    return plan;
  }

  test(named('a dry run foretells what install and remove do, by code and as text'), async () => {
    const first = await foretold('install');
    assert.equal([first.changes, first.over, first.overChanges], [true, 'all', false]);
    // remove has deleted the staged copies; not in a 32-bit process, which does not see what 64-bit programs have registered.
    assert.equal(
      first.files.map(({ to }) => to.replace(/.*\\/, '')),
      architecture === 'x64' ? ['winsock-lsp.dll', 'winsock-lsp-setup.dll'] : [],
    );
    assert.match(String(first.catalogs[0]?.fault), /layered entry is missing/);
    const again = await foretold('install');
    assert.equal([again.changes, again.files], [false, []]);
    const some = await foretold('install', '--over', 'tcp,raw');
    assert.equal([some.changes, some.over, some.overChanges], [true, ['tcp', 'raw'], true]);
    assert.is(await evaluate(node, 'return lsp.isInstalled();'), true);
    assert.equal([(await foretold('install')).changes, (await cli<CatalogEntry[]>(0, 'list', '--layered')).length], [false, 5]);

    const { code, stdout } = await runCli(node, 'test', 'install', '--no-dll32', '--dry-run', '--over', 'udp');
    assert.is(code, 0);
    assert.match(stdout, /^(?:64|32)-bit catalog: chain \d+ is over a protocol that was not chosen$/m);
    assert.match(stdout, /^ {2}- +\d+ {2}chain +TCP\/IPv4 +\d+ > 1001 +winsock-lsp over \[MSAFD Tcpip \[TCP\/IP\]\]/m);
    assert.match(stdout, /^ {2}\+ +new {2}chain +UDP\/IPv4 +new > 1002 +winsock-lsp over \[MSAFD Tcpip \[UDP\/IP\]\]/m);
    assert.match(stdout, /To be remembered: installed over udp\r?\n\r?\nThis was a dry run: nothing was changed\.\s*$/);

    assert.is((await foretold('remove')).changes, true);
    assert.is((await foretold('remove')).changes, false);
  });

  // winsock_catalog.exe is a 64-bit program here.
  if (architecture === 'x64') {
    test(named('a dry run foretells it where another LSP is, above it or around it'), async () => {
      const folder = join(directory, `other-${name}`);
      const catalog = stageProgram(testWinsockFile('winsock_catalog.exe'), folder);
      const lsp = join(folder, 'test_passthrough_lsp.dll');
      copyFileSync(testWinsockFile('test_passthrough_lsp.dll'), lsp);
      const change = async (...parameters: string[]) => {
        const { code: exit, stderr } = await prefix.run(catalog, parameters, { winsock: 'test' });
        assert.is(exit, 0, stderr);
      };
      const path = prefix.toWindowsPath(lsp);
      await change('install', path, path, 'Filter');
      const above = await foretold('install', '--over', 'tcp');
      const [native] = above.catalogs;
      assert.equal(native?.added.map(({ kind, chain }) => [kind, chain.length]), [['layered', 0], ['chain', 3], ['chain', 3]]);
      const around = await foretold('install', '--over', '1001');
      assert.equal(around.catalogs[0]?.added.map(({ chain }) => chain), [[], [null, 1001]]);
      const missing = await cli<Failure>(6, 'install', '--no-dll32', '--dry-run', '--over', '4711');
      assert.is(missing.error.code, 'ERR_UNKNOWN_ENTRY');
      const ours = (await cli<CatalogEntry[]>(0, 'list')).find((entry) => entry.ours);
      const itself = await cli<Failure>(2, 'install', '--no-dll32', '--over', String(ours?.id));
      assert.is(itself.error.code, 'ERR_INVALID_CHOICE');
      assert.is((await foretold('remove')).changes, true);
      await change('remove', 'Filter');
      assert.is((await cli<CatalogEntry[]>(0, 'list')).length, 6);
    });
  }

  test(named("on Wine's own ws2_32 install says that the catalog kept nothing"), async () => {
    const { error } = await json<Failure>(executable, 'wine', 5, 'install');
    assert.is(error.code, 'ERR_READBACK_MISMATCH');
    const { code, stderr } = await runCli(executable, 'wine', 'install');
    assert.is(code, 5);
    assert.match(stderr, /^winsock-lsp: /);
  });
}

const missing32 = missingForArchitecture('ia32');
if (missing32 !== undefined) uvuTest.skip(`the addon in a 32-bit node.exe: ${missing32}`, () => undefined);
const nodes = [...nodeExecutables(), ...(missing32 === undefined ? nodeExecutables('ia32') : [])];
/** A 32-bit node.exe beside the test Winsock, to see what 64-bit ones do. */
let node32: string | undefined;
if (process.getuid?.() !== 0) {
  uvuTest.skip('the addon in node.exe needs root, for a network namespace', () => undefined);
} else {
  uvuTest.before(reported(async () => {
    requireArtifact('lspDll');
    directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-addon-'));
    makeNetwork();
    prefix = await WinePrefix.create({
      directory: join(directory, 'prefix'),
      networkNamespace: network,
      programs32: missing32 === undefined,
    });
    for (const { path, architecture } of nodes) {
      if (architecture === 'ia32') node32 = stageProgram(path, join(directory, 'node-32'));
    }
  }));
  uvuTest.after(reported(async () => {
    await prefix?.stop();
    removeNamespaces(namespaces);
    if (directory !== '') rmSync(directory, { recursive: true, force: true });
  }));
  uvuTest('there are two versions of node.exe, and a 32-bit one', () => {
    const found = nodes.map(({ version, architecture }) => `${version.split('.')[0]} ${architecture}`);
    assert.equal(found, ['20 x64', '22 x64', ...(missing32 === undefined ? ['22 ia32'] : [])]);
  });
  for (const each of nodes) defineFor(each, nodes.filter(({ architecture }) => architecture === each.architecture).at(-1) === each);
}

uvuTest.run();
