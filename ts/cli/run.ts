/** From the arguments to the exit code. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { LspError } from '../errors.js';
import { packageRoot } from '../root.cjs';
import { backup, restore } from './backup.js';
import { install, list, remove } from './catalog.js';
import { readInput, usageError, type Command } from './command.js';
import { exitCodeOf, exitCodes } from './exit_codes.js';
import { commandHelp, overview } from './help.js';
import { doctor } from './doctor.js';
import { order } from './order.js';
import { route } from './route.js';
import { stats } from './stats.js';
import { tunnelClear, tunnelSet, tunnelShow } from './tunnel.js';

const commands: readonly Command[] = [
  list,
  install,
  remove,
  order,
  backup,
  restore,
  doctor,
  route,
  tunnelShow,
  tunnelSet,
  tunnelClear,
  stats,
];
const groups = new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0]] : [])));

const print = (text: string) => process.stdout.write(`${text}\n`);

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
}

/** Runs a command and gives the program's exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  let known = '';
  try {
    // Options of every command may come before it.
    const start = argv.findIndex((word) => word !== '--json');
    const [first, ...rest] = start < 0 ? [] : argv.slice(start);
    if (first === '--help' || first === '-h') return help(overview(commands));
    if (first === '--version') return help(version());
    if (first === undefined) throw usageError('which command?');
    if (first.startsWith('-')) throw usageError(`unknown option '${first}'`);

    const grouped = groups.has(first);
    if (grouped && (rest[0] === '--help' || rest[0] === '-h')) return help(overview(commands, first));
    const second = grouped ? rest.shift() : undefined;
    const name = second === undefined ? first : `${first} ${second}`;
    if (grouped) known = `${first} `;
    const command = commands.find((each) => each.name === name);
    if (command === undefined) {
      throw usageError(grouped && second === undefined ? `which ${first} command?` : `unknown command '${name}'`);
    }
    known = `${name} `;

    const input = readInput(command, rest);
    if (input.flag('help')) return help(commandHelp(command));
    const { data, text, exitCode = exitCodes.success } = await command.run(input);
    print(json ? JSON.stringify(data) : text);
    return exitCode;
  } catch (error) {
    if (!(error instanceof LspError)) throw error;
    if (json) print(JSON.stringify({ error }));
    const advice = error.code === 'ERR_USAGE' ? `\nTry 'winsock-lsp ${known}--help'.` : '';
    if (!json) process.stderr.write(`winsock-lsp: ${error.message}${advice}\n`);
    return exitCodeOf(error);
  }
}

function help(text: string): number {
  print(text);
  return exitCodes.success;
}
