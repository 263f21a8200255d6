import { commonOptions, type Command, type OptionDescription } from './command.js';
import { exitCodeHelp } from './exit_codes.js';
import { columns } from './text.js';

const program = 'winsock-lsp';

function optionRows(options: Readonly<Record<string, OptionDescription>>): string[][] {
  return Object.entries(options).map(([name, { value, help, multiple = false }]) => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    `${help}${multiple ? ' (may be repeated)' : ''}`,
  ]);
}

/** What is typed after the program's name. */
function synopsis({ name, positionals = [], rest }: Command): string {
  return [name, ...positionals, ...(rest === undefined ? [] : [`[${rest}...]`])].join(' ');
}

export function commandHelp(command: Command): string {
  const { options = {}, summary, details } = command;
  return [
    `Usage: ${program} ${synopsis(command)} [options]`,
    `${summary}.${details === undefined ? '' : `\n${details}`}`,
    `Options:\n${columns(optionRows({ ...options, ...commonOptions }), { indent: 2 })}`,
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
    `Exit codes:\n${columns(exitCodeHelp, { indent: 2 })}`,
    `'${program} COMMAND --help' tells more.`,
  ].join('\n\n');
}
