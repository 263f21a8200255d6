// Ctrl+C while the command line changes something. No Windows, no addon.
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { interruptible } from '../../ts/cli/interrupt.js';

const listeners = () => process.listenerCount('SIGINT');

test('the first Ctrl+C calls the work off, which ends in its own time; the second is the system\'s', async () => {
  const before = listeners();
  const order: string[] = [];
  const ended = interruptible(async (signal) => {
    assert.is(listeners(), before + 1);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    order.push('called off');
    assert.is(listeners(), before);
    await new Promise((resolve) => setTimeout(resolve, 10));
    order.push('put back');
    throw new Error('it was called off');
  });
  process.emit('SIGINT');
  await ended.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'it was called off'),
  );
  assert.equal(order, ['called off', 'put back']);
  assert.is(listeners(), before);
});

test('work that ends by itself leaves Ctrl+C to the system', async () => {
  const before = listeners();
  assert.is(await interruptible((signal) => Promise.resolve(signal.aborted)), false);
  assert.is(listeners(), before);
});

test.run();
