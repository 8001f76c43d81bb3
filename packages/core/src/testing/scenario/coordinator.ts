import { assert } from '../../model/assert.js';
import { forceRecord } from '../../record/force.js';
import type { GroupRecord } from '../../record/record.js';
import type { ReplicaEvent } from '../../replica/events.js';
import type { Network } from './network.js';
import type { Server } from './processes.js';

/** The coordinator's name in `cut` and `heal`. */
export const COORDINATOR = 'coordinator';

interface Change {
  readonly server: Server;
  /** Which life of the server asked: a later one is not told. */
  readonly life: number;
  readonly next: GroupRecord;
}

interface Outcome extends Change {
  readonly won: boolean;
}

/** The group's record, the changes that wait for it, and who is told. */
export class RecordKeeper {
  #record: GroupRecord | undefined;
  #up = true;
  /** It does what these ask for, but tells them nothing: the outcome of their changes is unknown to them. */
  readonly #silentTo = new Set<string>();
  #changes: Change[] = [];
  #untold: Outcome[] = [];
  readonly #servers: ReadonlyMap<string, Server>;
  readonly #network: Network;
  readonly #tell: (server: Server, event: ReplicaEvent) => void;
  readonly #print: (line: string) => void;

  constructor(
    servers: ReadonlyMap<string, Server>,
    network: Network,
    tell: (server: Server, event: ReplicaEvent) => void,
    print: (line: string) => void,
  ) {
    this.#servers = servers;
    this.#network = network;
    this.#tell = tell;
    this.#print = print;
  }

  get record(): GroupRecord | undefined {
    return this.#record;
  }

  #reachedBy = (server: Server): boolean => !this.#network.isCut(server.name, COORDINATOR);

  #isHeardBy = (server: Server): boolean => this.#reachedBy(server) && this.#up && !this.#silentTo.has(server.name);

  submit(server: Server, next: GroupRecord): void {
    this.#changes.push({ server, life: server.lives, next });
  }

  /** Carries out the first change that reaches it; false if there is none. */
  move(): boolean {
    const change = this.#up ? this.#changes.find(({ server }) => this.#reachedBy(server)) : undefined;
    if (change === undefined) return false;
    this.#changes = this.#changes.filter((other) => other !== change);
    const won = change.next.epoch === (this.#record?.epoch ?? 0) + 1;
    if (won) this.#put(change.next);
    const outcome = { ...change, won };
    if (this.#isHeardBy(change.server)) this.#answer(outcome);
    else this.#untold.push(outcome);
    if (won) this.#publish();
    return true;
  }

  #put(record: GroupRecord): void {
    this.#record = record;
    this.#print(`   record: ${describeRecord(record)}`);
  }

  #answer({ server, life, next, won }: Outcome): void {
    if (server.lives === life) this.#tell(server, { kind: 'recordChange', won, record: won ? next : this.#record });
  }

  #publish(): void {
    for (const server of this.#servers.values()) this.read(server);
  }

  /** A replica reads the record, or its watch tells it. */
  read(server: Server): void {
    if (this.#record !== undefined && this.#isHeardBy(server)) {
      this.#tell(server, { kind: 'record', record: this.#record });
    }
  }

  /** It answers; otherwise changes wait. */
  switchTo(up: boolean): void {
    this.#up = up;
    if (up) this.#publish();
  }

  silence(server: string): void {
    this.#silentTo.add(server);
  }

  /** A replica can be told again: first what became of its changes meanwhile. */
  speakTo(server: Server): void {
    this.#silentTo.delete(server.name);
    for (const outcome of this.#untold) if (outcome.server === server) this.#answer(outcome);
    this.#untold = this.#untold.filter((outcome) => outcome.server !== server);
    this.read(server);
  }

  /** An operator makes a replica the truth. */
  force(server: Server): void {
    assert(this.#record !== undefined, () => 'there is no record to force');
    this.#put(forceRecord(this.#record, server.member, server.name));
    this.#publish();
  }
}

const describeRecord = (record: GroupRecord): string => {
  const { epoch, term, primary, inSync, adoptedThrough, forced } = record;
  const set = inSync.map(({ id }) => id).join(' ');
  const adopted = adoptedThrough.map((one) => `${one.term}:${one.through}`).join(' ');
  return `epoch ${epoch}, term ${term}, primary ${primary.id}, in sync ${set}${adopted && `, adopted ${adopted}`}${forced ? ', forced' : ''}`;
};
