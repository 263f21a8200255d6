/** The terminal as a screen that is taken, drawn on, and given back as it was. */

import type { ReadStream, WriteStream } from 'node:tty';

import { LspError } from '../errors.js';
import { keysOf } from './top_view.js';

// The alternate screen, no cursor, no wrapping at the right edge; and back.
const take = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const giveBack = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/** What ends a program from outside. Windows has SIGBREAK (Ctrl+Break) and gives SIGHUP when the console is closed. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly colours: boolean;
  /** Replaces what is shown, in one write and without erasing first, so that nothing flickers. */
  draw(lines: readonly string[]): void;
}

/**
 * Runs `use` with the screen, and gives that back as it was whatever happens: at the end, at an error, at a signal, at the process's end. `key` is
 * called with each key, `interrupt` at a signal, `resize` when the size has changed.
 *
 * Throws ERR_NOT_A_TERMINAL.
 */
export async function withScreen(
  { key, interrupt, resize }: { key(key: string): void; interrupt(): void; resize(): void },
  use: (screen: Screen) => Promise<void>,
): Promise<void> {
  const input: ReadStream = process.stdin;
  const output: WriteStream = process.stdout;
  if (input.isTTY !== true || output.isTTY !== true) {
    throw new LspError('This is for a terminal, and input or output is none. For a script: winsock-lsp connections --json, or winsock-lsp watch --json.', {
      code: 'ERR_NOT_A_TERMINAL',
    });
  }
  const screen: Screen = {
    get columns() {
      return output.columns > 0 ? output.columns : 80;
    },
    get rows() {
      return output.rows > 0 ? output.rows : 24;
    },
    colours: (process.env.NO_COLOR ?? '') === '' && output.hasColors(),
    draw: (lines) => void output.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`),
  };
  const read = (data: string) => keysOf(data).forEach(key);
  let taken = true;
  const restore = () => {
    if (!taken) return;
    taken = false;
    output.write(giveBack);
    input.setRawMode(false);
  };
  process.on('exit', restore);
  for (const signal of signals) process.on(signal, interrupt);
  output.on('resize', resize);
  input.setEncoding('utf8').setRawMode(true).resume().on('data', read);
  output.write(take);
  try {
    await use(screen);
  } finally {
    restore();
    input.off('data', read).pause();
    output.off('resize', resize);
    for (const signal of signals) process.off(signal, interrupt);
    process.off('exit', restore);
  }
}
