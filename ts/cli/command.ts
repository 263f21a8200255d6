/** What a command is, and how its arguments are read. */

import { parseArgs } from 'node:util';

import { LspError } from '../errors.js';
import type { ExitCode } from './exit_codes.js';
import type { Terminal } from './terminal.js';

export interface OptionDescription {
  /** The value's name in the help; without it the option is a switch. */
  value?: string;
  /** May be given more than once. */
  multiple?: boolean;
  /** Another name for an option, which the help does not show. */
  aliasOf?: string;
  help: string;
}

/** A command line as one would type it, without the program's name, and what it does. */
export type Example = readonly [line: string, does: string];

export interface Command {
  /** As typed, e.g. `tunnel set`. */
  name: string;
  /** Names of the arguments without dashes; all are required. */
  positionals?: readonly string[];
  /** The name of further arguments, none or more. */
  rest?: string;
  options?: Readonly<Record<string, OptionDescription>>;
  summary: string;
  /** Further paragraphs of the help: what it does, what it needs, what it changes. Lines are wrapped where they are shown. */
  details?: string;
  examples?: readonly Example[];
  /** Those that it can end with besides success, failure, usage, unsupportedPlatform and interrupted, which all can. */
  exitCodes?: readonly ExitCode[];
  /**
   * Whether it changes the machine with these arguments. Then, elevated, it does not run out of a folder where others than
   * administrators can write, unless --trust-source, which it understands by this, says so.
   */
  changes?(input: Input): boolean;
  /** A command that goes on gives its output piece by piece; with --json each is a line. */
  run(input: Input): Output | Promise<Output> | AsyncIterable<Output>;
}

export interface Output {
  /** For --json. */
  data: unknown;
  /** For people; without the last line's end. A function where it depends on the terminal. */
  text: string | ((terminal: Terminal) => string);
  /** `success` unless told. */
  exitCode?: ExitCode;
}

export function usageError(message: string): LspError {
  return new LspError(message, { code: 'ERR_USAGE' });
}

/** What every command understands. */
export const commonOptions: Readonly<Record<string, OptionDescription>> = {
  json: { help: 'print JSON, errors too: {"error": {code, errno, syscall, message}}' },
  help: { help: 'show this' },
};

/** What every command that changes something understands besides. */
export const changingOptions: Readonly<Record<string, OptionDescription>> = {
  'trust-source': {
    help: 'elevated, run out of, and install from, a folder where others than administrators can write (see docs/fleet.md)',
  },
};

/** All that a command understands. */
export function optionsOf({ options, changes }: Command): Readonly<Record<string, OptionDescription>> {
  return { ...options, ...(changes === undefined ? {} : changingOptions), ...commonOptions };
}

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

export class Input {
  readonly #values: Values;
  readonly #positionals: Readonly<Record<string, string>>;
  readonly #rest: readonly string[];

  constructor(values: Values, positionals: Readonly<Record<string, string>>, rest: readonly string[] = []) {
    this.#values = values;
    this.#positionals = positionals;
    this.#rest = rest;
  }

  rest(): readonly string[] {
    return this.#rest;
  }

  positional(name: string): string {
    const value = this.#positionals[name];
    if (value === undefined) throw new TypeError(`the command has no ${name}`);
    return value;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,10}$/.test(text)) throw usageError(`--${name} must be a number. Received '${text}'`);
    return Number(text);
  }
}

/** Reads a command's arguments. Throws ERR_USAGE. */
export function readInput(command: Command, argv: readonly string[]): Input {
  const options = Object.fromEntries(
    Object.entries(optionsOf(command)).map(([name, { value, multiple = false }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple },
    ]),
  );
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    // parseArgs adds advice in further sentences.
    const message = error instanceof Error ? (error.message.split(/\. (?=To |Did )/)[0] ?? '') : String(error);
    throw usageError(message);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return new Input(values, {});
  const names = command.positionals ?? [];
  const missing = names[positionals.length];
  if (missing !== undefined) throw usageError(`${missing} is missing`);
  const extra = positionals[names.length];
  if (extra !== undefined && command.rest === undefined) throw usageError(`unexpected argument '${extra}'`);
  for (const [name, { aliasOf }] of Object.entries(command.options ?? {})) {
    if (aliasOf === undefined || values[name] === undefined) continue;
    if (values[aliasOf] !== undefined) throw usageError(`--${name} and --${aliasOf} are the same option`);
    values[aliasOf] = values[name];
  }
  const named = Object.fromEntries(names.map((name, index) => [name, positionals[index] ?? '']));
  return new Input(values, named, positionals.slice(names.length));
}
