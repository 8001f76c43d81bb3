import type { ReplicaStatus } from '@understudy/core';
import type { Mode } from '../service/service-config.js';

/** What the processes of a benchmark can be asked over their IPC channels. Times: `monotonicMs`. */

/** CPU time, user and system, that a process has used when it was asked. */
export interface Usage {
  readonly atMs: number;
  readonly cpuMs: number;
}

export interface Memory {
  /** Live JavaScript objects and the buffers they hold, after a garbage collection if the process allows one. */
  readonly liveBytes: number;
  readonly rssBytes: number;
}

export interface ProcessCommands {
  usage(): Usage;
  memory(): Memory;
  startProfile(): void;
  /** Writes a .cpuprofile of what happened since `startProfile`. */
  endProfile(path: string): void;
}

export interface ReplicaCommands extends ProcessCommands {
  status(): ReplicaStatus;
}

/** Microseconds. */
export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What a driver did since it was asked before. */
export interface Mark extends Usage {
  readonly calls: number;
  readonly failures: number;
  /** The first failure, as gRPC says it. */
  readonly failure: string | undefined;
  readonly latencies: Latencies;
}

export interface Connection {
  readonly target: string;
  /** undefined: the service is not replicated. */
  readonly mode: Mode | undefined;
  /** Client objects; each is a session of its own. */
  readonly clients: number;
}

/** What light load saw. */
export interface Heard {
  readonly calls: number;
  readonly replies: number;
  readonly failures: number;
  readonly failure: string | undefined;
  /** The last reply of the term that was asked about, or an older one, that any client had. */
  readonly lastOldReplyAtMs: number;
  /** The first reply of a newer term that any client had. */
  readonly firstReplyAtMs: number;
  /** The longest time that any client was without a reply. */
  readonly longestGapMs: number;
}

/** How a stream sends: as its flow control lets it, or each message when the one before has come back. */
export type Pace = 'window' | 'one';

export interface DriverCommands extends ProcessCommands {
  connect(connection: Connection): void;
  /** Keeps so many calls in flight until `stop`. */
  load(inFlight: number): void;
  mark(): Mark;
  /** Waits for the calls that are open; returns how many there were in all. */
  stop(): number;
  /** Makes so many calls, and waits for them. */
  drive(calls: number, inFlight: number): Mark;
  /** Keeps so many streams busy until `endStreams`. */
  openStreams(streams: number, pace: Pace): void;
  /** Waits until all that was sent has come back; returns how many messages there were in all. */
  endStreams(): number;
  /** Light load: every client calls every so often, whether or not it was answered. */
  startBeat(everyMs: number): void;
  /** Resolves when every client has had a reply of a term newer than this. */
  heardOfTermAfter(term: number): void;
  endBeat(): Heard;
}

/** Both directions of the connections through one door of the proxy. */
export interface Traffic {
  readonly there: Flow;
  readonly back: Flow;
}

export interface Flow {
  /** TCP payload. */
  readonly bytes: number;
  /** gRPC messages. */
  readonly messages: number;
  /** HTTP/2 HEADERS frames: a call begins with one, and its answer is two, or one if it is trailers-only. */
  readonly headers: number;
}

export interface ProxyCommands extends ProcessCommands {
  /** Opens a door to an address and returns where it is. */
  open(target: string): string;
  /** What went through each door so far, by its address. */
  traffic(): Readonly<Record<string, Traffic>>;
}
