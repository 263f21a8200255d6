/**
 * winsock-lsp/testing: a Windows machine in memory in the addon's place, so that a program that uses this package can be tested anywhere. The
 * functions of `winsock-lsp` and their types stay the same; docs/testing.md says what the machine does and what it does not.
 *
 * @module winsock-lsp/testing
 */

export type { StandIn, StandInFailure, StandInOptions, StandInUse } from './stand_in.js';
export { useStandIn } from './stand_in.js';
export type { StandInInterface, StandInRoute } from './network.js';
