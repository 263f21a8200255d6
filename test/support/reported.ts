/**
 * A hook of uvu's that prints its own error: uvu fails every test of the file when one throws, but keeps the reason to itself.
 *
 *     test.before(reported(async () => { … }));
 */
export function reported(hook: () => unknown): () => Promise<void> {
  return async () => {
    try {
      await hook();
    } catch (error) {
      console.error(`before or after the tests: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      throw error;
    }
  };
}
