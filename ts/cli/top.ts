import { setTimeout as delay } from 'node:timers/promises';

import { compareConnections, liveConnections } from '../connection_changes.js';
import { LspError } from '../errors.js';
import { connections, readStatsByProcess, type Connection, type ProcessStats } from '../index.js';
import { usageError, type Command, type Output } from './command.js';
import { withScreen, type Screen } from './screen.js';
import { firstView, frame, press, type Look } from './top_view.js';

/** Where the picture comes from. */
export interface Source {
  connections(): Promise<readonly Connection[]>;
  /** Null if nothing counts. */
  processes(): readonly ProcessStats[] | null;
}

const thisMachine: Source = {
  connections: async () => (await connections()).connections,
  processes: () => {
    try {
      return readStatsByProcess();
    } catch (error) {
      // Without an installation, or with a scrambled section, there is no rate; the rest is there all the same.
      if (error instanceof LspError && (error.code === 'ERR_NOT_INSTALLED' || error.code === 'ERR_BAD_TELEMETRY')) return null;
      throw error;
    }
  },
};

/** Draws until it is told to end; a look a second. */
export async function showTop(source: Source, filter: string): Promise<void> {
  let view = { ...firstView, filter };
  let before: Look | undefined;
  let now: Look | undefined;
  let live: ReadonlyMap<string, Connection> | undefined;
  let screen: Screen | undefined;
  const ending = new AbortController();
  const redraw = () => {
    if (screen !== undefined && now !== undefined && !view.ended) screen.draw(frame(view, before, now, screen, screen.colours));
  };
  const look = async () => {
    const all = await source.connections();
    const found = liveConnections(all);
    const opened = new Map<number, number>();
    for (const { change, connection } of live === undefined ? [] : compareConnections(live, found, new Date())) {
      if (change === 'opened') opened.set(connection.processId, (opened.get(connection.processId) ?? 0) + 1);
    }
    live = found;
    before = now;
    now = { time: performance.now(), connections: [...found.values()], processes: source.processes(), opened };
  };
  const end = () => {
    view = { ...view, ended: true };
    ending.abort();
  };
  await withScreen(
    {
      key: (key) => {
        view = press(view, key);
        if (view.ended) end();
        else redraw();
      },
      interrupt: end,
      resize: redraw,
    },
    async (taken) => {
      screen = taken;
      while (!view.ended) {
        if (!view.paused) await look();
        redraw();
        await delay(1000, undefined, { signal: ending.signal }).catch(() => undefined);
      }
    },
  );
}

// Nothing is printed after it.
async function* run(filter: string): AsyncGenerator<Output> {
  await showTop(thisMachine, filter);
}

export const top: Command = {
  name: 'top',
  options: { app: { value: 'NAME', help: 'begin with this filter: programs with this in their names; * is any run of characters' } },
  summary: 'Show programs and their connections as a live picture in the terminal',
  details:
    'Redrawn once a second: programs by their decisions a second (where the LSP is in them), opened connections a second, or number of connections; below, ' +
    'the connections as `connections` shows them. Keys: s sorts by another column, / filters, Esc shows all, Space pauses, arrows and Page Up/Down ' +
    'scroll, q or Ctrl+C ends. For a script: connections --json.',
  examples: [
    ['top', 'all programs'],
    ['top --app chrome', 'those with that in their names'],
  ],
  run(input) {
    if (input.flag('json')) throw usageError('top draws on a terminal. For a script: winsock-lsp connections --json, or winsock-lsp watch --json');
    return run(input.text('app') ?? '');
  },
};
