import type { ReplicaProgress } from '@understudy/core/internal';
import type { Act } from '../act.js';
import { type ApplicationCall, type CallTraits, type Deadly, type History, ONE_WAY } from '../checks/history.js';
import type { Choices } from '../draw/choices.js';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { Plan, StreamPlan } from '../plan/plan.js';
import type { Opening } from '../services/streamed.js';
import { drawHabits, drawOpening, type Habits } from '../streams/habits.js';
import { PlainStream, type PlainStreamServer, type PlainStreamWorld } from '../streams/plain-stream.js';
import { PlainCalls, type PlainCallsWorld, type PlainServer } from './plain-calls.js';

/** The process number of calls that come without our interceptor. */
const PLAIN = -1;

/** A replica that clients without our interceptor call. */
type CalledServer = PlainServer & PlainStreamServer & { readonly status: ReplicaProgress | undefined };

export interface ApplicationsWorld extends PlainCallsWorld, PlainStreamWorld {
  readonly plan: Plan;
  readonly choices: Choices;
  readonly history: History;
  readonly clients: readonly ClientHost[];
  readonly servers: readonly CalledServer[];
  readonly coordinator: { readonly record: { readonly inSync: readonly unknown[] } | undefined };
  /** A group that is a client of the simulated one. */
  readonly caller: { act(): void } | undefined;
}

/** The users of a group: they call through sessions, or plainly, with and without an idempotency key. */
export class Applications {
  readonly #world: ApplicationsWorld;
  readonly #plainCalls: PlainCalls;
  #plainStreams: readonly PlainStream[] = [];

  constructor(world: ApplicationsWorld) {
    this.#world = world;
    this.#plainCalls = new PlainCalls(world);
  }

  callSomething(): void {
    const { choices, plan, clients, caller } = this.#world;
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

  #invoke(session: number, how: CallTraits): ApplicationCall {
    return this.#world.history.invoke(session, how, this.#world.drawInput(how.readOnly));
  }

  // ── through sessions ────────────────────────────────────────────────────────────────────────────────────────────

  call(client: ClientHost, readOnly: boolean): void {
    if (!client.mayCall) return;
    const { choices, plan, calm } = this.#world;
    const stuck = plan.stuck && !calm && choices.chance(0.05);
    const oneWay = plan.oneWayRate > 0 && !readOnly && choices.chance(plan.oneWayRate);
    const operation = this.#invoke(client.process, {
      readOnly,
      stuck,
      keyed: false,
      deadly: this.#drawDeadly(readOnly),
    });
    if (oneWay) {
      client.call(operation, ONE_WAY);
      return;
    }
    const sure = choices.chance(0.3);
    if (readOnly) client.call(operation, sure ? '/log.Log/SureRead' : '/log.Log/Read');
    else client.call(operation, sure ? '/log.Log/Sure' : '/log.Log/Append');
  }

  /**
   * At most one message of death is under way at a time, and only while the whole group runs: two at once could end all
   * three replicas.
   */
  #drawDeadly(readOnly: boolean): Deadly | undefined {
    const { choices, plan, servers, history, coordinator, calm } = this.#world;
    if (plan.deadly === 0 || readOnly || calm || !choices.chance(plan.deadly)) return undefined;
    const isWhole = servers.every(({ runs }) => runs) && coordinator.record?.inSync.length === servers.length;
    const isOpen = history.operations.some(({ deadly, poisoned }) => deadly !== undefined && !poisoned);
    return isWhole && !isOpen ? choices.pick(['start', 'end', 'step']) : undefined;
  }

  openStream(client: ClientHost): void {
    const { plan } = this.#world;
    if (!client.mayCall || plan.streams === undefined) return;
    const [operation, opening, habits] = this.#drawStream(client.process, plan.streams);
    client.openStream(operation, opening, habits);
  }

  #drawStream(session: number, plan: StreamPlan): [ApplicationCall, Opening, Habits] {
    const { choices, history } = this.#world;
    const habits = drawHabits(choices, plan);
    const opening = drawOpening(choices, plan, habits, this.#world.drawInput(false));
    const how = { readOnly: false, stuck: false, keyed: false };
    return [history.invoke(session, how, opening.input), opening, habits];
  }

  /** Adds the acts by which applications may go on with their streams. */
  possible(acts: Act[]): void {
    for (const client of this.#world.clients) {
      for (const stream of client.openStreams.values()) if (stream.ready) acts.push(stream);
    }
    for (const stream of this.#plainStreams) if (stream.ready) acts.push(stream);
  }

  // ── without our interceptor ─────────────────────────────────────────────────────────────────────────────────────

  #somePrimary(): CalledServer | undefined {
    const { choices, servers } = this.#world;
    return choices.maybe(servers.filter(({ runs, status }) => runs && status?.role === 'primary'));
  }

  #openPlainly(): void {
    const server = this.#somePrimary();
    const { plan } = this.#world;
    if (server === undefined || plan.streams === undefined) return;
    const stream = new PlainStream(this.#world, server, ...this.#drawStream(PLAIN, plan.streams));
    this.#plainStreams = [...this.#plainStreams.filter(({ over }) => !over), stream];
    stream.open();
  }

  #callPlainly(): void {
    const server = this.#somePrimary();
    if (server === undefined) return;
    const { choices, history } = this.#world;
    const retried = choices.maybe(
      history.operations.filter(({ key, state }) => key !== undefined && state === 'unknown'),
    );
    if (retried !== undefined && choices.chance(0.5)) {
      retried.state = 'open';
      this.#plainCalls.send(server, retried);
      return;
    }
    const used = choices.maybe(
      history.operations.filter(({ key, state }) => key !== undefined && state === 'answered'),
    );
    if (used?.key !== undefined && choices.chance(0.2)) {
      const how = { readOnly: false, stuck: false, keyed: true, key: used.key };
      this.#plainCalls.send(server, this.#invoke(PLAIN, how));
      return;
    }
    const readOnly = choices.chance(0.2);
    const keyed = !readOnly && choices.chance(0.5);
    const operation = this.#invoke(PLAIN, { readOnly, stuck: false, keyed });
    this.#plainCalls.send(server, operation);
    // A proxy on the way may send the call again before it was answered.
    const again = keyed && operation.state !== 'unknown' && operation.state !== 'never' && choices.chance(0.2);
    if (again) this.#plainCalls.send(server, operation);
  }

  /** Makes a call with an idempotency key, so that it can be repeated. */
  callWithKey(server: PlainServer): ApplicationCall {
    const operation = this.#invoke(PLAIN, { readOnly: false, stuck: false, keyed: true });
    this.#plainCalls.send(server, operation);
    return operation;
  }

  /** Repeats every call with a key whose caller never heard its outcome. */
  retryWithKey(server: PlainServer): void {
    for (const operation of this.#world.history.operations) {
      const { key, refused, stuck, state } = operation;
      if (key === undefined || refused || stuck || state !== 'unknown') continue;
      operation.state = 'open';
      operation.completedAt = Number.POSITIVE_INFINITY;
      this.#plainCalls.send(server, operation);
    }
  }

  /** Sends a read to this very replica. */
  readPlainly(server: PlainServer): void {
    this.#plainCalls.send(server, this.#invoke(PLAIN, { readOnly: true, stuck: false, keyed: false }));
  }

  /** Plain calls and streams that wait for an answer, without those whose handlers never end. */
  get openPlain(): number {
    return this.#plainStreams.filter(({ over }) => !over).length + this.#plainCalls.waiting;
  }
}
