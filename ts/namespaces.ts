/** The Winsock namespace catalog: who answers name look-ups. */

import { checkObject, checkOneOf } from './arguments.js';
import { callNative, type Architecture, type NativeNamespaceProvider } from './native.js';

const namespaces = {
  0: 'NS_ALL',
  1: 'NS_SAP',
  2: 'NS_NDS',
  3: 'NS_PEER_BROWSE',
  5: 'NS_SLP',
  6: 'NS_DHCP',
  10: 'NS_TCPIP_LOCAL',
  11: 'NS_TCPIP_HOSTS',
  12: 'NS_DNS',
  13: 'NS_NETBT',
  14: 'NS_WINS',
  15: 'NS_NLA',
  16: 'NS_BTH',
  20: 'NS_NBP',
  30: 'NS_MS',
  31: 'NS_STDA',
  32: 'NS_NTDS',
  37: 'NS_EMAIL',
  38: 'NS_PNRPNAME',
  39: 'NS_PNRPCLOUD',
  40: 'NS_X500',
  41: 'NS_NIS',
  42: 'NS_NISPLUS',
  50: 'NS_WRQ',
  60: 'NS_NETDES',
} as const;
/** By the names that winsock2.h gives them. */
export type NamespaceName = (typeof namespaces)[keyof typeof namespaces];

/** A namespace provider. */
export interface NamespaceProvider extends NativeNamespaceProvider {
  /** As in `{22059D40-7E9E-11CF-AE5A-00AA00A7112B}`. */
  id: string;
  /** In the language of Windows. */
  name: string;
  /** Which namespace it answers for: 12 is NS_DNS, 15 NS_NLA, 32 NS_NTDS, …. */
  namespace: number;
  /** Null for a number without a name. */
  namespaceName: NamespaceName | null;
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
  return callNative((native) => native.enumerateNamespaces(architecture)).map((provider) => ({
    ...provider,
    namespaceName: (namespaces as Readonly<Record<number, NamespaceName>>)[provider.namespace] ?? null,
  }));
}
