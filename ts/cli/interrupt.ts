/** Ctrl+C while something is changed. */

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
