import { isInSync, type OrderNum, type SeqNum, type Term, unreachable } from '@understudy/core';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { Host } from '../hosts/host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Fault } from '../plan/plan.js';
import type { Simulation } from '../simulation.js';

/** A process that crashes between two effects does so within this many. */
const EFFECTS_TO_CRASH = 24;
/** No run gives so many orders. */
const NEVER_GIVEN = 4095;

/** Something goes wrong, or is mended. */
export function injectFault(simulation: Simulation, fault: Fault): void {
  const { choices, plan, servers, clients } = simulation;
  const { leaseMs, sessionMs } = plan.config;
  switch (fault) {
    case 'serverCrash':
      return crashOrRestartServer(simulation);
    case 'clientCrash':
      return crashOrRestartClient(simulation);
    case 'crashTogether':
      return crashTogether(simulation);
    case 'serverPause':
      return pause(choices.pick(servers), choices.between(0.3, 4) * leaseMs);
    case 'clientPause':
      return pause(choices.pick(clients), choices.between(0.1, 1.5) * sessionMs);
    case 'cut':
      return cutOrHeal(simulation, choices.pick(servers), choices.pick(servers));
    case 'clientCut':
      return cutOrHeal(simulation, choices.pick(clients), choices.pick(servers));
    case 'isolate':
      return isolate(simulation);
    case 'hold':
      return hold(simulation);
    case 'breakStream':
      return breakStream(simulation);
    case 'coordinatorCrash':
      return crashCoordinator(simulation, choices.between(20, 4 * leaseMs));
    case 'coordinatorCut':
      return cutCoordinator(simulation, choices.between(20, 4 * leaseMs));
    case 'diverge':
      return diverge(simulation);
    case 'forge':
      return forge(simulation);
    case 'stepDown':
      return choices.maybe(servers.filter((server) => server.runs && mayCrash(simulation, server)))?.stepDown();
    case 'close':
      return choices.maybe(clients.filter(({ runs }) => runs))?.close();
    case 'cancel':
      return cancel(simulation);
    default:
      return unreachable(fault, 'fault');
  }
}

/** Crashes that leave nobody in sync are rare: little can be learned after them. */
function mayCrash(simulation: Simulation, server: ServerHost): boolean {
  const { record } = simulation.coordinator;
  if (record === undefined || !isInSync(record, server.member)) return true;
  const others = simulation.servers.filter(
    (other) => other !== server && other.alive && isInSync(record, other.member) && !isDoomed(other),
  );
  return others.length > 0 || simulation.choices.chance(0.02);
}

const isDoomed = ({ crashesAfter }: Host): boolean => crashesAfter !== Number.POSITIVE_INFINITY;

/** Now, or soon between two effects. */
function crash(host: Host): void {
  const { choices } = host.simulation;
  if (choices.chance(0.5)) host.crash();
  else host.crashesAfter = choices.below(EFFECTS_TO_CRASH);
}

function crashOrRestartServer(simulation: Simulation): void {
  const server = simulation.choices.pick(simulation.servers);
  if (!server.alive) server.start();
  else if (mayCrash(simulation, server)) crash(server);
}

function crashOrRestartClient(simulation: Simulation): void {
  const client = simulation.choices.pick(simulation.clients);
  if (client.dead) client.restart();
  else if (client.alive) crash(client);
}

function crashTogether(simulation: Simulation): void {
  const primary = simulation.servers.find(({ alive, status }) => alive && status?.role === 'primary');
  if (primary === undefined || !mayCrash(simulation, primary)) return;
  const client = simulation.choices.maybe(simulation.clients.filter(({ alive }) => alive));
  crash(primary);
  if (client !== undefined) crash(client);
}

function pause(host: Host, ms: number): void {
  if (!host.runs) return;
  host.simulation.fault([host], `pauses for ${ms.toFixed(0)} ms`);
  host.pausedUntilMs = host.simulation.nowMs + ms;
}

function cutOrHeal(simulation: Simulation, a: Host, b: Host): void {
  const { choices, network } = simulation;
  if (network.hasCuts && choices.chance(0.5)) {
    simulation.fault([], 'cuts heal');
    network.healCuts();
    return;
  }
  if (a === b) return;
  const [there, back] = choices.pick([
    [true, true],
    [true, false],
    [false, true],
  ] as const);
  simulation.fault([a, b], `cut: ${a.name}${back ? '<' : ''}-${there ? '>' : ''}${b.name}`);
  if (there) network.cut(a, b);
  if (back) network.cut(b, a);
}

