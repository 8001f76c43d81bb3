import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { HandlerRegistry } from '../capture/registry.js';

/**
 * grpc.health.v1.Health by role. The group's services are SERVING on the primary only, so that a client that asks
 * before it calls finds the primary. The server as a whole (service '') is SERVING as long as it runs.
 */
export class GroupHealth {
  readonly #health = new HealthImplementation({ '': 'SERVING' });
  readonly #registry: HandlerRegistry;

  constructor(registry: HandlerRegistry) {
    this.#registry = registry;
  }

  attach(server: Server): void {
    this.#health.addToServer(server);
  }

  serve(serving: boolean): void {
    for (const service of this.#services()) this.#health.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
  }

  #services(): Set<string> {
    return new Set([...this.#registry.methods.keys()].map((path) => path.split('/')[1] ?? ''));
  }
}
