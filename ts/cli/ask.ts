/** Asking for a user name and a password, which is not shown. */

import { StringDecoder } from 'node:string_decoder';

import { LspError } from '../errors.js';
import { usageError } from './command.js';

/** What is needed of process.stdin. */
export interface Keyboard extends AsyncIterable<Uint8Array | string> {
  isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
}

/** What is needed of process.stderr: questions are no output. */
export interface Screen {
  write(text: string): unknown;
}

const keys = { interrupt: '\u0003', endOfInput: '\u0004', backspace: '\b', delete: '\u007f', escape: '\u001b' } as const;

/** What is typed, character by character; of what keys such as arrows send, which begins with an escape, nothing. */
async function* characters(keyboard: Keyboard): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for await (const chunk of keyboard) {
    const text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
    yield* text.replace(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?/g, '');
  }
}

/** One line of a terminal in raw mode, which shows nothing by itself. */
async function typedLine(typed: AsyncGenerator<string>, screen: Screen, shown: boolean): Promise<string> {
  const line: string[] = [];
  for (;;) {
    const { value: character, done } = await typed.next();
    if (done === true || character === keys.interrupt || (character === keys.endOfInput && line.length === 0)) {
      screen.write('\n');
      throw new LspError('Nothing was kept: it was called off.', { code: 'ABORT_ERR' });
    }
    if (character === '\r' || character === '\n') {
      screen.write('\n');
      return line.join('');
    }
    if (character === keys.backspace || character === keys.delete) {
      if (line.pop() !== undefined && shown) screen.write('\b \b');
    } else if (!/\p{Cc}/u.test(character)) {
      line.push(character);
      if (shown) screen.write(character);
    }
  }
}

async function askOnTerminal(keyboard: Keyboard, screen: Screen): Promise<{ user: string; password: string }> {
  keyboard.setRawMode?.(true);
  const typed = characters(keyboard);
  try {
    screen.write('User name: ');
    const user = await typedLine(typed, screen, true);
    screen.write('Password (is not shown): ');
    return { user, password: await typedLine(typed, screen, false) };
  } finally {
    keyboard.setRawMode?.(false);
    await typed.return(undefined);
  }
}

async function readLines(keyboard: Keyboard): Promise<{ user: string; password: string }> {
  const decoder = new StringDecoder('utf8');
  let text = '';
  for await (const chunk of keyboard) text += typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
  // With the byte-order mark that Windows' programs begin UTF-8 with, or without it.
  const [user = '', password = '', ...more] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (user === '' || password === '' || more.some((line) => line !== '')) {
    throw usageError('standard input must have two lines, the user name and the password');
  }
  return { user, password };
}

/**
 * Asks on a terminal; of anything else the two first lines are user name and password, and it must have no others.
 * Errors: ABORT_ERR, for Ctrl+C; ERR_USAGE.
 */
export function askLogin(keyboard: Keyboard, screen: Screen): Promise<{ user: string; password: string }> {
  return keyboard.isTTY === true ? askOnTerminal(keyboard, screen) : readLines(keyboard);
}
