/** What must be undone however the program ends. */

const pending: (() => void)[] = [];
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Has `undo` run when the process exits, an uncaught error and Ctrl-C included; latest first.
 * The result takes that back, for when it has been done in time.
 */
export function onExit(undo: () => void): () => void {
  if (pending.length === 0) listen();
  pending.push(undo);
  return () => {
    const index = pending.lastIndexOf(undo);
    if (index >= 0) pending.splice(index, 1);
    if (pending.length === 0) unlisten();
  };
}

function undoAll(): void {
  for (let undo = pending.pop(); undo !== undefined; undo = pending.pop()) {
    try {
      undo();
    } catch (error) {
      console.error(`while cleaning up: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function onSignal(signal: NodeJS.Signals): void {
  process.exit(exitCodes[signal as keyof typeof exitCodes]);
}

function listen(): void {
  process.on('exit', undoAll);
  for (const signal of Object.keys(exitCodes)) process.on(signal, onSignal);
}

function unlisten(): void {
  process.off('exit', undoAll);
  for (const signal of Object.keys(exitCodes)) process.off(signal, onSignal);
}
