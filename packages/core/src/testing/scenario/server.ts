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

/** A replica's process: its core, its service, and the events and tasks that wait for them. */
export class Server extends Process<ReplicaEvent, ReplicaEffect> {
  declare core: Replica | undefined;
  lives = 0;
  /** The settings of its own from its next life on that differ from the group's; and the version of its code. */
  settings: Partial<GroupConfig> = {};
  version = '';
  /** The methods that its code lacks. */
  lacks: readonly string[] = [];
  brings: Leadership = { settings: '', version: '', replication: 'semi-active' };
  member: Member;
  service = new Service();
  /** Tasks whose handlers have not ended. */
  tasks: Task[] = [];
  /** Requests that the user's interceptors hold. */
  heldAdmissions: number[] = [];
  /** Whether frames of sessions wait unread. */
  sessionsPaused = false;
  /** The peers to which its core wants links. */
  wanted: readonly string[] = [];
  /** Whether its process is new, with the initial state. */
  fresh = false;
  /** Whether its user's state can be copied. */
  copies = true;
  /** Whether copies of its state are cut into a chunk for each entry. */
  cuts = false;
  /** The chunks of copies that are read while they are sent: it has a snapshot of its state. */
  readonly drawn = new Map<number, Uint8Array[]>();
  snapshots = false;
  /** Whether its user's function that copies or restores the state blocks the process until `resume`. */
  blocks = false;
  /** Whether its service computes other results than those of the other replicas. */
  diverges = false;
  /** Whether its user's state has another order after each restore. */
  shuffles = false;
  /** For how long a digest of the state blocks the process. */
  digestMs = 0;
  /** What the replica does in its next lives if its state differs from the primary's. */
  onOtherState: OnOtherState = 'restore';
  /** The size that its state counts as. */
  stateBytes = 0;
  /** Whether digests of its state wait for the scenario. */
  holdsDigests = false;
  digested: ReplicaEvent[] = [];
  /** Whether its interceptors refuse everything. */
  distrusts = false;

  /** Its liveness thread; undefined if the scenario has none. */
  thread: VirtualThread | undefined;

  /** Whether its main thread does not learn what its liveness thread heard, as if all of it had happened just now. */
  deaf = false;
  /** Since when its main thread is blocked; undefined if it is not. */
  blockedSinceMs: number | undefined;
  /** The timers that its service registered with `every`. */
  readonly every = new Map<string, number>();
  /** Whether its handlers may arm timers. */
  mayArm = false;

  /** The time on its wall clock, which stands still until the scenario sets it. */
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

  /** The digest of its state is ready. */
  postDigest(): void {
    for (const event of this.digested) this.post(event);
    this.digested = [];
  }

  execute(task: Task): ReplicaEvent[] {
    return this.service.execute(task, this.diverges);
  }
}
