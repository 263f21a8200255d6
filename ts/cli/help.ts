import { commonOptions, optionsOf, type Command, type OptionDescription } from './command.js';
import { allExitCodes, exitCodeRows, type ExitCode } from './exit_codes.js';
import { plain, type Terminal } from './terminal.js';
import { columns, wrap } from './text.js';

const program = 'winsock-lsp';
// Longer lines are hard to read, and a narrower terminal is rare.
const widestText = 100;

const everyCommand: readonly ExitCode[] = ['success', 'failure', 'usage', 'unsupportedPlatform', 'interrupted'];

function optionRows(options: Readonly<Record<string, OptionDescription>>): string[][] {
  return Object.entries(options)
    .filter(([, { aliasOf }]) => aliasOf === undefined)
    .map(([name, { value, help, multiple = false }]) => [
      `--${name}${value === undefined ? '' : ` ${value}`}`,
      `${help}${multiple ? ' (may be repeated)' : ''}`,
    ]);
}

/** Rows of two columns, of which the second is wrapped beside the first. */
function definitions(rows: readonly (readonly string[])[], width: number): string {
  const first = Math.max(...rows.map(([name = '']) => name.length)) + 4;
  return rows.map(([name = '', text = '']) => `  ${name}`.padEnd(first) + wrap(text, width, first)).join('\n');
}

/** What is typed after the program's name. */
function synopsis({ name, positionals = [], rest }: Command): string {
  return [name, ...positionals, ...(rest === undefined ? [] : [`[${rest}...]`])].join(' ');
}

export function commandHelp(command: Command, terminal: Terminal = plain): string {
  const { summary, details, examples = [], exitCodes = [] } = command;
  const width = Math.max(40, Math.min(terminal.width, widestText));
  const what = wrap(`${summary}.${details === undefined ? '' : `\n${details}`}`, width);
  const shown = examples.flatMap(([line, does]) => [`  ${program} ${line}`, `      ${wrap(does, width, 6)}`]);
  return [
    `Usage: ${program} ${synopsis(command)} [options]`,
    what,
    `Options:\n${definitions(optionRows(optionsOf(command)), width)}`,
    ...(shown.length > 0 ? [`Examples:\n${shown.join('\n')}`] : []),
    `Exit codes:\n${definitions(exitCodeRows([...everyCommand, ...exitCodes]), width)}`,
  ].join('\n\n');
}

/** Of all commands, or of those of one group, such as `tunnel`. */
export function overview(commands: readonly Command[], group?: string): string {
  const shown = group === undefined ? commands : commands.filter(({ name }) => name.startsWith(`${group} `));
  const rows = shown.map((command) => [synopsis(command), command.summary]);
  const common = group === undefined ? { ...commonOptions, version: { help: 'print the version' } } : commonOptions;
  return [
    `Usage: ${[program, ...(group === undefined ? [] : [group])].join(' ')} COMMAND [options]`,
    `Commands:\n${columns(rows, { indent: 2 })}`,
    `Options of every command:\n${columns(optionRows(common), { indent: 2 })}`,
    `Exit codes:\n${columns(exitCodeRows(allExitCodes), { indent: 2 })}`,
    `'${program} COMMAND --help' tells more.`,
  ].join('\n\n');
}