/** A deposed primary that does not know it, and clients that hear of nobody else. */
function isolate(simulation: Simulation): void {
  const { choices, network, servers, clients, plan, nowMs } = simulation;
  const primary = servers.find(({ runs, status }) => runs && status?.role === 'primary');
  if (primary === undefined || servers.length === 1) return;
  const near = clients.filter(() => choices.chance(0.5));
  const heard = choices.chance(0.2);
  for (const server of servers) {
    if (server === primary) continue;
    network.cut(primary, server);
    if (!heard) network.cut(server, primary);
    for (const client of near) {
      network.cut(client, server);
      network.cut(server, client);
    }
  }
  const ms = choices.between(0.5, 2) * Math.max(plan.config.leaseMs, choices.pick([0, plan.config.sessionMs]));
  if (choices.chance(0.7)) primary.withoutCoordinatorUntilMs = nowMs + ms;
  simulation.fault([primary, ...near], `cut off from all others for ${ms.toFixed(0)} ms`);
  simulation.stirUntilMs = nowMs + ms;
}

function hold(simulation: Simulation): void {
  const { choices, network, plan, nowMs } = simulation;
  const server = choices.pick(simulation.servers);
  const streams = network.sessionStreams.filter((stream) => stream.server === server);
  const pipes = [
    ...streams.flatMap(({ toClient, toServer }) => [toClient, toServer]),
    ...server.peerStreams.flatMap((stream) => (stream === undefined ? [] : [stream.pipe])),
  ];
  const pipe = choices.maybe(pipes);
  if (pipe === undefined) return;
  pipe.heldUntilMs = nowMs + choices.between(10, 2 * plan.config.leaseMs);
  const way = `${pipe.from.name}>${pipe.to.name}`;
  simulation.fault([pipe.from, pipe.to], `${way}: nothing arrives until ${pipe.heldUntilMs.toFixed(0)}`);
}

function breakStream(simulation: Simulation): void {
  const { choices, network } = simulation;
  const server = choices.pick(simulation.servers);
  const peer = choices.maybe(server.peerStreams.flatMap((stream) => stream ?? []));
  const session = choices.maybe(network.sessionStreams.filter((stream) => stream.server === server));
  const rpc = choices.maybe(network.rpcs.filter((one) => one.server === server));
  const broken = choices.pick([peer, session, session, rpc]);
  if (broken === undefined) return;
  const other = 'client' in broken ? broken.client : broken.to;
  simulation.fault([server, other], `breaks: ${server.name}-${other.name}`);
  broken.break();
}

function crashCoordinator(simulation: Simulation, ms: number): void {
  const until = simulation.nowMs + ms;
  simulation.fault([], `coordinator: crashes, back at ${until.toFixed(0)}`);
  simulation.coordinator.crash(until);
}

function cutCoordinator(simulation: Simulation, ms: number): void {
  const until = simulation.nowMs + ms;
  const server = simulation.choices.pick(simulation.servers);
  simulation.fault([server], `coordinator: out of reach until ${until.toFixed(0)}`);
  server.withoutCoordinatorUntilMs = until;
}

function diverge(simulation: Simulation): void {
  const server = simulation.choices.maybe(simulation.servers.filter(({ alive }) => alive));
  if (server === undefined) return;
  simulation.fault([server], 'its next handler comes to another outcome');
  server.diverges = true;
}

/**
 * A client makes an order up. Where the primary announces itself nobody believes it; where clients reflect, only the
 * primary can tell.
 */
function forge(simulation: Simulation): void {
  const { choices, network, plan } = simulation;
  const reflects = plan.config.multicast === 'destination';
  const stream = choices.maybe(
    network.sessionStreams.filter(
      ({ serverOpen, toServer, server }) =>
        serverOpen && toServer.frames.length === 0 && (!reflects || server.status?.role === 'primary'),
    ),
  );
  const { status } = stream?.server ?? {};
  if (stream === undefined || status === undefined || stream.client.core === undefined) return;
  const message = {
    connection: stream.client.connection,
    seqNum: (1 + choices.below(9)) as SeqNum,
    kind: 'call',
  } as const;
  const orderNum = (reflects ? NEVER_GIVEN : status.heldUpTo + 1) as OrderNum;
  const info = { ...message, term: status.term as Term, orderNum };
  const header = {
    term: info.term,
    sentAtMs: stream.client.clockMs,
    repliesSeenUpTo: 0 as SeqNum,
    destOrderInfo: [info],
  };
  simulation.fault([stream.client, stream.server], `forges order ${info.orderNum}`);
  stream.toServer.frames.push({
    kind: 'multicast',
    header: { ...header, closing: false },
    requests: [],
    reads: [],
    streams: [],
  });
}

function cancel(simulation: Simulation): void {
  const { choices } = simulation;
  const client: ClientHost | undefined = choices.maybe(simulation.clients.filter(({ runs, busy }) => runs && busy));
  const call = client && choices.maybe([...client.calls.keys(), ...client.openStreams.keys()]);
  if (client === undefined || call === undefined) return;
  const stream = client.openStreams.get(call);
  if (stream === undefined) client.cancel(call);
  else client.cancelStream(stream);
}
