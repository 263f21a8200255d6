/** policy list, add, remove, set, check, explain. */

import { readFileSync } from 'node:fs';

import { LspError, policy } from '../index.js';
import { PolicyError, type StoredPolicy } from '../policy.js';
import { usageError, type Command } from './command.js';
import { explanationOf, flowOptions } from './route.js';
import { columns } from './text.js';

function describe({ lines, rules, rejected }: StoredPolicy): string {
  const remarks = new Map(
    rules.map(({ line, missingInterface, refusing, unknown }) => {
      if (unknown === 'action') return [line, ['refuses: a newer version wrote its action, which this one does not know']];
      if (unknown === 'incoming') return [line, ['not in force: this version does not judge connections that come in']];
      const meanwhile = refusing ? 'refuses' : 'matches nothing';
      return [line, missingInterface === null ? [] : [`${meanwhile}: no interface ${missingInterface}, or without an address`]];
    }),
  );
  const rows = lines.map((text, index) => [String(index + 1), text, ...(remarks.get(index + 1) ?? [])]);
  const table = rows.length === 0 ? 'There are no rules.' : columns([['LINE', 'RULE'], ...rows]);
  return rejected === null ? table : `${table}\n\nNone of this is in force: ${rejected}`;
}

/** A file's text, without the byte-order mark that Windows' editors begin UTF-8 with; `-` is standard input. */
function read(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code = 'ERR_FILE', message } = error as NodeJS.ErrnoException;
    throw new LspError(`Cannot read the rules from ${path}: ${message}`, {
      code: code === 'ENOENT' ? 'ERROR_FILE_NOT_FOUND' : code,
    });
  }
}

const grammar =
  'A rule: [app NAME|PATH] [to CIDR,…] [except CIDR,…] [port N|N-N,…] [proto tcp|udp|raw] [via INTERFACE]\n' +
  'keep | source ADDRESS [otherwise keep|refuse] | source interface INTERFACE [otherwise …] | refuse\n' +
  '  | through INTERFACE [otherwise …] | socks5 ADDRESS:PORT [login NAME] [otherwise …]\n' +
  'For connections that come in: in [app …] [from CIDR,…] [except CIDR,…] [port N|N-N,…] keep | refuse\n' +
  'The first rule that matches wins; the rules of tunnels come after these.';

export const policyList: Command = {
  name: 'policy list',
  summary: "Show the administrator's rules",
  examples: [['policy list', 'the rules, by line']],
  exitCodes: ['accessDenied'],
  details: 'Rules of published tunnels are not among them: see tunnel show.',
  run() {
    const stored = policy.get();
    return { data: stored, text: describe(stored) };
  },
};

export const policyAdd: Command = {
  name: 'policy add',
  positionals: ['RULE'],
  options: { before: { value: 'LINE', help: 'put it before this line; at the end unless told' } },
  summary: 'Add a rule',
  examples: [
    ['policy add "app curl.exe source interface Ethernet"', 'curl leaves with the address of that interface'],
    ['policy add "to 192.0.2.0/24 refuse" --before 1', 'before all others'],
  ],
  exitCodes: ['accessDenied', 'notFound'],
  details:
    `${grammar}\nTakes effect in running programs. Quote the rule: winsock-lsp policy add "app curl.exe source interface Ethernet".\n` +
    'Needs an elevated prompt.',
  changes: () => true,
  async run(input) {
    const rule = input.positional('RULE');
    const line = await policy.add(rule, { before: input.integer('before') });
    return { data: { line, rule }, text: `Added the rule as line ${line}.` };
  },
};

export const policyRemove: Command = {
  name: 'policy remove',
  positionals: ['LINE'],
  options: { expect: { value: 'RULE', help: 'only if this is what stands there' } },
  summary: 'Remove a rule by its line',
  examples: [['policy remove 2 --expect "app curl.exe keep"', 'line 2, if it is still that']],
  exitCodes: ['accessDenied', 'notFound'],
  details: 'Takes effect in running programs. Needs an elevated prompt.',
  changes: () => true,
  async run(input) {
    const text = input.positional('LINE');
    if (!/^\d{1,10}$/.test(text)) throw usageError(`LINE must be a number. Received '${text}'`);
    const line = Number(text);
    const rule = await policy.remove(line, { expected: input.text('expect') });
    return { data: { line, rule }, text: `Removed line ${line}: ${rule}` };
  },
};

export const policySet: Command = {
  name: 'policy set',
  positionals: ['FILE'],
  summary: 'Replace all rules by those of a file',
  examples: [['policy set rules.txt', 'the rules of that file, and no others']],
  exitCodes: ['accessDenied', 'notFound'],
  details: `${grammar}\nFILE has a rule a line, and comments after #; - is standard input. All or nothing. Needs an elevated prompt.`,
  changes: () => true,
  async run(input) {
    await policy.set(read(input.positional('FILE')));
    const stored = policy.get();
    return { data: stored, text: describe(stored) };
  },
};

export const policyCheck: Command = {
  name: 'policy check',
  positionals: ['FILE'],
  summary: 'Say whether the rules of a file can be understood',
  examples: [['policy check rules.txt', 'where a rule cannot be understood: line and column']],
  exitCodes: ['notFound'],
  details: `${grammar}\nFILE has a rule a line; - is standard input. Changes nothing.`,
  run(input) {
    const lines = read(input.positional('FILE')).split(/\r?\n/);
    const fault = policy.check(lines);
    if (fault !== null) throw new PolicyError(fault, lines);
    const count = lines.filter((line) => /^[ \t]*[^ \t#]/.test(line)).length;
    return { data: { rules: count }, text: `${count} rules, and all can be understood.` };
  },
};

export const policyExplain: Command = {
  name: 'policy explain',
  options: {
    ...flowOptions,
    to: { value: 'ADDRESS', help: 'the destination; required' },
  },
  summary: 'Show which rule wins for a program and a destination, and what comes of it',
  examples: [['policy explain --app C:\\bin\\curl.exe --to 1.2.3.4 --port 443', 'a connection of curl']],
  exitCodes: ['accessDenied'],
  details: 'The same as route ADDRESS.',
  run(input) {
    const to = input.text('to');
    if (to === undefined) throw usageError('--to is missing');
    return explanationOf(to, input);
  },
};
