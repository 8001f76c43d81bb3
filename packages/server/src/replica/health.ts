import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { HandlerRegistry } from '../capture/registry.js';

/** SERVING when this replica is in sync, so that another one may safely be stopped. */
export const READY = 'understudy.ready';
/** SERVING while this process can go on. */
export const LIVE = 'understudy.live';

/** What the health service tells of a replica. */
export interface Condition {
  /** It is the primary and takes calls. */
  readonly serves: boolean;
  readonly ready: boolean;
  readonly live: boolean;
}

/**
 * grpc.health.v1.Health. The server as a whole (service '') and each of the group's services are SERVING on the primary
 * only, so that a client that asks before it calls finds the primary. Orchestrators ask for `understudy.ready` and
 * `understudy.live`.
 */
export class GroupHealth {
  readonly #health = new HealthImplementation({ '': 'NOT_SERVING', [READY]: 'NOT_SERVING', [LIVE]: 'SERVING' });
  readonly #registry: HandlerRegistry;
  readonly #told = new Map<string, boolean>();

  constructor(registry: HandlerRegistry) {
    this.#registry = registry;
  }

  attach(server: Server): void {
    this.#health.addToServer(server);
  }

  tell({ serves, ready, live }: Condition): void {
    for (const service of ['', ...this.#services()]) this.#set(service, serves);
    this.#set(READY, ready);
    this.#set(LIVE, live);
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
