/** A machine to report about: with another LSP, a broken chain, a tunnel, rules, programs. `word` is put into every text that others wrote. */

import { decodeCatalog } from '../../ts/catalog.js';
import type { Connection } from '../../ts/connections.js';
import type { NativeCatalogEntry } from '../../ts/native.js';
import type { Fact, ReportFacts } from '../../ts/report/facts.js';
import { counters, type Decision, type Stats } from '../../ts/stats.js';

const known = <T>(value: T): Fact<T> => ({ value, error: null });
export const reportTime = new Date('2026-11-27T12:00:00Z');

const tcp = { addressFamily: 2, socketType: 1, protocol: 6 };
const udp = { addressFamily: 2, socketType: 2, protocol: 17 };
const tcp6 = { addressFamily: 23, socketType: 1, protocol: 6 };
const raw = { addressFamily: 2, socketType: 3, protocol: 0 };

export function sampleFacts(word = ''): ReportFacts {
  const entry = (id: number, name: string, chain: readonly number[] | undefined, more: Partial<NativeCatalogEntry>): NativeCatalogEntry => ({
    id,
    providerId: '{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}',
    name: `${name}${word}`,
    path: `%SystemRoot%\\system32\\mswsock.dll${word}`,
    chainLength: chain === undefined ? 1 : chain.length,
    chain: chain === undefined ? [0] : [...chain],
    version: 2,
    providerFlags: 8,
    serviceFlags: 0x20066,
    messageSize: 0,
    ours: false,
    ...tcp,
    ...more,
  });
  const entries: NativeCatalogEntry[] = [
    entry(1015, 'winsock-lsp over [Filter over [MSAFD Tcpip [TCP/IP]]]', [1014, 1008, 1001], { ours: true }),
    entry(1016, 'winsock-lsp over [MSAFD Tcpip [UDP/IP]]', [1014, 1002], { ours: true, ...udp }),
    entry(1008, 'Filter over [MSAFD Tcpip [TCP/IP]]', [1007, 1001], {}),
    entry(1009, 'Bandwidth over [MSAFD Tcpip [TCP/IP]]', [1020, 1001], {}),
    entry(1001, 'MSAFD Tcpip [TCP/IP]', undefined, {}),
    entry(1002, 'MSAFD Tcpip [UDP/IP]', undefined, udp),
    entry(1004, 'MSAFD Tcpip [TCP/IPv6]', undefined, tcp6),
    entry(1030, '代理 over [RAW/IP]', [1029, 1099], raw),
    entry(1007, 'Filter', [], {}),
    entry(1014, 'winsock-lsp', [], { ours: true }),
  ];
  const connection = (more: Partial<Connection>): Connection => ({
    protocol: 'tcp',
    state: 'established',
    localAddress: '11.22.33.44',
    localPort: 50_000,
    remoteAddress: '1.2.3.4',
    remotePort: 443,
    destinationAddress: null,
    destinationPort: null,
    created: reportTime,
    processId: 4100,
    image: `chrome.exe${word}`,
    path: `C:\\Users\\bob\\chrome.exe${word}`,
    started: reportTime,
    block: null,
    interfaceIndex: 12,
    interfaceName: `Ethernet${word}`,
    incoming: false,
    decided: {
      time: reportTime,
      certain: true,
      verdict: 'source',
      reason: 'rule',
      rule: `via 18 source 11.22.33.44${word}`,
      tunnel: 'office',
      ruleNumber: 2,
      source: '11.22.33.44',
      result: 'carried_out',
    },
    says: null,
    standing: 'current',
    ...more,
  });
  const says = { verdict: 'keep', reason: 'no_rule', source: null, otherwise: 'keep', rule: null, tunnel: null } as const;
  const decisions = Array.from({ length: 64 }, (_, place): Decision => {
    const verdict = place % 9 === 0 ? 'refuse' : place % 3 === 0 ? 'keep' : 'source';
    return {
      time: new Date(reportTime.getTime() - ((place * place) % 580) * 1000),
      processId: 4100 + (place % 3) * 4,
      image: `${['chrome.exe', 'outlook.exe', 'svchost.exe'][place % 3]}${word}`,
      protocol: place % 4 === 0 ? 'udp' : 'tcp',
      destination: place % 5 === 0 ? '2001:db8::17' : `1.2.3.${place}`,
      port: 443,
      verdict,
      reason: verdict === 'keep' ? 'no_rule' : 'rule',
      rule: verdict === 'keep' ? null : verdict === 'refuse' ? 'app telnet.exe refuse' : `via 18 source 11.22.33.44${word}`,
      ruleNumber: verdict === 'keep' ? null : 1,
      source: verdict === 'source' ? '11.22.33.44' : null,
      result: place % 7 === 0 ? 'otherwise_keep' : 'carried_out',
      error: null,
      incoming: false,
      proxy: null,
    };
  }).sort((a, b) => a.time.getTime() - b.time.getTime());
  const event = {
    time: new Date('2026-11-26T09:30:00Z'),
    change: 'reset',
    architecture: 'ia32',
    name: null,
    installer: null,
    providerId: null,
    id: null,
    processId: 3120,
    user: 'S-1-5-21-1004336348-1177238915-682003330-1001',
    record: 4,
  } as const;
  return {
    time: reportTime,
    version: '0.1.0',
    windows: '10.0.22631, x64 process',
    computer: 'BOBS-LAPTOP',
    user: 'bob',
    catalogs: [
      { architecture: 'x64', entries: known(decodeCatalog(entries, 'x64')) },
      { architecture: 'ia32', entries: { value: null, error: `Cannot read the catalog${word}` } },
    ],
    doctor: known({
      healthy: false,
      installed: true,
      findings: [
        { code: 'other-provider', severity: 'info', message: `Another layered provider is installed: Filter${word}.`, remedy: '', fixable: false, event: null },
        { code: 'chain-broken', severity: 'error', message: `Entry 1030 in the 64-bit catalog names entry 1099, which does not exist${word}.`, remedy: 'Remove it, or reset.', fixable: false, event: null },
        { code: 'catalog-missing', severity: 'error', message: 'We are not in the 32-bit catalog.', remedy: 'Run: winsock-lsp doctor --fix', fixable: true, event },
        { code: 'dll-replaceable', severity: 'warning', message: `BOBS-LAPTOP\\alice can replace C:\\Users\\bob\\filter.dll${word}`, remedy: 'Install again.', fixable: true, event: null },
      ],
      fixed: [],
      failed: [],
    }),
    policy: known({
      lines: [`# password of bob: hunter2${word}`, `app C:\\Users\\bob\\app.exe to 10.0.0.0/8 keep${word}`, 'app telnet.exe refuse', 'to 9.9.9.9 socks5 10.1.1.1:1080 login bobs-login'],
      rules: [
        { line: 2, text: `app C:\\Users\\bob\\app.exe to 10.0.0.0/8 keep${word}`, missingInterface: `Wi-Fi${word}`, refusing: false, unknown: null },
        { line: 3, text: 'app telnet.exe refuse', missingInterface: null, refusing: false, unknown: null },
        { line: 4, text: 'to 9.9.9.9 socks5 10.1.1.1:1080 login bobs-login', missingInterface: null, refusing: true, unknown: 'action' },
      ],
      rejected: null,
    }),
    tunnels: known([
      { name: 'office', interfaceIndex: 18, address: '128.129.0.2/24', source: '11.22.33.44', address6: null, source6: null, otherwise: 'keep', publisher: 2200, delegated: false, alive: true, rejected: null },
      { name: 'old', interfaceIndex: 19, address: '10.8.0.2/24', source: '11.22.33.44', address6: null, source6: null, otherwise: 'refuse', publisher: 2300, delegated: true, alive: false, rejected: `interface 19 is not there${word}` },
    ]),
    stats: known(Object.fromEntries(Object.keys(counters).map((name, place) => [name, place * 1234])) as Stats),
    decisions: known(decisions),
    connections: known({
      connections: [
        connection({}),
        connection({ localPort: 50_001, remoteAddress: '2001:db8:1234:5678:9abc:def0:1234:5678', localAddress: '2001:db8::2', decided: null, says }),
        connection({ image: `outlook.exe${word}`, processId: 4104, standing: 'stale', localPort: 50_002 }),
        connection({ image: null, processId: 0, state: 'time_wait', decided: null, path: null }),
        connection({ state: 'listen', remoteAddress: null, remotePort: null, decided: null, standing: 'unknown', localAddress: '0.0.0.0', localPort: 445, image: 'System', processId: 4 }),
        connection({ protocol: 'udp', state: null, remoteAddress: null, remotePort: null, decided: null, standing: 'unknown', localAddress: '::', localPort: 5353 }),
      ],
      decisionsOf: 'own_user',
      policyKnown: true,
      policyRejected: null,
    }),
    history: known({
      events: [event, { ...event, change: 'install', name: `Filter${word}`, installer: `C:\\Users\\bob\\setup.exe${word}`, id: 1007, record: 3 }],
      unreadable: 1,
      recording: 'off',
    }),
  };
}
