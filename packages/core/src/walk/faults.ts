import { unreachable } from '../assert.js';
import { isInSync } from '../replica/transitions.js';
import type { ClientHost } from './client-host.js';
import type { Host } from './host.js';
import type { Fault } from './plan.js';
import type { ServerHost } from './server-host.js';
import type { Walk } from './walk.js';

/** Something goes wrong, or is mended. */
export function injectFault(walk: Walk, fault: Fault): void {
  const { random, plan } = walk;
  const { leaseMs, sessionMs } = plan.config;
  switch (fault) {
    case 'serverCrash':
      return crashOrRestart(walk);
    case 'clientCrash':
      return random.maybe(walk.clients.filter(({ alive }) => alive))?.crash();
    case 'crashTogether':
      return crashTogether(walk);
    case 'serverPause':
      return pause(walk, random.pick(walk.servers), random.between(0.3, 4) * leaseMs);
    case 'clientPause':
      return pause(walk, random.pick(walk.clients), random.between(0.1, 1.5) * sessionMs);
    case 'cut':
      return cutOrHeal(walk, random.pick(walk.servers), random.pick(walk.servers));
    case 'clientCut':
      return cutOrHeal(walk, random.pick(walk.clients), random.pick(walk.servers));
    case 'hold':
      return hold(walk);
    case 'breakStream':
      return breakStream(walk);
    case 'coordinatorDown':
      return coordinatorDown(walk, random.between(20, 4 * leaseMs));
    case 'stepDown':
      return random
        .maybe(walk.servers.filter((server) => server.runs && mayCrash(walk, server)))
        ?.step({ kind: 'stepDown' });
    case 'close':
      return random.maybe(walk.clients.filter(({ runs }) => runs))?.close();
    case 'cancel': {
      const client: ClientHost | undefined = random.maybe(
        walk.clients.filter(({ runs, calls }) => runs && calls.size > 0),
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
function mayCrash(walk: Walk, server: ServerHost): boolean {
  const { record } = walk.coordinator;
  if (record === undefined || !isInSync(record, server.member)) return true;
  const others = walk.servers.filter((other) => other !== server && other.alive && isInSync(record, other.member));
  return others.length > 0 || walk.random.chance(0.02);
}

function crashOrRestart(walk: Walk): void {
  const server = walk.random.pick(walk.servers);
  if (!server.alive) server.start();
  else if (mayCrash(walk, server)) server.crash();
}

function crashTogether(walk: Walk): void {
  const primary = walk.servers.find(({ alive, status }) => alive && status?.role === 'primary');
  if (primary === undefined || !mayCrash(walk, primary)) return;
  primary.crash();
  walk.random.maybe(walk.clients.filter(({ alive }) => alive))?.crash();
}

function pause(walk: Walk, host: Host, ms: number): void {
  if (!host.runs) return;
  if (walk.tracing) walk.print(`${host.name}: pauses for ${ms.toFixed(0)} ms`);
  host.pausedUntilMs = walk.nowMs + ms;
}

function cutOrHeal(walk: Walk, a: Host, b: Host): void {
  if (walk.hasCuts && walk.random.chance(0.5)) {
    if (walk.tracing) walk.print('cuts heal');
    walk.healCuts();
    return;
  }
  if (a === b) return;
  const [there, back] = walk.random.pick([
    [true, true],
    [true, false],
    [false, true],
  ] as const);
  if (walk.tracing) walk.print(`cut: ${a.name}${back ? '<' : ''}-${there ? '>' : ''}${b.name}`);
  if (there) walk.cut(a, b);
  if (back) walk.cut(b, a);
}

function hold(walk: Walk): void {
  const server = walk.random.pick(walk.servers);
  const streams = walk.sessionStreams.filter((stream) => stream.server === server);
  const pipes = [
    ...streams.flatMap(({ toClient, toServer }) => [toClient, toServer]),
    ...server.peerStreams.flatMap((stream) => (stream === undefined ? [] : [stream.pipe])),
  ];
  const pipe = walk.random.maybe(pipes);
  if (pipe === undefined) return;
  pipe.heldUntilMs = walk.nowMs + walk.random.between(10, 2 * walk.plan.config.leaseMs);
  if (walk.tracing)
    walk.print(`${pipe.from.name}>${pipe.to.name}: nothing arrives until ${pipe.heldUntilMs.toFixed(0)}`);
}

function breakStream(walk: Walk): void {
  const { random } = walk;
  const server = random.pick(walk.servers);
  const peer = random.maybe(server.peerStreams.flatMap((stream) => stream ?? []));
  const session = random.maybe(walk.sessionStreams.filter((stream) => stream.server === server));
  const rpc = random.maybe(walk.rpcs.filter((one) => one.server === server));
  const broken = random.pick([peer, session, session, rpc]);
  if (walk.tracing && broken !== undefined) {
    walk.print(`breaks: ${'client' in broken ? broken.client.name : broken.from.name}-${server.name}`);
  }
  broken?.break();
}

function coordinatorDown(walk: Walk, ms: number): void {
  const until = walk.nowMs + ms;
  if (walk.random.chance(0.5)) {
    walk.coordinator.downUntilMs = until;
    if (walk.tracing) walk.print(`coordinator: down until ${until.toFixed(0)}`);
    return;
  }
  const server = walk.random.pick(walk.servers);
  server.withoutCoordinatorUntilMs = until;
  if (walk.tracing) walk.print(`coordinator: out of reach for ${server.name} until ${until.toFixed(0)}`);
}
