/** Finds another process that runs under this replica's name. */
import { connect } from 'node:net';
import type { Coordinator, Presence, ReplicaId } from '@understudy/core';

/** A process that does not answer within this time is taken for dead: its presence may outlive it for a while. */
const ANSWERS_WITHIN_MS = 1000;

/**
 * The process that is announced under the same name at another address, and listens there. Two replicas of one name would
 * each put the other out of the group, again and again.
 */
export async function twinOf(coordinator: Coordinator, id: ReplicaId, address: string): Promise<Presence | undefined> {
  for (const presence of await coordinator.present()) {
    if (presence.member.id !== id || presence.address === address) continue;
    if (await listens(presence.address)) return presence;
  }
  return undefined;
}

/** The replica of another name that is announced at this address. Links to one of the two would lead to the other. */
export async function neighbourOf(
  coordinator: Coordinator,
  id: ReplicaId,
  address: string,
): Promise<Presence | undefined> {
  const present = await coordinator.present();
  return present.find((presence) => presence.address === address && presence.member.id !== id);
}

function listens(address: string): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)) });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWERS_WITHIN_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
