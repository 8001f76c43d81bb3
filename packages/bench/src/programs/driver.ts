/** The program of the client process. */
import * as grpc from '@grpc/grpc-js';
import { serveParent } from '../ipc/child-side.js';
import type { Connection, DriverCommands } from '../ipc/commands.js';
import { Beat } from '../load/beat.js';
import { Burst } from '../load/burst.js';
import { IdleSessions } from '../load/idle-sessions.js';
import { Load } from '../load/load.js';
import { OpenLoad } from '../load/open-load.js';
import { SmallCalls } from '../load/small-calls.js';
import { StreamLoad } from '../load/stream-load.js';
import { Tally } from '../load/tally.js';
import { ANY_SIZE, CounterClient } from '../service/proto.js';

const tally = new Tally();
let clients: CounterClient[] = [];
let termOf: (client: CounterClient) => number = () => 0;
let load: Load | undefined;
let openLoad: OpenLoad | undefined;
let streams: StreamLoad | undefined;
let beat: Beat | undefined;
let burst: Burst | undefined;
let smallCalls: SmallCalls | undefined;

const present = <T>(part: T | undefined): T => {
  if (part === undefined) throw new Error('ask the driver to connect, and to start what it should end');
  return part;
};

/** Creates the clients. Clients of the bare service load none of our code. */
async function connect({ target, mode, clients: count }: Connection): Promise<void> {
  let options: grpc.ClientOptions = ANY_SIZE;
  if (mode !== undefined) {
    const ours = await import('./replicated-options.js');
    options = { ...ANY_SIZE, ...ours.replicatedOptions(mode) };
    termOf = ours.termOf;
  }
  clients = Array.from({ length: count }, () => new CounterClient(target, grpc.credentials.createInsecure(), options));
  load = new Load(present(clients[0]), tally);
  streams = new StreamLoad(present(clients[0]), tally);
}

serveParent<DriverCommands>({
  connect,
  load: (inFlight, asked) => present(load).start(inFlight, undefined, asked),
  openLoad: (perSecond, asked, deadlineMs) => {
    openLoad = new OpenLoad(present(clients[0]), perSecond, asked, deadlineMs);
  },
  openMark: () => present(openLoad).mark(),
  endOpenLoad: () => present(openLoad).end(),
  mark: () => tally.mark(),
  stop: () => present(load).stop(),
  drive: async (calls, inFlight) => {
    tally.mark();
    present(load).start(inFlight, calls);
    await present(load).idle();
    return tally.mark();
  },
  openStreams: (count, pace) => present(streams).open(count, pace),
  endStreams: () => present(streams).end(),
  startBeat: (everyMs) => {
    beat = new Beat(clients, termOf, everyMs);
  },
  heardOfTermAfter: (term) => present(beat).heardOfTermAfter(term),
  endBeat: () => present(beat).end(),
  openSessions: () => new IdleSessions().open(clients),
  startSmallCalls: (everyMs) => {
    smallCalls = new SmallCalls(present(clients[0]), everyMs);
  },
  markSmallCalls: () => present(smallCalls).mark(),
  endSmallCalls: () => present(smallCalls).end(),
  prepareBurst: (asked) => {
    burst = new Burst(present(clients[0]), asked);
  },
  burst: () => present(burst).run(),
});
