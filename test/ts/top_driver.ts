/** `top` with a machine that is made up, for test/ts/top.test.ts: run in a terminal. Argument: `throw`, to fail at the third look. */

import { showTop } from '../../ts/cli/top.js';
import { sampleFacts } from './report_facts.js';

const sample = sampleFacts().connections.value?.connections ?? [];
let looks = 0;
await showTop(
  {
    connections: () => {
      looks += 1;
      if (looks === 3 && process.argv[2] === 'throw') throw new Error('made to fail');
      return Promise.resolve([...sample, ...sample.slice(0, 1).map((each) => ({ ...each, localPort: 60_000 + looks }))]);
    },
    processes: () => null,
  },
  '',
);
