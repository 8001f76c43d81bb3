/** Faults of the network: cuts, delays and broken links. */
import type { Host } from '../hosts/host.js';
import type { FaultWorld } from './world.js';

/** Cuts two processes off from each other, in one direction or both; or heals all cuts. */
export function cutOrHeal(world: FaultWorld, a: Host, b: Host): void {
  const { choices, network } = world;
  if (network.hasCuts && choices.chance(0.5)) {
    world.fault([], 'cuts heal');
    network.healCuts();
    return;
  }
  if (a === b) return;
  const [there, back] = choices.pick([
    [true, true],
    [true, false],
    [false, true],
  ] as const);
  world.fault([a, b], `cut: ${a.name}${back ? '<' : ''}-${there ? '>' : ''}${b.name}`);
  if (there) network.cut(a, b);
  if (back) network.cut(b, a);
}

/** Cuts off the primary and some clients: it may be deposed without knowing it, and they hear of no other replica. */
export function isolate(world: FaultWorld): void {
  const { choices, network, servers, clients, plan, nowMs } = world;
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
  world.fault([primary, ...near], `cut off from all others for ${ms.toFixed(0)} ms`);
  world.stirUntilMs = nowMs + ms;
}

/** Delays everything on its way in one direction of a link. */
export function hold(world: FaultWorld): void {
  const { choices, network, plan, nowMs } = world;
  const server = choices.pick(world.servers);
  const sessions = network.sessionLinks.filter((link) => link.server === server);
  const links = [
    ...sessions.flatMap(({ toClient, toServer }) => [toClient, toServer]),
    ...server.peerLinks.flatMap((link) => (link === undefined ? [] : [link.toPeer])),
  ];
  const link = choices.maybe(links);
  if (link === undefined) return;
  link.heldUntilMs = nowMs + choices.between(10, 2 * plan.config.leaseMs);
  const way = `${link.from.name}>${link.to.name}`;
  world.fault([link.from, link.to], `${way}: nothing arrives until ${link.heldUntilMs.toFixed(0)}`);
}

/** Breaks a link of a replica, or an RPC to it. */
export function breakLink(world: FaultWorld): void {
  const { choices, network } = world;
  const server = choices.pick(world.servers);
  const peer = choices.maybe(server.peerLinks.flatMap((link) => link ?? []));
  const session = choices.maybe(network.sessionLinks.filter((link) => link.server === server));
  const rpc = choices.maybe(network.rpcs.filter((one) => one.server === server));
  const broken = choices.pick([peer, session, session, rpc]);
  if (broken === undefined) return;
  const other = 'client' in broken ? broken.client : broken.to;
  world.fault([server, other], `breaks: ${server.name}-${other.name}`);
  broken.break();
}

export function cutCoordinator(world: FaultWorld, ms: number): void {
  const until = world.nowMs + ms;
  const server = world.choices.pick(world.servers);
  world.fault([server], `coordinator: out of reach until ${until.toFixed(0)}`);
  server.withoutCoordinatorUntilMs = until;
}
