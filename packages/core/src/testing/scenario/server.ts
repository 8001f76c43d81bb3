import type { GroupConfig } from '../../config/config.js';
import { settingsText } from '../../config/term-settings.js';
import type { OnOtherState } from '../../model/digest.js';
import type { Reply } from '../../model/outcome.js';
import type { Leadership, Member } from '../../model/record.js';
import { Replica } from '../../replica/replica.js';
import type { ReplicaEffect, ReplicaEvent, Task } from '../../replica/state/events.js';
import { memberOf } from '../world/identity.js';
import { VIRTUAL_PORTS } from '../world/virtual-ports.js';
import { VirtualThread } from '../world/virtual-thread.js';
import { Process } from './process.js';
import { Service } from './service.js';

const UNIMPLEMENTED: Reply = { kind: 'reply', code: 12, details: 'no such method' };

/** A replica's process: its core, its service, and what waits for either. */
export class Server extends Process<ReplicaEvent, ReplicaEffect> {
  declare core: Replica | undefined;
  lives = 0;
  /** Its own settings from its next life on, where they are not the group's; and the version of its code. */
  settings: Partial<GroupConfig> = {};
  version = '';
  /** Methods that its code does not have. */
  lacks: readonly string[] = [];
  brings: Leadership = { settings: '', version: '', replication: 'semi-active' };
  member: Member;
  service = new Service();
  /** Tasks whose handlers have not ended. */
  tasks: Task[] = [];
  /** Requests that the user's interceptors hold. */
  heldAdmissions: number[] = [];
  /** While it is true, frames of sessions wait to be read. */
  sessionsPaused = false;
  /** The peers to which its core wants links. */
  wanted: readonly string[] = [];
  /** Its process is new: its state is as in the beginning. */
  fresh = false;
  /** Its user's state can be copied. */
  copies = true;
  /** Copies of its state are cut into a chunk for each entry. */
  cuts = false;
  /** The chunks of copies that are drawn as they are sent: it has a snapshot of its state. */
  readonly drawn = new Map<number, Uint8Array[]>();
  snapshots = false;
  /** Its user's function that copies or restores the state blocks the process, until that is resumed. */
  blocks = false;
  /** Its service computes something else than those of the other replicas. */
  diverges = false;
  /** Its user's state has another order after it was restored. */
  shuffles = false;
  /** For so long its user's function keeps it from everything else when a digest of the state is taken. */
  digestMs = 0;
  /** What it does in its next lives if its state is another one than the primary's. */
  onOtherState: OnOtherState = 'restore';
  /** How large its state is said to be. */
  stateBytes = 0;
  /** Digests of its state take until the scenario says so. */
  holdsDigests = false;
  digested: ReplicaEvent[] = [];
  /** Its interceptors refuse everything. */
  distrusts = false;

  /** Its liveness thread; undefined if the scenario has none. */
  thread: VirtualThread | undefined;

  /** Its main thread is not told what its liveness thread heard, as if all of it had happened just now. */
  deaf = false;
  /** Since when its main thread is blocked; undefined if it is not. */
  blockedSinceMs: number | undefined;
  /** The timers that its service registered with `every`. */
  readonly every = new Map<string, number>();
  /** Its handlers may arm timers. */
  mayArm = false;

  /** What the clock on its wall shows. It stands still until the scenario sets it. */
  wallMs = 0;
  /** How far the group's time is ahead of this clock. */
  aheadMs = 0;

  constructor(name: string) {
    super(name, { kind: 'flush' });
    this.member = memberOf(name, 0);
  }

  newLife(config: GroupConfig, admits: boolean, delegates: boolean): void {
    this.clear();
    this.thread = delegates ? new VirtualThread() : undefined;
    this.member = memberOf(this.name, ++this.lives);
    this.service = new Service();
    this.service.mark = this.version === '' ? '' : `~${this.version}`;
    const own = { ...config, ...this.settings };
    const { version, lacks } = this;
    this.brings = { settings: settingsText(own), version, replication: own.replication };
    this.tasks = [];
    this.digested = [];
    this.heldAdmissions = [];
    this.sessionsPaused = false;
    this.wanted = [];
    this.core = new Replica({
      member: this.member,
      address: this.name,
      config: own,
      version,
      refusesMethod: (method) => (lacks.includes(method) ? UNIMPLEMENTED : undefined),
      admits,
      ...VIRTUAL_PORTS,
      wallClock: () => this.wallMs,
      orderClock: { orderMs: () => this.wallMs + this.aheadMs, timerMs: (nowMs) => nowMs + this.aheadMs },
      fresh: this.fresh,
      delegates,
      every: this.every,
      mayArm: this.mayArm,
      onOtherState: this.onOtherState,
    });
  }

  end(): void {
    this.core = undefined;
    this.clear();
    this.tasks = [];
  }

  /** A digest of its state is there. */
  postDigest(): void {
    for (const event of this.digested) this.post(event);
    this.digested = [];
  }

  execute(task: Task): ReplicaEvent[] {
    return this.service.execute(task, this.diverges);
  }
}
