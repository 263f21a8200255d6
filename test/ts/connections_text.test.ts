// What the command line says of a connection, and what it never prints. No Windows, no addon.
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { connectionOptions, chosen, connectionTable, endpoint, notes, remoteText, ruleText } from '../../ts/cli/connections.js';
import { readInput } from '../../ts/cli/command.js';
import { textWidth } from '../../ts/cli/text.js';
import type { Connection, ConnectionDecision, ConnectionPolicy } from '../../ts/connections.js';

const wide = (width: number) => ({ width, colours: false });

const decided: ConnectionDecision = {
  time: new Date(0),
  certain: true,
  verdict: 'source',
  reason: 'rule',
  rule: 'via 12 source 11.22.33.44',
  tunnel: 'office',
  ruleNumber: 2,
  source: '11.22.33.44',
  result: 'carried_out',
};
const says: ConnectionPolicy = {
  verdict: 'keep',
  reason: 'no_rule',
  source: null,
  otherwise: 'keep',
  rule: null,
  tunnel: null,
};

function connection(more: Partial<Connection> = {}): Connection {
  return {
    protocol: 'tcp',
    state: 'established',
    localAddress: '11.22.33.44',
    localPort: 50_000,
    remoteAddress: '1.2.3.4',
    remotePort: 443,
    destinationAddress: null,
    destinationPort: null,
    created: null,
    processId: 100,
    image: 'curl.exe',
    path: 'C:\\Windows\\curl.exe',
    started: null,
    block: null,
    interfaceIndex: 12,
    interfaceName: 'Ethernet',
    incoming: false,
    decided,
    says,
    standing: 'unknown',
    ...more,
  };
}

test('a rule is called decided only where it was told of the connection', () => {
  const situations: readonly (readonly [Partial<Connection>, string])[] = [
    [{}, 'via 12 source 11.22.33.44'],
    [{ decided: { ...decided, certain: false } }, 'probably via 12 source 11.22.33.44'],
    [{ decided: { ...decided, rule: null } }, 'rule 3 of an earlier policy'],
    [{ decided: { ...decided, rule: null, ruleNumber: null, reason: 'no_rule' } }, 'no rule'],
    [{ decided: { ...decided, result: 'otherwise_keep' } }, 'via 12 source 11.22.33.44 (could not be had: left to Windows)'],
    [{ decided: null }, 'now: no rule'],
    [{ decided: null, says: { ...says, rule: 'refuse', reason: 'rule' } }, 'now: refuse'],
    [{ decided: null, says: { ...says, reason: 'loopback' } }, 'now: loopback'],
    [{ decided: null, says: null }, '?'],
    [{ incoming: true }, '(came in)'],
    [{ remoteAddress: null, remotePort: null }, ''],
  ];
  for (const [more, text] of situations) assert.is(ruleText(connection(more)), text);
});

test('of a connection that was led, where the program connected to and by which proxy', () => {
  assert.is(remoteText(connection()), '1.2.3.4:443');
  const led = connection({ remoteAddress: '::1', remotePort: 1080, destinationAddress: 'fd01::4', destinationPort: 443 });
  assert.is(remoteText(led), '[fd01::4]:443 by [::1]:1080');
  assert.is(remoteText(connection({ remoteAddress: null, remotePort: null })), '');
});

test('endpoints are written as in URLs, the wildcard as *', () => {
  assert.equal(
    [endpoint('1.2.3.4', 80), endpoint('fe80::1', 80), endpoint('::', 80), endpoint('0.0.0.0', 0), endpoint(null, null)],
    ['1.2.3.4:80', '[fe80::1]:80', '*:80', '*:0', ''],
  );
});

test('a name with an escape sequence cannot steer the terminal, and no line is wider than it', () => {
  const evil = '\u001b]0;owned\u0007\u001b[2J\r\n\u202egpj.exe';
  const shown = connectionTable(
    [
      connection({ image: evil, interfaceName: evil, decided: { ...decided, rule: evil } }),
      connection({ image: '程序'.repeat(40), decided: { ...decided, rule: 'x'.repeat(4096) } }),
    ],
    wide(100),
  );
  // eslint-disable-next-line no-control-regex
  assert.not.match(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.is(shown.split('\n').length, 3);
  for (const line of shown.split('\n')) assert.ok(textWidth(line) <= 100, line);
});

test('stale connections say what would become of them now', () => {
  const table = connectionTable(
    [
      connection({ standing: 'stale' }),
      connection({ standing: 'stale', says: { ...says, verdict: 'refuse' } }),
      connection({ standing: 'stale', decided: null, says: { ...says, verdict: 'source', source: '5.6.7.8' } }),
      connection({ standing: 'current' }),
    ],
    wide(200),
  );
  const lines = table.split('\n');
  assert.match(lines[1] ?? '', /now left alone/);
  assert.match(lines[2] ?? '', /now refuse/);
  assert.match(lines[3] ?? '', /not from 5\.6\.7\.8/);
  assert.not.match(lines[4] ?? '', /now/);
  assert.not.match(connectionTable([connection()], wide(200)), /STALE/);
});

test('filters look at what they say', () => {
  const command = { name: 'x', summary: '', ...(connectionOptions === undefined ? {} : { options: connectionOptions }), run: () => ({ data: null, text: '' }) };
  const fits = (parameters: string[], more: Partial<Connection>) =>
    chosen(readInput(command, parameters), (name) => (name === 'office' ? 12 : undefined))(connection(more));
  const situations: readonly (readonly [string[], Partial<Connection>, boolean])[] = [
    [['--app', 'curl*'], {}, true],
    [['--app', 'curl'], {}, false],
    [['--app', 'curl*'], { image: null }, false],
    [['--to', '1.2.0.0/16'], {}, true],
    [['--to', '1.2.0.0/16'], { remoteAddress: null }, false],
    [['--rule', 'source 11.'], {}, true],
    [['--rule', 'source'], { decided: null }, false],
    [['--rule', 'via*'], {}, true],
    [['--rule', 'source*'], {}, false],
    [['--tunnel', 'office'], { interfaceIndex: 1 }, true],
    [['--tunnel', 'office'], { decided: null, interfaceIndex: 12 }, true],
    [['--tunnel', 'office'], { decided: null, interfaceIndex: 1 }, false],
    [['--tunnel', 'gone'], { decided: null, interfaceIndex: null }, false],
    [['--stale'], {}, false],
    [['--stale'], { standing: 'stale' }, true],
  ];
  for (const [parameters, more, expected] of situations) assert.is(fits(parameters, more), expected, `${parameters} ${JSON.stringify(more)}`);
});

test('what is not told to this user is said', () => {
  const table = { connections: [connection({ path: null })], policyKnown: true, policyRejected: null };
  assert.equal(notes({ ...table, decisionsOf: 'everybody' }), []);
  assert.is(notes({ ...table, decisionsOf: 'own_user' }).length, 2);
  assert.match(notes({ ...table, decisionsOf: 'everybody', policyKnown: false, policyRejected: 'line 1' }).join(' '), /cannot be read.*not in force: line 1/);
});

test.run();
