/** `npm run bench:reload`: how soon running programs go by a changed policy; what test/provider/reload_test.cpp measures, printed. */

import { missingForNetwork } from '../test/e2e/namespaces.js';
import { missingForArchitecture } from '../test/support/artifacts.js';
import { ProviderHost } from '../test/support/provider_host.js';

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForNetwork() ?? missingForArchitecture(architecture);
  if (missing !== undefined) {
    console.log(`${architecture}: not measured: ${missing}`);
    continue;
  }
  const host = await ProviderHost.create('reload', architecture);
  try {
    await host.install();
    const { code, stdout } = await host.run(['--test-suite=reload'], { timeoutMilliseconds: 600_000 });
    for (const [, message] of stdout.matchAll(/ MESSAGE: (.*)/g)) console.log(`${architecture}: ${message?.trim()}`);
    if (code !== 0) {
      console.log(stdout);
      process.exitCode = 1;
    }
  } finally {
    await host.stop();
  }
}
