/** What is wrong on this machine, and what to do about it. */

import { withSignal, type Abortable } from './abort.js';
import { checkBoolean, checkObject } from './arguments.js';
import { eventBehind, type CatalogEvent } from './catalog_events.js';
import { LspError } from './errors.js';
import { catalogHistory } from './history.js';
import { installLsp, installOrMakeAgain, type InstallOptions } from './install.js';
import { callNative, type NativeDiagnosis, type NativeFinding } from './native.js';

export interface Finding {
  /** Stays the same from version to version; docs/recovery.md lists them. */
  code: string;
  /** `info` is worth knowing, and nothing is wrong. */
  severity: 'error' | 'warning' | 'info';
  /** A sentence. */
  message: string;
  /** What to do. */
  remedy: string;
  /** Whether doctor can mend it. */
  fixable: boolean;
  /** The change of the catalog that is behind it, as Windows recorded it (catalogHistory); null if none is recorded. */
  event: CatalogEvent | null;
}

/** A finding that could not be mended, and why not. */
export interface FailedFix {
  finding: Finding;
  error: LspError;
}

export interface DoctorOptions extends Abortable {
  /** Whether to mend what can be mended safely; false unless told. Needs an elevated process. */
  fix?: boolean | undefined;
  /** As InstallOptions has it, for the fixes that install again. */
  trustSource?: boolean | undefined;
}

export interface DoctorReport {
  /** True if no error and no warning is left. */
  healthy: boolean;
  installed: boolean;
  /** What is there now, gravest first. */
  findings: Finding[];
  /** What was there and is gone. */
  fixed: Finding[];
  failed: FailedFix[];
}

const publicFinding = ({ code, severity, message, remedy, fix }: NativeFinding, events: readonly CatalogEvent[]): Finding => ({
  code,
  severity,
  message,
  remedy,
  fixable: fix !== 'none',
  event: eventBehind({ code, message }, events) ?? null,
});

/** What Windows recorded; nothing where that cannot be read, for it is a hint only. */
async function recordedChanges(): Promise<readonly CatalogEvent[]> {
  try {
    return (await catalogHistory()).events;
  } catch (error) {
    if (!(error instanceof LspError)) throw error;
    return [];
  }
}

const diagnose = () => callNative((native) => native.diagnose());

/** What the fixes that install again need besides the diagnosis. */
type MendOptions = Pick<InstallOptions, 'signal' | 'trustSource'>;

/** The registered DLLs where they are good, else the package's; neither adds the 32-bit catalog to an installation without it. */
function repairOptions({ dll, dll32, covers32 }: NativeDiagnosis): InstallOptions {
  if (dll !== null && (dll32 !== null || !covers32)) return { dll, dll32 };
  return covers32 ? {} : { dll32: null };
}

async function install(diagnosis: NativeDiagnosis, anew: boolean, options: MendOptions): Promise<void> {
  await installLsp({ ...repairOptions(diagnosis), ...options });
  // That mends a DLL by copying it, and what it finds wrong with the entries. What else is wrong with them, such as an id that is
  // there twice, needs all of ours made again: only then, because another LSP that stands on ours would be in the way.
  if (!anew) return;
  const now = await diagnose();
  if (now.findings.some(({ fix }) => fix === 'install_anew')) await installOrMakeAgain({ ...repairOptions(now), ...options }, true);
}

/** Mends one finding. All that installing mends is mended at once. */
function mend({ fix, subject }: NativeFinding, diagnosis: NativeDiagnosis, options: MendOptions): Promise<unknown> {
  switch (fix) {
    case 'install':
    case 'install_anew':
      return install(diagnosis, diagnosis.findings.some((each) => each.fix === 'install_anew'), options);
    case 'clear_tunnel':
    case 'clear_delegated_tunnel':
      return callNative((native) => native.clearTunnel(subject, fix === 'clear_delegated_tunnel'));
    case 'publish_again':
      return callNative((native) => native.publishAgain(subject));
    case 'restore_host_model':
      return callNative((native) => native.restoreHostModel());
    case 'delete_file':
      return callNative((native) => native.deleteLeftover(subject));
    case 'none':
      return Promise.resolve();
  }
}

async function mendAll(diagnosis: NativeDiagnosis, events: readonly CatalogEvent[], options: MendOptions): Promise<FailedFix[]> {
  const failed: FailedFix[] = [];
  const done = new Set<string>();
  for (const finding of diagnosis.findings) {
    const key = finding.fix.startsWith('install') ? 'install' : `${finding.fix} ${finding.subject}`;
    if (finding.fix === 'none' || done.has(key)) continue;
    done.add(key);
    try {
      await withSignal(options.signal, 'mend what doctor found', () => mend(finding, diagnosis, options));
    } catch (error) {
      if (!(error instanceof LspError) || error.code === 'ABORT_ERR') throw error;
      failed.push({ finding: publicFinding(finding, events), error });
    }
  }
  return failed;
}

/**
 * Examines both catalogs, the DLLs that they name, the published tunnels with the host model, OpenVPN's plugin folder, and what
 * keeps LSPs out of programs.
 *
 * With `fix`, what can be mended safely is: entries of ours, by installing again; tunnels that are stale or rejected, by erasing them; the host
 * model, by publishing again, or by restoring what only killed publishers needed; files of an interrupted installation. Nothing
 * of another provider's is touched.
 *
 * @throws LspError (rejects) ERROR_ACCESS_DENIED: `fix`, and the process is not elevated; as enumerateCatalog; what keeps the
 *   policy store from being read; ABORT_ERR: `signal` called a fix off, and those before it stay. A fix that fails is told in
 *   `failed`.
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  checkObject(options, 'options');
  const { fix = false, trustSource = false, signal } = options;
  checkBoolean(fix, 'options.fix');
  checkBoolean(trustSource, 'options.trustSource');
  const first = await withSignal(signal, 'examine the catalogs', diagnose);
  const mending = fix && first.findings.some((finding) => finding.fix !== 'none');
  if (mending && !callNative((native) => native.isElevated())) {
    throw new LspError('Cannot mend anything: this process is not elevated. Run it from an elevated prompt.', {
      code: 'ERROR_ACCESS_DENIED',
      errno: 5,
    });
  }
  // Before anything is mended, which Windows would record, too.
  const events = first.findings.length === 0 ? [] : await recordedChanges();
  const failed = mending ? await mendAll(first, events, { signal, trustSource }) : [];
  const { findings, installed } = mending ? await diagnose() : first;
  const left = new Set(findings.map(({ code, message }) => `${code} ${message}`));
  return {
    healthy: findings.every(({ severity }) => severity === 'info'),
    installed,
    findings: findings.map((finding) => publicFinding(finding, events)),
    fixed: first.findings.filter(({ code, message }) => !left.has(`${code} ${message}`)).map((finding) => publicFinding(finding, events)),
    failed,
  };
}
