/** The commands that the processes of a benchmark take over their IPC channels. All times are `monotonicMs`. */
import type { ReplicaStatus } from '@understudy/core';
import type { AddRequest } from '../service/proto.js';
import type { Mode } from '../service/service-config.js';

/** CPU time, user and system, that a process has used so far. */
export interface Usage {
  readonly atMs: number;
  readonly cpuMs: number;
}

export interface Memory {
  /** Live JavaScript objects and their buffers, after a garbage collection if the process allows one. */
  readonly liveBytes: number;
  readonly rssBytes: number;
  /** The most that `rssBytes` was since the process began, also within a turn of its event loop. */
  readonly mostRssBytes: number;
}

export interface ProcessCommands {
  usage(): Usage;
  memory(): Memory;
  startProfile(): void;
  /** Writes a .cpuprofile of what happened since `startProfile`. */
  endProfile(path: string): void;
}

/** How long a process held its event loop at a time. A turn is long beyond 10 ms. */
export interface Turns {
  readonly longestMs: number;
  /** Counts only the time in which the thread had a processor; the rest of a turn belongs to other processes. */
  readonly longestOwnMs: number;
  readonly longOwn: number;
  /** The longest collection of garbage, which is part of a turn. */
  readonly longestGcMs: number;
}

export interface ReplicaCommands extends ProcessCommands {
  status(): ReplicaStatus;
  /** The turns since the last time this was asked; none the first time, because the watch begins then. */
  turns(): Turns;
}

/** A process that keeps every core of the machine busy while it works. */
export interface OtherWorkCommands extends ProcessCommands {
  work(): void;
  rest(): void;
}

/** Microseconds. */
export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The work of a driver since its last mark. */
export interface Mark extends Usage {
  readonly calls: number;
  readonly failures: number;
  /** The message of the first failure, from gRPC. */
  readonly failure: string | undefined;
  readonly latencies: Latencies;
}

/** The outcomes, since the last mark, of calls that are made at a steady rate. */
export interface OpenMark {
  readonly atMs: number;
  readonly answered: number;
  /** Calls that ended with RESOURCE_EXHAUSTED. */
  readonly refused: number;
  /** Calls that ended with DEADLINE_EXCEEDED. */
  readonly late: number;
  readonly failures: number;
  /** The message of the first failure, from gRPC. */
  readonly failure: string | undefined;
  /** Latencies of the answered calls. */
  readonly latencies: Latencies;
}

export interface Connection {
  readonly target: string;
  /** Undefined if the service is not replicated. */
  readonly mode: Mode | undefined;
  /** Number of client objects. Each is a session of its own. */
  readonly clients: number;
}

/** The calls and replies of the clients under light load. */
export interface Heard {
  readonly calls: number;
  readonly replies: number;
  readonly failures: number;
  readonly failure: string | undefined;
  /** When any client had its last reply of the term in question, or of an older one. */
  readonly lastOldReplyAtMs: number;
  /** When any client had its first reply of a newer term. */
  readonly firstReplyAtMs: number;
  /** The longest time that any client was without a reply. */
  readonly longestGapMs: number;
}

/** Options of a call under load: the service's work besides adding. */
export interface Asked extends Pick<AddRequest, 'work' | 'waitMs' | 'once'> {
  /** Asks for the total, and adds nothing. */
  readonly reads?: boolean;
}

/** Calls that the application makes in one turn of its event loop. */
export interface BurstAsked {
  readonly calls: number;
  /** Bytes of each request's payload. */
  readonly requestBytes: number;
  readonly replyBytes: number;
}

export interface BurstDone {
  /**
   * How long the turn took in which the calls were made, above all for their serialization. Small calls wait at least
   * this long.
   */
  readonly turnMs: number;
  readonly seconds: number;
  readonly failures: number;
  /** The message of the first failure, from gRPC. */
  readonly failure: string | undefined;
}

export interface SmallMark extends Mark {
  /**
   * Latencies from the moment at which a call was due. They exceed `latencies` by the time for which the client's own
   * event loop was busy.
   */
  readonly sinceDue: Latencies;
}

/** How a stream sends: as fast as flow control allows, or each message when the one before has come back. */
export type Pace = 'window' | 'one';

export interface DriverCommands extends ProcessCommands {
  connect(connection: Connection): void;
  /** Keeps `inFlight` calls in flight until `stop`. */
  load(inFlight: number, asked?: Asked): void;
  /** Makes this many calls a second until `endOpenLoad`, each with this deadline. */
  openLoad(perSecond: number, asked: Asked, deadlineMs: number): void;
  openMark(): OpenMark;
  endOpenLoad(): void;
  mark(): Mark;
  /** Waits for the open calls. Returns how many calls there were in all. */
  stop(): number;
  /** Makes `calls` calls, and waits for all of them. */
  drive(calls: number, inFlight: number): Mark;
  /** Keeps `streams` streams busy until `endStreams`. */
  openStreams(streams: number, pace: Pace): void;
  /** Waits until every message has come back. Returns how many messages there were in all. */
  endStreams(): number;
  /** Opens a stream for every client, which keeps its session, and resolves when every stream has had an answer. */
  openSessions(): void;
  /** Light load: every client makes a call at each interval, whether or not earlier calls were answered. */
  startBeat(everyMs: number): void;
  /** Resolves when every client has had a reply of a term newer than `term`. */
  heardOfTermAfter(term: number): void;
  endBeat(): Heard;
  /** Makes a small call at each interval, whether or not earlier calls were answered, until `endSmallCalls`. */
  startSmallCalls(everyMs: number): void;
  markSmallCalls(): SmallMark;
  /** Waits for the calls that are open. */
  endSmallCalls(): void;
  /** Makes the requests of a burst. */
  prepareBurst(asked: BurstAsked): void;
  /** Makes all its calls in one turn, and waits until all have ended. */
  burst(): BurstDone;
}

/** The traffic through one door of the proxy, in both directions. */
export interface Traffic {
  readonly there: Flow;
  readonly back: Flow;
}

export interface Flow {
  /** Bytes of TCP payload. */
  readonly bytes: number;
  /** The number of gRPC messages. */
  readonly messages: number;
  /** The number of HTTP/2 HEADERS frames: a call begins with one. Its reply has two, or one if it is trailers-only. */
  readonly headers: number;
}

export interface ProxyCommands extends ProcessCommands {
  /** Opens a door to an address, and returns the address of the door. */
  open(target: string): string;
  /** The traffic through each door so far, by the address of the door. */
  traffic(): Readonly<Record<string, Traffic>>;
}
