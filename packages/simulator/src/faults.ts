import { isInSync, unreachable } from '@understudy/core';
import type { ClientHost } from './hosts/client-host.js';
import type { Host } from './hosts/host.js';
import type { ServerHost } from './hosts/server-host.js';
import type { Fault } from './plan.js';
import type { Simulation } from './simulation.js';

/** Something goes wrong, or is mended. */
export function injectFault(simulation: Simulation, fault: Fault): void {
  const { random, plan } = simulation;
  const { leaseMs, sessionMs } = plan.config;
  switch (fault) {
    case 'serverCrash':
      return crashOrRestart(simulation);
    case 'clientCrash':
      return random.maybe(simulation.clients.filter(({ alive }) => alive))?.crash();
    case 'crashTogether':
      return crashTogether(simulation);
    case 'serverPause':
      return pause(simulation, random.pick(simulation.servers), random.between(0.3, 4) * leaseMs);
    case 'clientPause':
      return pause(simulation, random.pick(simulation.clients), random.between(0.1, 1.5) * sessionMs);
    case 'cut':
      return cutOrHeal(simulation, random.pick(simulation.servers), random.pick(simulation.servers));
    case 'clientCut':
      return cutOrHeal(simulation, random.pick(simulation.clients), random.pick(simulation.servers));
    case 'hold':
      return hold(simulation);
    case 'breakStream':
      return breakStream(simulation);
    case 'coordinatorDown':
      return coordinatorDown(simulation, random.between(20, 4 * leaseMs));
    case 'stepDown':
      return random
        .maybe(simulation.servers.filter((server) => server.runs && mayCrash(simulation, server)))
        ?.step({ kind: 'stepDown' });
    case 'close':
      return random.maybe(simulation.clients.filter(({ runs }) => runs))?.close();
    case 'cancel': {
      const client: ClientHost | undefined = random.maybe(
        simulation.clients.filter(({ runs, calls }) => runs && calls.size > 0),
      );
      const call = client && random.maybe([...client.calls.keys()]);
      if (call !== undefined) client?.cancel(call);
      return;
    }
    default:
      return unreachable(fault, 'fault');
  }
}

/** Crashes that leave nobody in sync are rare: little can be learned after them. */
function mayCrash(simulation: Simulation, server: ServerHost): boolean {
  const { record } = simulation.coordinator;
  if (record === undefined || !isInSync(record, server.member)) return true;
  const others = simulation.servers.filter(
    (other) => other !== server && other.alive && isInSync(record, other.member),
  );
  return others.length > 0 || simulation.random.chance(0.02);
}

function crashOrRestart(simulation: Simulation): void {
  const server = simulation.random.pick(simulation.servers);
  if (!server.alive) server.start();
  else if (mayCrash(simulation, server)) server.crash();
}

function crashTogether(simulation: Simulation): void {
  const primary = simulation.servers.find(({ alive, status }) => alive && status?.role === 'primary');
  if (primary === undefined || !mayCrash(simulation, primary)) return;
  primary.crash();
  simulation.random.maybe(simulation.clients.filter(({ alive }) => alive))?.crash();
}

function pause(simulation: Simulation, host: Host, ms: number): void {
  if (!host.runs) return;
  if (simulation.tracing) simulation.print(`${host.name}: pauses for ${ms.toFixed(0)} ms`);
  host.pausedUntilMs = simulation.nowMs + ms;
}

function cutOrHeal(simulation: Simulation, a: Host, b: Host): void {
  if (simulation.hasCuts && simulation.random.chance(0.5)) {
    if (simulation.tracing) simulation.print('cuts heal');
    simulation.healCuts();
    return;
  }
  if (a === b) return;
  const [there, back] = simulation.random.pick([
    [true, true],
    [true, false],
    [false, true],
  ] as const);
  if (simulation.tracing) simulation.print(`cut: ${a.name}${back ? '<' : ''}-${there ? '>' : ''}${b.name}`);
  if (there) simulation.cut(a, b);
  if (back) simulation.cut(b, a);
}

function hold(simulation: Simulation): void {
  const server = simulation.random.pick(simulation.servers);
  const streams = simulation.sessionStreams.filter((stream) => stream.server === server);
  const pipes = [
    ...streams.flatMap(({ toClient, toServer }) => [toClient, toServer]),
    ...server.peerStreams.flatMap((stream) => (stream === undefined ? [] : [stream.pipe])),
  ];
  const pipe = simulation.random.maybe(pipes);
  if (pipe === undefined) return;
  pipe.heldUntilMs = simulation.nowMs + simulation.random.between(10, 2 * simulation.plan.config.leaseMs);
  if (simulation.tracing)
    simulation.print(`${pipe.from.name}>${pipe.to.name}: nothing arrives until ${pipe.heldUntilMs.toFixed(0)}`);
}

function breakStream(simulation: Simulation): void {
  const { random } = simulation;
  const server = random.pick(simulation.servers);
  const peer = random.maybe(server.peerStreams.flatMap((stream) => stream ?? []));
  const session = random.maybe(simulation.sessionStreams.filter((stream) => stream.server === server));
  const rpc = random.maybe(simulation.rpcs.filter((one) => one.server === server));
  const broken = random.pick([peer, session, session, rpc]);
  if (simulation.tracing && broken !== undefined) {
    simulation.print(`breaks: ${'client' in broken ? broken.client.name : broken.from.name}-${server.name}`);
  }
  broken?.break();
}

function coordinatorDown(simulation: Simulation, ms: number): void {
  const until = simulation.nowMs + ms;
  if (simulation.random.chance(0.5)) {
    simulation.coordinator.downUntilMs = until;
    if (simulation.tracing) simulation.print(`coordinator: down until ${until.toFixed(0)}`);
    return;
  }
  const server = simulation.random.pick(simulation.servers);
  server.withoutCoordinatorUntilMs = until;
  if (simulation.tracing) simulation.print(`coordinator: out of reach for ${server.name} until ${until.toFixed(0)}`);
}
