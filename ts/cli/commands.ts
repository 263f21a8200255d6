/** All commands, in the order in which `--help` shows them. A new one is one line here. */

import type { Command } from './command.js';
import { appClear, appList, appSet } from './app.js';
import { backup, restore } from './backup.js';
import { connections } from './connections.js';
import { doctor } from './doctor.js';
import { history } from './history.js';
import { install, remove } from './install.js';
import { list } from './list.js';
import { map } from './map.js';
import { order } from './order.js';
import { policyAdd, policyCheck, policyExplain, policyList, policyRemove, policySet } from './policy.js';
import { proxyList, proxyLogin, proxyLogout, proxyTest } from './proxy.js';
import { report } from './report.js';
import { route } from './route.js';
import { stats } from './stats.js';
import { top } from './top.js';
import { tunnelClear, tunnelSet, tunnelShow } from './tunnel.js';
import { watch } from './watch.js';

export const commands: readonly Command[] = [
  list,
  map,
  install,
  remove,
  order,
  backup,
  restore,
  doctor,
  history,
  route,
  policyList,
  policyAdd,
  policyRemove,
  policySet,
  policyCheck,
  policyExplain,
  appSet,
  appList,
  appClear,
  tunnelShow,
  tunnelSet,
  tunnelClear,
  proxyLogin,
  proxyLogout,
  proxyList,
  proxyTest,
  stats,
  watch,
  connections,
  top,
  report,
];
