/** The applications' calls in a window. */
import type { Act } from '../../act.js';
import type { ApplicationCall } from '../../checks/history.js';
import type { Simulation } from '../../simulation.js';
import type { ScriptedCall } from './scenario.js';

/** A call of an application as an act. It may happen once its client's earlier calls have ended. */
class CallAct implements Act {
  readonly #calls: Calls;
  readonly #index: number;

  constructor(calls: Calls, index: number) {
    this.#calls = calls;
    this.#index = index;
  }

  act(): void {
    this.#calls.make(this.#index);
  }
}

/** The calls of a window. */
export class Calls {
  readonly #simulation: Simulation;
  readonly #script: readonly ScriptedCall[];
  readonly #acts: readonly Act[];
  readonly #made: (ApplicationCall | undefined)[] = [];

  constructor(simulation: Simulation, script: readonly ScriptedCall[]) {
    this.#simulation = simulation;
    this.#script = script;
    this.#acts = script.map((_, i) => new CallAct(this, i));
  }

  possible(): Act[] {
    return this.#acts.filter((_, i) => this.#made[i] === undefined && this.#hasTurn(i));
  }

  /** Whether every call has ended or has a dead caller. */
  get over(): boolean {
    return this.#script.every(({ client }, i) => {
      if (this.#simulation.clients[client]?.dead) return true;
      const operation = this.#made[i];
      return operation !== undefined && operation.state !== 'open';
    });
  }

  #hasTurn(index: number): boolean {
    const { client } = this.#script[index] as ScriptedCall;
    if (this.#simulation.clients[client]?.dead) return false;
    return this.#script.every((other, i) => {
      const isBefore = i < index && other.client === client;
      const made = this.#made[i];
      return !isBefore || (made !== undefined && made.state !== 'open');
    });
  }

  make(index: number): void {
    const { client, readOnly, input } = this.#script[index] as ScriptedCall;
    const caller = this.#simulation.clients[client];
    if (caller === undefined) throw new RangeError(`there is no client ${client}`);
    const operation = this.#simulation.history.invoke(caller.process, { readOnly, stuck: false, keyed: false }, input);
    this.#made[index] = operation;
    caller.call(operation, readOnly ? '/log.Log/Read' : '/log.Log/Append');
  }
}
