#!/usr/bin/env node
import { run } from './run.js';

// Not process.exit: what was printed must get out first.
process.exitCode = await run(process.argv.slice(2));
