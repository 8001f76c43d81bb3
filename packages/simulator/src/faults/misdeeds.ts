/** Faults of what processes do: state that strays, outcomes that differ, forged orders, calls that are given up. */
import type { OrderNum, Term } from '@understudy/core';
import type { SeqNum } from '@understudy/core/internal';
import type { FaultWorld } from './world.js';

export function diverge(world: FaultWorld): void {
  const server = world.choices.maybe(world.servers.filter(({ alive }) => alive));
  if (server === undefined) return;
  world.fault([server], 'its next handler comes to another outcome');
  server.life.diverges = true;
}

/** Changes a value that a replica stores, from outside of all handlers. No reply ever shows it. */
export function stray(world: FaultWorld): void {
  const server = world.choices.maybe(world.servers.filter(({ alive }) => alive));
  if (server === undefined) return;
  world.fault([server], 'its state is changed');
  server.life.service.stray++;
  server.life.strayedAt = server.status?.processedUpTo;
}

/** A client invents an order that no replica sealed for it. Every replica that hears of it refuses it. */
export function forge(world: FaultWorld): void {
  const { choices, network } = world;
  const link = choices.maybe(
    network.sessionLinks.filter(({ serverOpen, toServer }) => serverOpen && toServer.length === 0),
  );
  const { status } = link?.server ?? {};
  if (link === undefined || status === undefined || !link.client.alive) return;
  const term = status.term as Term;
  const orderNum = (status.heldUpTo + 1) as OrderNum;
  const header = {
    term,
    sentAtMs: link.client.clockMs,
    repliesSeenUpTo: 0 as SeqNum,
    destOrderInfo: [{ term, first: orderNum, last: orderNum, box: new Uint8Array(0) }],
    closing: false,
  };
  world.fault([link.client, link.server], `forges order ${orderNum}`);
  // The replica ends the session because of it, and a promotion there does not wait for the orders that the client
  // holds.
  network.reach.gaveUp(link.client, link.server);
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
