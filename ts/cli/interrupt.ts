/** Ctrl+C while something is changed, or while something is shown that goes on. */

/**
 * Runs `work`, which a first Ctrl+C calls off: what it has changed is put back before the program ends. A second one ends the program
 * at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new Error('Ctrl+C'));
  process.once('SIGINT', interrupt);
  try {
    return await work(interruption.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** What a command that goes on ends with after Ctrl+C: nothing is to be said of it. */
export class Interrupted extends Error {}

/** Gives what `work` gives until Ctrl+C, which aborts its signal; then, when it has ended, throws Interrupted. */
export async function* untilInterrupted<T>(work: (signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  try {
    yield* work(interruption.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
  if (interruption.signal.aborted) throw new Interrupted();
}
