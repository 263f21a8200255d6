/** The Winsock namespace catalog: who answers name look-ups. */

import { checkObject, checkOneOf } from './arguments.js';
import { callNative, type Architecture, type NativeNamespaceProvider } from './native.js';

/** A namespace provider. */
export interface NamespaceProvider extends NativeNamespaceProvider {
  /** As in `{22059D40-7E9E-11CF-AE5A-00AA00A7112B}`. */
  id: string;
  /** In the language of Windows. */
  name: string;
  /** Which namespace it answers for: 12 is NS_DNS, 15 NS_NLA, 32 NS_NTDS, …. */
  namespace: number;
  /** The provider's own. */
  version: number;
  /** Whether Windows asks it at all. */
  active: boolean;
  /** The provider's DLL, environment strings not expanded. Empty if the registry does not tell. */
  path: string;
  /** The name as it was registered: `@dll,-id` where Windows looks it up in the DLL. Empty if the registry does not tell. */
  identifier: string;
  storesServiceClasses: boolean;
}

/**
 * Every namespace provider, inactive ones too, in the order in which Windows asks them.
 *
 * @param options.architecture Which catalog of a 64-bit Windows: `x64` or `ia32`; this process's own unless told.
 * @throws LspError as enumerateCatalog.
 *
 * Windows: WSAEnumNameSpaceProviders or WSCEnumNameSpaceProviders32, and the registry for the paths.
 */
export function enumerateNamespaceProviders(options: { architecture?: Architecture | undefined } = {}): NamespaceProvider[] {
  checkObject(options, 'options');
  const { architecture } = options;
  if (architecture !== undefined) checkOneOf(architecture, 'options.architecture', ['x64', 'ia32']);
  return callNative((native) => native.enumerateNamespaces(architecture));
}
