#!/usr/bin/env node
import { exitCodes } from './exit_codes.js';
import { run } from './run.js';

// Ctrl+C ends the program, unless a command is at something that it puts back or ends itself, and listens for it too.
process.on('SIGINT', () => {
  if (process.listenerCount('SIGINT') === 1) process.exit(exitCodes.interrupted);
});

// Not process.exit: what was printed must get out first.
process.exitCode = await run(process.argv.slice(2));
