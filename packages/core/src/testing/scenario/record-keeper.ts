import { assert } from '../../model/assert.js';
import type { GroupRecord } from '../../model/record.js';
import { forceRecord } from '../../record/force.js';
import type { ReplicaEvent } from '../../replica/state/events.js';
import type { Cuts } from '../world/cuts.js';
import { describeRecord, RecordStore, toldOf } from '../world/record-store.js';
import type { Server } from './server.js';

/** The coordinator's name in `cut` and `heal`. */
export const COORDINATOR = 'coordinator';

interface Change {
  readonly server: Server;
  /** The life of the server that asked; a later life gets no answer. */
  readonly life: number;
  readonly next: GroupRecord;
  readonly putsBack: boolean;
}

interface DecidedChange extends Change {
  readonly won: boolean;
}

/** The servers that the coordinator reports to, and the network between them. */
export interface KeptWorld {
  readonly servers: ReadonlyMap<string, Server>;
  readonly links: { readonly cuts: Cuts };
  tell(server: Server, event: ReplicaEvent): void;
  print(line: string): void;
}

/**
 * The coordinator of a scenario: the group's record, the changes that wait for it, and the servers that it reports to.
 * It carries out a change, and reports the outcome, when the scenario says so; the simulator draws both, and loses
 * questions and answers.
 */
export class RecordKeeper {
  readonly #world: KeptWorld;
  readonly #store = new RecordStore();
  #up = true;
  /** The servers that get no answer, so they do not know the outcome of their changes. */
  readonly #silentTo = new Set<string>();
  #changes: readonly Change[] = [];
  #untold: readonly DecidedChange[] = [];
  readonly #past: GroupRecord[] = [];

  constructor(world: KeptWorld) {
    this.#world = world;
  }

  get record(): GroupRecord | undefined {
    return this.#store.record;
  }

  #reachedBy = (server: Server): boolean => !this.#world.links.cuts.isCut(server.name, COORDINATOR);

  #isHeardBy = (server: Server): boolean => this.#reachedBy(server) && this.#up && !this.#silentTo.has(server.name);

  submit(server: Server, next: GroupRecord, putsBack = false): void {
    this.#changes = [...this.#changes, { server, life: server.lives, next, putsBack }];
  }

  /** Carries out the first change that reaches it. @returns false if there is none */
  move(): boolean {
    const change = this.#up ? this.#changes.find(({ server }) => this.#reachedBy(server)) : undefined;
    if (change === undefined) return false;
    this.#changes = this.#changes.filter((other) => other !== change);
    const { next, putsBack } = change;
    const won = (putsBack ? this.#store.putBack(next) : this.#store.swap(next)).kind === 'swapped';
    if (won) this.#printRecord(change.next);
    const outcome = { ...change, won };
    if (this.#isHeardBy(change.server)) this.#answer(outcome);
    else this.#untold = [...this.#untold, outcome];
    if (won) this.#publish();
    return true;
  }

  #printRecord(record: GroupRecord): void {
    this.#past.push(record);
    this.#world.print(
      `   record: ${describeRecord(record)}${record.forced ? ', forced' : ''}${record.ended ? ', ended' : ''}`,
    );
  }

  #answer({ server, life, next, won }: DecidedChange): void {
    if (server.lives !== life) return;
    this.#world.tell(server, toldOf(next, won ? { kind: 'swapped' } : { kind: 'conflict', current: this.record }));
  }

  #publish(): void {
    for (const server of this.#world.servers.values()) this.read(server);
  }

  /** A replica reads the record, or hears of it by its watch. */
  read(server: Server): void {
    if (this.#isHeardBy(server)) this.#tell(server);
  }

  #tell(server: Server, last?: GroupRecord): void {
    const { record } = this;
    const known = server.core?.status.epoch ?? 0;
    if (record === undefined || record.epoch < known) {
      if (known > 0) this.#world.tell(server, { kind: 'recordLost', found: record, last });
    } else {
      this.#world.tell(server, { kind: 'record', record });
    }
  }

  /**
   * Deletes the record, or puts back an older one, as an outsider would.
   *
   * @param epoch of the record that is there afterwards; 0 for none
   * @param isTold whether the coordinator says what was there before
   */
  lose(epoch: number, isTold: boolean): void {
    const last = this.record;
    this.#store.record = this.#past.find((record) => record.epoch === epoch);
    // A server that does not know the outcome of a change asks again, and finds nothing left to change.
    this.#untold = this.#untold.map((outcome) => ({ ...outcome, won: false }));
    this.#world.print(`   record: ${this.record === undefined ? 'gone' : `rolled back to epoch ${epoch}`}`);
    for (const server of this.#world.servers.values()) {
      if (server.runs && this.#isHeardBy(server)) this.#tell(server, isTold ? last : undefined);
    }
  }

  /** It answers; while it is down, changes wait. */
  switchTo(up: boolean): void {
    this.#up = up;
    if (up) this.#publish();
  }

  silence(server: string): void {
    this.#silentTo.add(server);
  }

  /** Answers a replica again, first with the outcomes of its changes in the meantime. */
  speakTo(server: Server): void {
    this.#silentTo.delete(server.name);
    for (const outcome of this.#untold) if (outcome.server === server) this.#answer(outcome);
    this.#untold = this.#untold.filter((outcome) => outcome.server !== server);
    this.read(server);
  }

  /** An operator forces the record to a replica. */
  force(server: Server): void {
    const { record } = this;
    assert(record !== undefined, () => 'there is no record to force');
    const forced = forceRecord(record, server.member, server.name);
    this.#store.record = forced;
    this.#printRecord(forced);
    this.#publish();
  }
}
