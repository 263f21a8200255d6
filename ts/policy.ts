/** The administrator's rules: which program gets which source address towards which destination. */

import { checkInteger, checkObject, checkText, invalidType } from './arguments.js';
import { LspError } from './errors.js';
import { callNative } from './native.js';

export { explain } from './routes.js';

export interface PolicyRule {
  /** Of the policy's lines, from 1. */
  line: number;
  text: string;
  /**
   * An interface that the rule names and this host does not have, or one that has no address for `source interface` or `through`. Until it
   * does, the rule matches nothing (one with `through` and `otherwise keep` keeps what it matches), unless `refusing`.
   */
  missingInterface: string | null;
  /** Until then the rule refuses what it matches: `source interface` with `otherwise refuse`, or `through` without `otherwise keep`. */
  refusing: boolean;
  /**
   * What of the line this version does not know, because a newer one wrote it. `action`: the rule refuses what it matches;
   * `incoming`: it is for connections that come in, and matches nothing. Null if all is known.
   */
  unknown: 'action' | 'incoming' | null;
}

export interface StoredPolicy {
  /** As they stand in the registry, comments too. */
  lines: string[];
  /** The lines that are rules, in order: the first that matches wins. Empty if `rejected` is not null. */
  rules: PolicyRule[];
  /** Why the lines are not in force, if something else than this package wrote them and they cannot be understood. */
  rejected: string | null;
}

export interface PolicyFault {
  /** From 1; 0 if it is no line's fault (the whole is too long). */
  line: number;
  /** From 1, in bytes of UTF-8: where the rejected word starts, or the rejected value of a list. */
  column: number;
  /** What was expected and what was found. */
  message: string;
}

/** `ERR_INVALID_POLICY`, with the place of the fault. */
export class PolicyError extends LspError {
  readonly line: number;
  readonly column: number;
  /** The line itself. */
  readonly text: string;

  constructor({ line, column, message }: PolicyFault, lines: readonly string[]) {
    const place = line === 0 ? '' : `line ${line}, column ${column}: `;
    super(`The policy cannot be understood: ${place}${message}. Nothing was changed.`, { code: 'ERR_INVALID_POLICY' });
    this.line = line;
    this.column = column;
    this.text = lines[line - 1] ?? '';
  }
}

