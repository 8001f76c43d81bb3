/** Carries out the faults of a run on its world. */

import { unreachable } from '@understudy/core/internal';
import type { Fault } from '../plan/plan.js';
import {
  crashCoordinator,
  crashOrRestartClient,
  crashOrRestartServer,
  crashTogether,
  loseRecord,
  mayCrash,
  pause,
} from './crashes.js';
import { breakLink, cutCoordinator, cutOrHeal, hold, isolate } from './links.js';
import { cancel, diverge, forge } from './misdeeds.js';
import type { FaultWorld } from './world.js';

/** Injects a fault, or mends one. */
export function injectFault(world: FaultWorld, fault: Fault): void {
  const { choices, plan, servers, clients } = world;
  const { leaseMs, sessionMs } = plan.config;
  switch (fault) {
    case 'serverCrash':
      return crashOrRestartServer(world);
    case 'clientCrash':
      return crashOrRestartClient(world);
    case 'crashTogether':
      return crashTogether(world);
    case 'serverPause':
      return pause(world, choices.pick(servers), choices.between(0.3, 4) * leaseMs);
    case 'clientPause':
      return pause(world, choices.pick(clients), choices.between(0.1, 1.5) * sessionMs);
    case 'cut':
      return cutOrHeal(world, choices.pick(servers), choices.pick(servers));
    case 'clientCut':
      return cutOrHeal(world, choices.pick(clients), choices.pick(servers));
    case 'isolate':
      return isolate(world);
    case 'hold':
      return hold(world);
    case 'breakLink':
      return breakLink(world);
    case 'coordinatorCrash':
      return crashCoordinator(world, choices.between(20, 4 * leaseMs));
    case 'coordinatorCut':
      return cutCoordinator(world, choices.between(20, 4 * leaseMs));
    case 'recordLost':
      return loseRecord(world);
    case 'diverge':
      return diverge(world);
    case 'forge':
      return forge(world);
    case 'stepDown':
      return choices.maybe(servers.filter((server) => server.runs && mayCrash(world, server)))?.stepDown();
    case 'close':
      return choices.maybe(clients.filter(({ runs }) => runs))?.close();
    case 'cancel':
      return cancel(world);
    default:
      return unreachable(fault, 'fault');
  }
}
