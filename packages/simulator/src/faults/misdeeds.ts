import type { OrderNum, Term } from '@understudy/core';
import type { SeqNum } from '@understudy/core/internal';
import type { FaultWorld } from './world.js';

/** No run gives so many orders. */
const NEVER_GIVEN = 4095;

export function diverge(world: FaultWorld): void {
  const server = world.choices.maybe(world.servers.filter(({ alive }) => alive));
  if (server === undefined) return;
  world.fault([server], 'its next handler comes to another outcome');
  server.life.diverges = true;
}

/**
 * A client makes an order up. Where the primary announces its orders itself nobody believes the client; where clients
 * reflect them, only the primary can tell.
 */
export function forge(world: FaultWorld): void {
  const { choices, network, plan } = world;
  const reflects = plan.config.multicast === 'destination';
  const link = choices.maybe(
    network.sessionLinks.filter(
      ({ serverOpen, toServer, server }) =>
        serverOpen && toServer.length === 0 && (!reflects || server.status?.role === 'primary'),
    ),
  );
  const { status } = link?.server ?? {};
  if (link === undefined || status === undefined || !link.client.alive) return;
  const message = {
    connection: link.client.connection,
    seqNum: (1 + choices.below(9)) as SeqNum,
    kind: 'call',
  } as const;
  const orderNum = (reflects ? NEVER_GIVEN : status.heldUpTo + 1) as OrderNum;
  const info = { ...message, term: status.term as Term, orderNum };
  const header = {
    term: info.term,
    sentAtMs: link.client.clockMs,
    repliesSeenUpTo: 0 as SeqNum,
    destOrderInfo: [info],
    closing: false,
  };
  world.fault([link.client, link.server], `forges order ${info.orderNum}`);
  link.toServer.send({ kind: 'multicast', header, requests: [], reads: [], streams: [] });
}

/** An application gives up a call or a stream. */
export function cancel({ choices, clients }: FaultWorld): void {
  const client = choices.maybe(clients.filter(({ runs, busy }) => runs && busy));
  const call = client && choices.maybe([...client.calls.keys(), ...client.openStreams.keys()]);
  if (client === undefined || call === undefined) return;
  const stream = client.openStreams.get(call);
  if (stream === undefined) client.cancel(call);
  else client.cancelStream(stream);
}
