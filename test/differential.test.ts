/**
 * The difference that the LSP makes: differential.exe carries out every situation (differential/situations.ts) over the test Winsock
 * without the DLL in the catalog, and with it under each policy. What differs, but for what the policy asked for, fails.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { expectation, stepsOf, twinOf } from './differential/expectation.js';
import { DifferentialNetwork } from './differential/network.js';
import { policies, type TestPolicy } from './differential/policies.js';
import { datagramsIn, recordedSituations } from './differential/recorded.js';
import { SituationRunner } from './differential/runner.js';
import { situations as table } from './differential/situations.js';
import { missingForNetwork, namespacePrefix } from './e2e/namespaces.js';
import { missingForArchitecture, requireArtifact, type Architecture } from './support/artifacts.js';
import { lostFs, stageProgram, WinePrefix } from './support/wine.js';

async function runAll(architecture: Architecture): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'winsock-lsp-differential-'));
  const network = await DifferentialNetwork.create(namespacePrefix('diff'));
  try {
    const prefix = await WinePrefix.create({
      directory: join(directory, 'wine'),
      networkNamespace: network.host,
      programs32: architecture === 'ia32',
    });
    try {
      await compareAll({ architecture, network, prefix, directory });
    } finally {
      await prefix.stop();
    }
  } finally {
    network.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

const interfacesOf = (network: DifferentialNetwork) => ({
  physical: network.interfaceIndex('physical'),
  tunnel: network.interfaceIndex('tunnel'),
});

interface Machine {
  /** Of the programs and the DLL. */
  architecture: Architecture;
  network: DifferentialNetwork;
  prefix: WinePrefix;
  /** For files of the test. */
  directory: string;
}

async function compareAll(machine: Machine): Promise<void> {
  const { architecture, network, prefix, directory } = machine;
  const runner = new SituationRunner(prefix, join(directory, 'programs'), {
    architecture,
    interfaceIndex: (name) => network.interfaceIndex(name),
  });
  const all = policies(interfacesOf(network)).filter(({ name }) => new RegExp(process.env.DIFFERENTIAL_POLICIES ?? '').test(name));
  const situationsUnder = (policy: TestPolicy) => sample(policy, all, architecture);
  const compared = new Set(all.flatMap(situationsUnder));
  const plain = await runSurely(runner, [...compared], architecture);
  // The expectation alone knows which calls a policy refuses, one after another: twins of twins.
  for (;;) {
    const wanted = new Set<string>();
    for (const policy of all) {
      for (const situation of situationsUnder(policy)) {
        expectation(situation, plain.get(situation) ?? [], policy, (untaken) => {
          const twin = twinOf(situation, untaken);
          if (!plain.has(twin)) wanted.add(twin);
          return plain.get(twin) ?? [];
        });
      }
    }
    if (wanted.size === 0) break;
    for (const [twin, results] of await runSurely(runner, [...wanted], architecture)) plain.set(twin, results);
  }
  await installDll(machine);
  const broken = [...plain].filter(([, results]) => /BROKEN|HANGS|CRASHED|missing/.test(results.join()));
  test(`${architecture}: every situation runs to its end without the DLL`, () => {
    assert.equal(broken, []);
  });

  let askedInAll = 0;
  let unaskedInAll = 0;
  let runs = 0;
  for (const policy of all) {
    await setPolicy(prefix, policy);
    const chosen = situationsUnder(policy);
    const found = await runSurely(runner, chosen, architecture);
    let asked = 0;
    let untold = 0;
    const unasked: string[] = [];
    for (const situation of chosen) {
      const without = plain.get(situation) ?? [];
      const expected = expectation(situation, without, policy, (untaken) => plain.get(twinOf(situation, untaken)) ?? []);
      if (expected.untold) {
        ++untold;
        continue;
      }
      asked += expected.asked;
      const with_ = found.get(situation) ?? [];
      if (expected.results.join(' | ') === with_.join(' | ')) continue;
      unasked.push(difference(situation, without, expected.results, with_));
    }
    askedInAll += asked;
    unaskedInAll += unasked.length;
    test(`${architecture}, ${policy.name}: ${chosen.length} situations differ where the policy asks for it, and nowhere else`, () => {
      assert.is(unasked.length, 0, `${unasked.length} situations:\n${unasked.join('\n')}`);
    });
    runs += chosen.length;
    console.log(
      `${architecture}, ${policy.name}: ${chosen.length} situations, ${asked} differences asked for, ` +
        `${unasked.length} situations with others${untold === 0 ? '' : `, ${untold} that Linux cannot show`}`,
    );
  }
  for (const policy of all) await checkRecorded(policy, machine);
  console.log(
    `${architecture}: ${compared.size} situations, ${all.length} policies, ${runs} of their combinations: ${askedInAll} differences asked for, ` +
      `${unaskedInAll} situations with differences not asked for`,
  );
}

/**
 * As the runner's run; what Wine has failed at is run again, and told. It sometimes cannot make one of the many processes, which ends with
 * 1; a fault of ours would end it with another number. Of 32-bit programs it loses calls (see provider/thread_test.cpp): error 998, which no
 * Winsock function of Windows gives, or the process.
 */
