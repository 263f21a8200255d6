/** What the output goes to: how wide it is, and whether it shows colours. */

import { inspect } from 'node:util';

/** The few colours that the commands use, by what they say. */
const styles = {
  ours: 'green',
  fault: 'red',
  warning: 'yellow',
  note: 'cyan',
  heading: 'bold',
  faint: 'dim',
} as const;
export type Style = keyof typeof styles;

export interface Terminal {
  /** In columns; Infinity where nothing limits it. */
  width: number;
  colours: boolean;
}

/** What a pipe or a file gets: everything, without colours. */
export const plain: Terminal = { width: Number.POSITIVE_INFINITY, colours: false };

interface Stream {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  hasColors?(environment: NodeJS.ProcessEnv): boolean;
}

/**
 * A pipe or a file is as wide as COLUMNS says, else it has no width. Colours are for terminals only, and where NO_COLOR
 * (https://no-color.org), NODE_DISABLE_COLORS or TERM=dumb asks for none, there are none.
 */
export function describeTerminal(stream: Stream, environment: NodeJS.ProcessEnv): Terminal {
  const told = /^[1-9]\d{0,4}$/.test(environment.COLUMNS ?? '') ? Number(environment.COLUMNS) : undefined;
  const own = stream.isTTY === true && stream.columns !== undefined && stream.columns > 0 ? stream.columns : undefined;
  const refused = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return {
    width: told ?? own ?? plain.width,
    colours: stream.isTTY === true && !refused && stream.hasColors?.(environment) === true,
  };
}

/** Not util.styleText: Node.js 18 has none. */
export function paint({ colours }: Terminal, style: Style | undefined, text: string): string {
  if (!colours || style === undefined || text === '') return text;
  const [on = 0, off = 0] = inspect.colors[styles[style]] ?? [];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
