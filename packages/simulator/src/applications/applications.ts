import { ERROR_CODES, type ErrorCode, type Reply } from '@understudy/core';
import type { Asked, Operation } from '../checks/history.js';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Act } from '../network/streams.js';
import type { StreamPlan } from '../plan/plan.js';
import { requestText } from '../services/ledger.js';
import type { Opening } from '../services/streamed.js';
import type { Simulation } from '../simulation.js';
import { drawHabits, drawOpening, type Habits } from './streams/draw.js';
import { PlainStream } from './streams/plain-stream.js';

/** The process number of calls that come without our interceptor. */
const PLAIN = -1;

/** What the users of a group do: call through sessions, or plainly, with and without an idempotency key. */
export class Applications {
  readonly #simulation: Simulation;
  /** Plain calls that wait for an answer, and how often each was sent. */
  readonly #openPlain = new Map<Operation, number>();
  #plainStreams: PlainStream[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  callSomething(): void {
    const { choices, plan, clients, caller } = this.#simulation;
    if (caller !== undefined && choices.chance(plan.nested?.callers ?? 0)) {
      caller.act();
      return;
    }
    if (plan.streams !== undefined && choices.chance(plan.streams.rate)) {
      if (choices.chance(plan.plainRate)) this.#openPlainly();
      else this.openStream(choices.pick(clients));
      return;
    }
    if (choices.chance(plan.plainRate)) this.#callPlainly();
    else this.call(choices.pick(clients), choices.chance(plan.readRate));
  }

  call(client: ClientHost, readOnly: boolean): void {
    const { simulation } = client;
    if (client.dead || simulation.nowMs < client.pausedUntilMs) return;
    const { choices, plan } = simulation;
    const stuck = plan.stuck && !simulation.calm && choices.chance(0.05);
    const oneWay = plan.oneWayRate > 0 && !readOnly && choices.chance(plan.oneWayRate);
    const operation = this.#invoke(client.process, { readOnly, stuck, keyed: false });
    if (oneWay) client.call(operation, '/log.Log/Tell');
    else client.call(operation, choices.chance(0.3) ? '/log.Log/Sure' : '/log.Log/Append');
  }

  openStream(client: ClientHost): void {
    const { plan, nowMs } = this.#simulation;
    if (client.dead || nowMs < client.pausedUntilMs || plan.streams === undefined) return;
    const [operation, opening, habits] = this.#drawStream(client.process, plan.streams);
    client.openStream(operation, opening, habits);
  }

  #openPlainly(): void {
    const { choices, servers, plan } = this.#simulation;
    const server = choices.maybe(servers.filter(({ runs, status }) => runs && status?.role === 'primary'));
    if (server === undefined || plan.streams === undefined) return;
    const stream = new PlainStream(server, ...this.#drawStream(PLAIN, plan.streams));
    this.#plainStreams = [...this.#plainStreams.filter(({ over }) => !over), stream];
    stream.open();
  }

  #drawStream(process: number, plan: StreamPlan): [Operation, Opening, Habits] {
    const { choices, history } = this.#simulation;
    const habits = drawHabits(choices, plan);
    const opening = drawOpening(choices, plan, habits, this.#simulation.drawInput(false));
    const how = { readOnly: false, stuck: false, keyed: false };
    return [history.invoke(process, how, opening.input), opening, habits];
  }

  /** What applications may do next with their streams. */
  possible(acts: Act[]): void {
    for (const client of this.#simulation.clients) {
      for (const stream of client.openStreams.values()) if (stream.ready) acts.push(stream);
    }
    for (const stream of this.#plainStreams) if (stream.ready) acts.push(stream);
  }

  /** Somebody without our interceptor asks for something, so that it can be asked for again. */
  callWithKey(server: ServerHost): Operation {
    const operation = this.#invoke(PLAIN, { readOnly: false, stuck: false, keyed: true });
    this.#send(server, operation);
    return operation;
  }

  /** Whoever never heard what became of a call with a key asks again. */
  retryWithKey(server: ServerHost): void {
    for (const operation of this.#simulation.history.operations) {
      const { key, refused, stuck, state } = operation;
      if (key === undefined || refused || stuck || state !== 'unknown') continue;
      operation.state = 'open';
      operation.completedAt = Number.POSITIVE_INFINITY;
      this.#send(server, operation);
    }
  }

  /** Somebody without our interceptor asks this very replica. */
  readPlainly(server: ServerHost): void {
    this.#send(server, this.#invoke(PLAIN, { readOnly: true, stuck: false, keyed: false }));
  }

  #invoke(session: number, how: Asked): Operation {
    return this.#simulation.history.invoke(session, how, this.#simulation.drawInput(how.readOnly));
  }

  #callPlainly(): void {
    const { choices, history, servers } = this.#simulation;
    const server = choices.maybe(servers.filter(({ runs, status }) => runs && status?.role === 'primary'));
    if (server === undefined) return;
    const retried = choices.maybe(
      history.operations.filter(({ key, state }) => key !== undefined && state === 'unknown'),
    );
    if (retried !== undefined && choices.chance(0.5)) {
      retried.state = 'open';
      this.#send(server, retried);
      return;
    }
    const used = choices.maybe(
      history.operations.filter(({ key, state }) => key !== undefined && state === 'answered'),
    );
    if (used?.key !== undefined && choices.chance(0.2)) {
      this.#send(server, this.#invoke(PLAIN, { readOnly: false, stuck: false, keyed: true, key: used.key }));
      return;
    }
    const readOnly = choices.chance(0.2);
    const keyed = !readOnly && choices.chance(0.5);
    const operation = this.#invoke(PLAIN, { readOnly, stuck: false, keyed });
    this.#send(server, operation);
    // What sits between them may send it again before it was answered.
    const again = keyed && operation.state !== 'unknown' && operation.state !== 'never' && choices.chance(0.2);
    if (again) this.#send(server, operation);
  }

  #send(server: ServerHost, operation: Operation): void {
    if (!server.runs) return;
    this.#openPlain.set(operation, (this.#openPlain.get(operation) ?? 0) + 1);
    const call = server.newCall({ plain: operation });
    if (this.#simulation.tracing) {
      this.#simulation.callNames.set(call, operation.name);
      server.note(`gets the plain call ${operation.name}`);
    }
    const { name, input, key, readOnly } = operation;
    const request = { method: '/log.Log/Append', message: requestText(name, input), ...(key !== undefined && { key }) };
    server.step({ kind: 'plainCall', call, peer: 'plain', readOnly, request });
  }

  plainAnswered(operation: Operation, outcome: Reply): void {
    this.#openPlain.delete(operation);
    this.#simulation.history.answer(operation, outcome);
  }

  plainFailed(operation: Operation, code: ErrorCode): void {
    // Of a call that was sent more than once, under its key, nobody knows.
    this.#fail(operation, ERROR_CODES[code].mayHaveTakenEffect || operation.key !== undefined);
  }

  plainLost(operation: Operation): void {
    this.#fail(operation, true);
  }

  /** One of its attempts failed; the last one counts, unless another was answered. */
  #fail(operation: Operation, mayHaveTakenEffect: boolean): void {
    const attempts = this.#openPlain.get(operation);
    if (attempts === undefined) return;
    if (attempts > 1) this.#openPlain.set(operation, attempts - 1);
    else {
      this.#openPlain.delete(operation);
      if (operation.state === 'open') this.#simulation.history.fail(operation, mayHaveTakenEffect);
    }
  }

  /** Plain calls that wait for an answer, without those whose handlers never end. */
  get openPlain(): number {
    let open = this.#plainStreams.filter(({ over }) => !over).length;
    for (const { stuck } of this.#openPlain.keys()) if (!stuck) open++;
    return open;
  }
}
