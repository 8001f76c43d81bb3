/** What the health service says of a replica: to clients that look for the primary, and to orchestrators. */

import type { Server } from '@grpc/grpc-js';
import type { Logger } from '@understudy/core';
import type { HandlerRegistry } from '../capture/registry.js';
import { HealthService } from './health-service.js';

const OWN_HEALTH =
  'the server has a health service of its own, which must say who is the primary (onServing); give createReplica health: false';

/** SERVING when this replica is in sync, so that another one may safely be stopped. */
export const READY = 'understudy.ready';
/** SERVING while this process can go on. */
export const LIVE = 'understudy.live';
/** SERVING while this replica knows that the group is weaker than its replicas in sync suggest. */
export const DEGRADED = 'understudy.degraded';

/** What the health service tells of a replica. */
export interface Condition {
  /** It is the primary and takes calls. */
  readonly serves: boolean;
  readonly ready: boolean;
  readonly live: boolean;
  readonly degraded: boolean;
}

/**
 * grpc.health.v1.Health. The server as a whole (service '') and each of the group's services are SERVING on the primary
 * only, so that a client that asks before it calls finds the primary. Orchestrators ask for `understudy.ready` and
 * `understudy.live`, monitors for `understudy.degraded`.
 */
export class GroupHealth {
  readonly #health = new HealthService({
    '': 'NOT_SERVING',
    [READY]: 'NOT_SERVING',
    [LIVE]: 'SERVING',
    [DEGRADED]: 'NOT_SERVING',
  });
  readonly #registry: HandlerRegistry;
  readonly #logger: Logger;
  readonly #told = new Map<string, boolean>();
  #added = false;

  constructor(registry: HandlerRegistry, logger: Logger) {
    this.#registry = registry;
    this.#logger = logger;
  }

  /**
   * Adds the service to a server when that is about to be bound: not before all services were added, among which may be
   * a health service of the user's.
   */
  attach(server: Server): void {
    const { bindAsync } = server;
    server.bindAsync = (...args) => {
      this.addTo(server);
      bindAsync.apply(server, args);
    };
  }

  /** Adds the service to a server, once; stands aside if the server has one of its own. */
  addTo(server: Server): void {
    if (this.#added) return;
    this.#added = true;
    try {
      this.#health.addToServer(server);
    } catch {
      this.#logger.log('warn', OWN_HEALTH, {});
    }
  }

  tell({ serves, ready, live, degraded }: Condition): void {
    for (const service of ['', ...this.#services()]) this.#set(service, serves);
    this.#set(READY, ready);
    this.#set(LIVE, live);
    this.#set(DEGRADED, degraded);
  }

  #set(service: string, serving: boolean): void {
    if (this.#told.get(service) === serving) return;
    this.#told.set(service, serving);
    this.#health.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
  }

  #services(): Set<string> {
    return new Set([...this.#registry.methods.keys()].map((path) => path.split('/')[1] ?? ''));
  }
}