async function runSurely(runner: SituationRunner, chosen: readonly string[], architecture: Architecture): Promise<Map<string, string[]>> {
  const found = await runner.run(chosen);
  const failed = (situation: string) => {
    const results = found.get(situation)?.join() ?? '';
    return /CRASHED with code 1\b/.test(results) || (architecture === 'ia32' && (/\berror 998\b/.test(results) || lostFs.test(results)));
  };
  for (let attempt = 1, again = chosen.filter(failed); attempt < 3 && again.length > 0; ++attempt, again = again.filter(failed)) {
    console.log(`${architecture}: Wine has failed at ${again.length} of ${chosen.length} situations, which are run again`);
    for (const [situation, results] of await runner.run(again)) found.set(situation, results);
  }
  return found;
}

/** What reaches the base provider, where the peers cannot tell. */
async function checkRecorded(policy: TestPolicy, { architecture, network, prefix, directory }: Machine): Promise<void> {
  const chosen = recordedSituations.filter((each) => each.policy === policy.name);
  if (chosen.length === 0) return;
  await setPolicy(prefix, policy);
  await Promise.all(
    chosen.map(async ({ situation, sent }, place) => {
      const record = join(directory, `recorded-${policy.name}-${place}.jsonl`);
      const runner = new SituationRunner(prefix, join(directory, `recorded-${policy.name}-${place}`), {
        architecture,
        interfaceIndex: (name) => network.interfaceIndex(name),
        environment: { TEST_WINSOCK_RECORD: prefix.toWindowsPath(record) },
      });
      await runner.run([situation]);
      const found = datagramsIn(record, interfacesOf(network));
      test(`${architecture}, ${policy.name}: the datagrams of ${situation} have the packet information that they need`, () => {
        assert.equal(found, sent);
      });
    }),
  );
}

/**
 * All of them with DIFFERENTIAL=all; else as many as CI has time for, others under each policy. Of ia32 fewer: what the policy asks for
 * is x64's to show, and calling conventions and layouts differ in every situation or in none.
 */
function sample(policy: TestPolicy, all: readonly TestPolicy[], architecture: Architecture): string[] {
  const oneIn = process.env.DIFFERENTIAL === 'all' ? 1 : policy.oneIn * (architecture === 'x64' ? 1 : 4);
  const first = all.indexOf(policy) % oneIn;
  return situations.filter((_, place) => place % oneIn === first);
}

function difference(situation: string, plain: readonly string[], expected: readonly string[], found: readonly string[]): string {
  const lines = stepsOf(situation).map(({ text }, place) => {
    const mark = expected[place] === found[place] ? ' ' : '!';
    const wanted = expected[place] === found[place] ? '' : `, not ${expected[place] ?? 'missing'}`;
    const without = plain[place] === found[place] ? '' : ` (without the DLL: ${plain[place] ?? 'missing'})`;
    return `  ${mark} ${text}: ${found[place] ?? 'missing'}${wanted}${without}`;
  });
  return [situation, ...lines].join('\n');
}

async function installDll({ architecture, prefix, directory }: Machine): Promise<void> {
  const folder = join(directory, 'installer');
  // The product's own installer, which the provider's tests have in them.
  const installer = stageProgram(requireArtifact('providerTests', architecture), folder);
  const dll = prefix.toWindowsPath(requireArtifact('lspDll', architecture));
  const { code, stdout, stderr } = await prefix.run(installer, ['install', dll], { winsock: 'test', cwd: dirname(installer) });
  if (code !== 0) throw new Error(`installing ${dll}: ${stdout}${stderr}`);
}

/** A regular expression in DIFFERENTIAL_ONLY narrows them down; one in DIFFERENTIAL_POLICIES the policies. */
const situations = table.filter((situation) => new RegExp(process.env.DIFFERENTIAL_ONLY ?? '').test(situation));

const store = 'HKLM\\SOFTWARE\\winsock-lsp';

/** Into the registry, as an administrator would: none of the product's code writes what is to be tested. */
async function setPolicy(prefix: WinePrefix, { rules, tunnel }: TestPolicy): Promise<void> {
  const reg = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await prefix.run('reg', parameters);
    return code === 0 ? '' : `reg ${parameters.join(' ')}: ${stdout}${stderr}`;
  };
  await reg('delete', store, '/f');
  for (const [key, value, type, data] of [
    ...(rules.length > 0 ? [[store, 'Policy', 'REG_MULTI_SZ', rules.join('\\0')] as const] : []),
    ...(tunnel !== undefined ? [[`${store}\\Tunnels\\test`, 'Definition', 'REG_SZ', tunnel] as const] : []),
  ]) {
    const failed = await reg('add', key, '/v', value, '/t', type, '/d', data, '/f');
    if (failed !== '') throw new Error(failed);
  }
}

for (const architecture of ['x64', 'ia32'] as const) {
  const missing = missingForNetwork() ?? missingForArchitecture(architecture);
  if (missing === undefined) {
    await runAll(architecture);
  } else {
    test.skip(`differential, ${architecture}: ${missing}`);
  }
}

test.run();