const isRule = (line: string) => /^[ \t]*[^ \t#]/.test(line);

function linesOf(rules: string | readonly string[], name: string): string[] {
  if (typeof rules === 'string') {
    checkText(rules, name);
    return rules.replace(/^\uFEFF/, '').split(/\r?\n/);
  }
  if (!Array.isArray(rules)) throw invalidType(name, 'of type string, or an array of strings', rules);
  for (const line of rules) checkText(line, `${name}[]`);
  return [...(rules as readonly string[])];
}

function requireGood(lines: string[]): void {
  const fault = callNative((native) => native.policyFault(lines));
  if (fault !== null) throw new PolicyError(fault, lines);
}

/**
 * The rules as they are stored. A tunnel's rule is not among them: see tunnel.list.
 *
 * @throws LspError ERROR_ACCESS_DENIED and others of reading the registry; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: RegQueryValueExW of HKLM\SOFTWARE\winsock-lsp, value Policy (REG_MULTI_SZ).
 */
export function get(): StoredPolicy {
  const { lines, missingInterfaces, refusing, unknown, rejected } = callNative((native) => native.readPolicy());
  const numbered = lines.map((text, index) => ({ line: index + 1, text })).filter(({ text }) => isRule(text));
  const rules =
    rejected === null
      ? numbered.map((rule, index) => ({
          ...rule,
          missingInterface: missingInterfaces[index] ?? null,
          refusing: refusing[index] ?? false,
          unknown: (unknown[index] ?? null) as PolicyRule['unknown'],
        }))
      : [];
  return { lines, rules, rejected };
}

/** What is to be said of a stored rule that can be understood and carried out, and may still not be what was meant. */
export interface PolicyWarning {
  /** Of the policy's lines, from 1. */
  line: number;
  /**
   * `proxy-loop`: the program that listens at the proxy's address would itself be led there; `login-in-clear`: user name and password go to
   * another host, as SOCKS 5 has it in clear.
   */
  kind: 'proxy-loop' | 'login-in-clear';
  /** What, why, and what to do. */
  message: string;
}

/**
 * What is to be said of the stored rules, in their order. Who listens at a proxy's address is asked now.
 *
 * @throws LspError ERROR_ACCESS_DENIED and others of reading the registry; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: GetExtendedTcpTable.
 */
export function warnings(): PolicyWarning[] {
  const { rules } = get();
  return callNative((native) => native.policyWarnings()).map(({ kind, rule, message }) => ({ line: rules[rule]?.line ?? 0, kind, message }));
}

/**
 * Where a policy cannot be understood; null if it can. Nothing is changed.
 *
 * @param rules Lines, or a text of several lines, which may begin with a byte-order mark; docs/policy.md has the grammar.
 * @throws LspError ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 */
export function check(rules: string | readonly string[]): PolicyFault | null {
  const lines = linesOf(rules, 'rules');
  return callNative((native) => native.policyFault(lines));
}

/**
 * Replaces all rules, in one write: running programs go by the old ones or by the new ones, never by a mixture. Blank lines are
 * left out. Needs an elevated process.
 *
 * @param rules Lines, or a text of several lines.
 * @throws LspError (rejects) ERR_INVALID_POLICY (a PolicyError, with line and column); ERR_DLL_TOO_OLD: a DLL that is registered
 *   does not understand a line; ERR_POLICY_BUSY: another process holds the lock; ERROR_ACCESS_DENIED; what the failing function
 *   gives; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; ERR_UNSUPPORTED_PLATFORM.
 *
 * Windows: RegSetValueExW.
 */
export async function set(rules: string | readonly string[]): Promise<void> {
  const lines = linesOf(rules, 'rules');
  requireGood(lines);
  await callNative((native) => native.writePolicy(lines));
}

/** Changes what is stored; again if somebody else has changed it in between. */
async function change<T>(edit: (lines: string[]) => T): Promise<T> {
  const attempts = 10;
  for (let attempt = 1; ; ++attempt) {
    const { lines, rejected } = get();
    if (rejected !== null) {
      throw new LspError(
        `Cannot change the policy: what is stored cannot be understood (${rejected}). Replace it as a whole, with policy set.`,
        { code: 'ERR_INVALID_POLICY' },
      );
    }
    const changed = [...lines];
    const result = edit(changed);
    requireGood(changed);
    try {
      await callNative((native) => native.writePolicy(changed, lines));
      return result;
    } catch (error) {
      if (!(error instanceof LspError) || error.code !== 'ERR_POLICY_CHANGED' || attempt === attempts) throw error;
    }
  }
}

/**
 * Replaces the lines by what `changed` makes of them, in one write, and again if somebody else has changed them in between.
 *
 * @throws LspError (rejects) as add.
 */
export async function edit(changed: (lines: readonly string[]) => readonly string[]): Promise<void> {
  if (typeof changed !== 'function') throw invalidType('changed', 'of type function', changed);
  await change((lines) => {
    lines.splice(0, lines.length, ...linesOf(changed([...lines]), 'changed()'));
  });
}

function requireLine(line: number, lines: readonly string[]): void {
  if (line <= lines.length) return;
  throw new LspError(`Cannot find line ${line} of the policy: it has ${lines.length}. Look at it with policy list.`, {
    code: 'ERROR_NOT_FOUND',
    errno: 1168,
  });
}

/**
 * Adds a rule, after all others or before a line. Needs an elevated process.
 *
 * @param rule One rule, or a comment that begins with #.
 * @param options.before The line that it is to stand before, from 1; the end unless told.
 * @returns The new rule's line.
 * @throws LspError (rejects) as set; ERROR_NOT_FOUND: no such line; ERR_INVALID_POLICY also if what is stored is rejected.
 */
export async function add(rule: string, options: { before?: number | undefined } = {}): Promise<number> {
  checkText(rule, 'rule');
  checkObject(options, 'options');
  const { before } = options;
  if (before !== undefined) checkInteger(before, 'options.before', 1, Number.MAX_SAFE_INTEGER);
  // Alone first, so that a fault is told by its column.
  requireGood([rule]);
  if (rule.trim() === '') throw new PolicyError({ line: 1, column: 1, message: 'expected a rule, found nothing' }, [rule]);
  return change((lines) => {
    if (before !== undefined) requireLine(before, lines);
    const at = before === undefined ? lines.length : before - 1;
    lines.splice(at, 0, rule);
    return at + 1;
  });
}

/**
 * Removes a line. Needs an elevated process.
 *
 * @param line From 1, as get counts them.
 * @param options.expected What is to stand there; otherwise nothing is removed. So no other rule goes when somebody has changed the policy.
 * @returns What stood there.
 * @throws LspError (rejects) as add; ERR_POLICY_CHANGED: something else than `expected` stands there.
 */
export async function remove(line: number, options: { expected?: string | undefined } = {}): Promise<string> {
  checkInteger(line, 'line', 1, Number.MAX_SAFE_INTEGER);
  checkObject(options, 'options');
  const { expected } = options;
  if (expected !== undefined) checkText(expected, 'options.expected');
  const { lines: seen } = get();
  requireLine(line, seen);
  const text = expected ?? seen[line - 1] ?? '';
  return change((lines) => {
    if (lines[line - 1] !== text) {
      throw new LspError(`Cannot remove line ${line} of the policy: it is not '${text}' now. Look at it with policy list.`, {
        code: 'ERR_POLICY_CHANGED',
      });
    }
    lines.splice(line - 1, 1);
    return text;
  });
}
