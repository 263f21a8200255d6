/**
 * The backup JSON, fuzzed. Its reader is TypeScript, which libFuzzer does not reach, so this does the same with V8: inputs are changed, as
 * bytes and as values, and one that makes a part of the reader run that none has before is kept and changed further.
 */

import { deepStrictEqual } from 'node:assert';
import { Session, type Profiler } from 'node:inspector';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { parseBackup, type Backup } from '../../ts/backup_format.js';
import { LspError } from '../../ts/errors.js';

export interface FuzzOptions {
  /** Folders of inputs to begin with. */
  corpus: readonly string[];
  seed: number;
  /** Asked before each execution. */
  goOn: (executions: number) => boolean;
  /** Where inputs are kept that reach something new; nowhere unless told. */
  found?: string;
}

export interface FuzzResult {
  executions: number;
  /** How many of them were backups. */
  accepted: number;
  /** How many parts of the reader have run. */
  covered: number;
  /** The input that broke a property, and how; undefined if none did. */
  broken?: { input: string; error: Error };
}

const longestMessage = 500;
const limits = { order: 1024, name: 255, path: 259, identifier: 259, created: 40 };

function require(holds: boolean, property: string): asserts holds {
  if (!holds) throw new Error(`PROPERTY BROKEN: ${property}`);
}

/** Parses it, and checks what must hold whatever it is. True if it is a backup. */
export function check(input: string): boolean {
  let backup: Backup;
  try {
    backup = parseBackup(input, 'FILE');
  } catch (error) {
    require(error instanceof LspError && error.code === 'ERR_INVALID_BACKUP', `a rejection is an LspError, not ${String(error)}`);
    require(error.message.length <= longestMessage, `a rejection's message is short, not ${error.message.length} characters`);
    require(!/[\u0000-\u001f\u007f-\u009f]/.test(error.message), `a rejection's message is printable: ${JSON.stringify(error.message)}`);
    return false;
  }
  require(backup.catalogs.length >= 1 && backup.catalogs.length <= 2, 'there are one or two catalogs');
  for (const { entries, namespaces = [] } of backup.catalogs) {
    require(entries.length <= limits.order && namespaces.length <= limits.order, 'a catalog has at most 1024 entries');
    for (const entry of entries) {
      require(entry.name.length <= limits.name && entry.path.length <= limits.path, 'names and paths are as short as Windows’');
      require(entry.chainLength <= 1 || entry.chain.length === entry.chainLength, 'a chain is as long as it says');
      require(Number.isInteger(entry.id) && entry.id >= 0 && entry.id <= 0xffff_ffff, 'an id is a DWORD');
    }
    require(new Set(entries.map(({ id }) => id)).size === entries.length, 'no id is there twice');
  }
  const printed = JSON.stringify({ format: 'winsock-lsp protocol catalog', ...backup });
  deepStrictEqual(parseBackup(printed, 'FILE'), backup, 'what was read is read again from its own text');
  return true;
}

/** Marsaglia's xorshift: the same numbers everywhere. */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed === 0 ? 1 : seed;
  }
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const values: readonly unknown[] = [
  null, true, false, 0, 1, -1, 2, 7, 8, 1024, 1025, 1.5, -0, 0x7fff_ffff, -0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 2 ** 53, 1e300,
  '', 'x', 'x'.repeat(255), 'x'.repeat(256), 'x'.repeat(260), 'x'.repeat(5000), '\0', '\u001b[31m', '\ud800', 'x64', 'ia32', '{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}',
  [], [0], [1001], [1, 2, 3, 4, 5, 6, 7, 8], {}, [[]], { order: 1 },
];
const names = ['order', 'id', 'chain', 'catalogs', '__proto__', 'constructor', 'toString', '', 'x'.repeat(3000), '\u001b]0;x\u0007', 'lspCategories'];
const tokens = ['{', '}', '[', ']', ',', ':', '"', '\\', '\\u0000', '\\ud800', '1e999', '-', '0', '\u0000', '\u001b', '\ufeff', 'null', '\n'];

