/** From the arguments to the exit code. */

import { LspError } from '../errors.js';
import { checkRunFrom } from '../origin.js';
import { PolicyError } from '../policy.js';
import { readInput, usageError } from './command.js';
import { commands } from './commands.js';
import { exitCodeOf, exitCodes, type ExitCode } from './exit_codes.js';
import { commandHelp, overview } from './help.js';
import { Interrupted } from './interrupt.js';
import { describeTerminal } from './terminal.js';
import { packageVersion } from './version.js';

const groups = new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0]] : [])));

const print = (text: string) => process.stdout.write(`${text}\n`);

/** Runs a command and gives the program's exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  let known = '';
  try {
    // Options of every command may come before it.
    const start = argv.findIndex((word) => word !== '--json');
    const [first, ...rest] = start < 0 ? [] : argv.slice(start);
    if (first === '--help' || first === '-h') return help(overview(commands));
    if (first === '--version') return help(packageVersion());
    if (first === undefined) throw usageError('which command?');
    if (first.startsWith('-')) throw usageError(`unknown option '${first}'`);

    const grouped = groups.has(first);
    if (grouped && (rest[0] === '--help' || rest[0] === '-h')) return help(overview(commands, first));
    // `app NAME` is a command as `app list` is.
    const alone = commands.some((each) => each.name === first) && !commands.some((each) => each.name === `${first} ${rest[0] ?? ''}`);
    const second = grouped && !alone ? rest.shift() : undefined;
    const name = second === undefined ? first : `${first} ${second}`;
    if (grouped && !alone) known = `${first} `;
    const command = commands.find((each) => each.name === name);
    if (command === undefined) {
      throw usageError(grouped && second === undefined ? `which ${first} command?` : `unknown command '${name}'`);
    }
    known = `${name} `;

    const input = readInput(command, rest);
    const terminal = describeTerminal(process.stdout, process.env);
    if (input.flag('help')) return help(commandHelp(command, terminal));
    // Elsewhere the command itself says that it is not for this platform.
    if (process.platform === 'win32' && command.changes?.(input) === true && !input.flag('trust-source')) await checkRunFrom();
    const result = command.run(input);
    let ending: ExitCode = 'success';
    for await (const { data, text, exitCode = 'success' } of Symbol.asyncIterator in result ? result : once(result)) {
      print(json ? JSON.stringify(data) : typeof text === 'function' ? text(terminal) : text);
      ending = exitCode;
    }
    return exitCodes[ending];
  } catch (error) {
    if (error instanceof Interrupted) return exitCodes.interrupted;
    if (!(error instanceof LspError)) throw error;
    if (json) print(JSON.stringify({ error }));
    const advice = error.code === 'ERR_USAGE' ? `\nTry 'winsock-lsp ${known}--help'.` : '';
    if (!json) process.stderr.write(`winsock-lsp: ${error.message}${advice}\n${pointer(error)}`);
    return exitCodeOf(error);
  }
}

/** The rejected line with a mark under the place. */
function pointer(error: LspError): string {
  if (!(error instanceof PolicyError) || error.text === '') return '';
  const before = Buffer.from(error.text).subarray(0, error.column - 1).toString();
  return `  ${error.text}\n  ${before.replaceAll(/[^\t]/g, ' ')}^\n`;
}

async function* once<T>(result: T | Promise<T>): AsyncGenerator<T> {
  yield await result;
}

function help(text: string): number {
  print(text);
  return exitCodes.success;
}
