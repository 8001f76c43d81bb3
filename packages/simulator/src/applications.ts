import { ERROR_CODES, type ErrorCode, type Outcome } from '@understudy/core';
import type { Operation } from './checks/history.js';
import type { ClientHost } from './hosts/client-host.js';
import type { ServerHost } from './hosts/server-host.js';
import { requestText } from './services/ledger.js';
import type { Simulation } from './simulation.js';

/** The process number of calls that come without our interceptor. */
const PLAIN = -1;

/** What the users of a group do: call through sessions, or plainly, with and without an idempotency key. */
export class Applications {
  readonly #simulation: Simulation;
  readonly #openPlain = new Set<Operation>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  callSomething(): void {
    const { choices, plan, clients } = this.#simulation;
    if (choices.chance(plan.plainRate)) this.#callPlainly();
    else this.call(choices.pick(clients), choices.chance(0.25));
  }

  call(client: ClientHost, readOnly: boolean): void {
    const { simulation } = client;
    if (client.dead || simulation.nowMs < client.pausedUntilMs) return;
    const { choices, plan } = simulation;
    const stuck = plan.stuck && !simulation.calm && choices.chance(0.05);
    const operation = this.#invoke(client.process, { readOnly, stuck, keyed: false });
    client.call(operation, choices.chance(0.3) ? '/log.Log/Sure' : '/log.Log/Append');
  }

  #invoke(session: number, how: { readOnly: boolean; stuck: boolean; keyed: boolean }): Operation {
    const { history, plan, choices } = this.#simulation;
    return history.invoke(session, how, plan.workload.draw(choices, how.readOnly, history.operations.length));
  }

  #callPlainly(): void {
    const { choices, history, servers } = this.#simulation;
    const server = choices.maybe(servers.filter(({ runs, status }) => runs && status?.role === 'primary'));
    if (server === undefined) return;
    const again = choices.maybe(
      history.operations.filter(({ key, state }) => key !== undefined && state === 'unknown'),
    );
    if (again !== undefined && choices.chance(0.5)) {
      again.state = 'open';
      this.#send(server, again);
      return;
    }
    const readOnly = choices.chance(0.2);
    const keyed = !readOnly && choices.chance(0.5);
    const operation = this.#invoke(PLAIN, { readOnly, stuck: false, keyed });
    this.#send(server, operation);
    // What sits between them may send it again before it was answered.
    if (keyed && choices.chance(0.2)) this.#send(server, operation);
  }

  #send(server: ServerHost, operation: Operation): void {
    if (!server.runs) return;
    this.#openPlain.add(operation);
    const call = server.newCall({ plain: operation });
    if (this.#simulation.tracing) {
      this.#simulation.callNames.set(call, operation.name);
      server.note(`gets the plain call ${operation.name}`);
    }
    const { name, input, key, readOnly } = operation;
    const request = { method: '/log.Log/Append', message: requestText(name, input), ...(key !== undefined && { key }) };
    server.step({ kind: 'plainCall', call, peer: 'plain', readOnly, request });
  }

  plainAnswered(operation: Operation, outcome: Outcome): void {
    this.#openPlain.delete(operation);
    this.#simulation.history.answer(operation, outcome);
  }

  plainFailed(operation: Operation, code: ErrorCode): void {
    if (!this.#openPlain.delete(operation)) return;
    // Of a call that was sent before, under its key, nobody knows.
    this.#simulation.history.fail(operation, ERROR_CODES[code].mayHaveTakenEffect || operation.key !== undefined);
  }

  plainLost(operation: Operation): void {
    if (!this.#openPlain.delete(operation)) return;
    this.#simulation.history.fail(operation, true);
  }

  /** Plain calls that wait for an answer, without those whose handlers never end. */
  get openPlain(): number {
    let open = 0;
    for (const { stuck } of this.#openPlain) if (!stuck) open++;
    return open;
  }
}