type Holder = Record<string, unknown>;

function holders(value: unknown, into: Holder[] = []): Holder[] {
  if (typeof value !== 'object' || value === null) return into;
  into.push(value as Holder);
  for (const each of Object.values(value)) holders(each, into);
  return into;
}

function changeValue(text: string, random: Random): string {
  const root = { value: JSON.parse(text.replace(/^\uFEFF/, '')) as unknown };
  for (let changes = 1 + random.below(3); changes > 0; --changes) {
    const all = holders(root);
    const holder = random.of(all);
    const key = random.of([...Object.keys(holder), random.of(names)]);
    const put = (value: unknown) => Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
    switch (random.below(4)) {
      case 0: put(random.of(values)); break;
      case 1: if (Array.isArray(holder)) holder.splice(random.below(holder.length + 1), 1); else delete holder[key]; break;
      case 2: put(structuredClone(random.of(Object.values(random.of(all))) ?? null)); break;
      default: if (Array.isArray(holder) && holder.length < 1100) holder.push(...(structuredClone(holder) as unknown[])); else put(random.of(values));
    }
  }
  return JSON.stringify(root.value) ?? 'null';
}

function changeText(text: string, random: Random): string {
  for (let changes = 1 + random.below(3); changes > 0; --changes) {
    const at = random.below(text.length + 1);
    const end = at + random.below(8);
    switch (random.below(4)) {
      case 0: text = text.slice(0, at) + random.of(tokens) + text.slice(at); break;
      case 1: text = text.slice(0, at) + text.slice(end); break;
      case 2: text = text.slice(0, at) + random.of(tokens) + text.slice(end); break;
      default: text = random.below(4) === 0 ? text.slice(0, at) : text.slice(0, at) + String.fromCharCode(random.below(0x180)) + text.slice(at + 1);
    }
  }
  return text;
}

function changed(text: string, random: Random): string {
  if (random.below(3) > 0) {
    try {
      return changeValue(text, random);
    } catch {
      // It is no JSON any more.
    }
  }
  return changeText(text, random);
}

/** Which parts of the reader have run, by V8's own count. */
class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  get size(): number {
    return this.#seen.size;
  }

  /** Whether anything has run since the last question that had not run before. */
  anythingNew(): boolean {
    const before = this.#seen.size;
    this.#session.post('Profiler.takePreciseCoverage', (_error: Error | null, answer: Profiler.TakePreciseCoverageReturnType) => {
      for (const { url, functions } of answer.result) {
        if (!url.includes('backup_format')) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            // How often, in powers of two: a second entry is something else than the first.
            if (count > 0) this.#seen.add(`${startOffset}-${endOffset}:${32 - Math.clz32(count)}`);
          }
        }
      }
    });
    return this.#seen.size > before;
  }

  close(): void {
    this.#session.disconnect();
  }
}

export function fuzzBackup({ corpus, seed, goOn, found }: FuzzOptions): FuzzResult {
  const waiting = corpus.flatMap((folder) => readdirSync(folder).sort().map((name) => readFileSync(join(folder, name), 'utf8')));
  const kept: string[] = [];
  const random = new Random(seed);
  const coverage = new Coverage();
  let executions = 0;
  let accepted = 0;
  try {
    while (waiting.length > 0 || goOn(executions)) {
      const given = waiting.shift();
      const input = given ?? changed(random.of(kept), random);
      ++executions;
      try {
        if (check(input)) ++accepted;
      } catch (error) {
        return { executions, accepted, covered: coverage.size, broken: { input, error: error as Error } };
      }
      const isNew = coverage.anythingNew();
      if (given === undefined && !isNew) continue;
      if (input.length < 20_000) kept.push(input);
      if (given === undefined && found !== undefined && input.length < 20_000) {
        writeFileSync(join(found, createHash('sha1').update(input).digest('hex')), input);
      }
    }
    return { executions, accepted, covered: coverage.size };
  } finally {
    coverage.close();
  }
}
