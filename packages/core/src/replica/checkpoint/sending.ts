/** Sends copies of the state to peers, piece by piece, as fast as each takes them. */

import type { Checkpoint, CheckpointFrame, PieceAckFrame } from '../../model/checkpoint.js';
import { maxOf } from '../../model/ids.js';
import { tellDigest } from '../copying/deciding.js';
import { Copy, SPREAD, type Transfer, WINDOW } from '../state/copies/copy.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';

/** How many pieces a peer is sent in one step, so that calls are served between them. */
const PIECES_AT_ONCE = 2;
/** A transfer that makes no progress for this long is given up, in milliseconds. */
const STALLED_MS = 10_000;

/** Makes a copy that can be sent to any number of peers. @param more its state is drawn as it is sent */
export function newCopy(p: PrimaryState, id: number, checkpoint: Checkpoint, more: boolean): Copy {
  const { newDigest, pieceBytes } = p.r;
  const copy = new Copy({ id, checkpoint, more, digest: newDigest(), pieceBytes });
  copy.orderedBytes = p.orderedBytes;
  return copy;
}

/** Begins to send a copy to a peer. A transfer to that peer that is under way is given up. */
export function offer(p: PrimaryState, peer: Peer, copy: Copy, join: boolean): void {
  p.copies.set(copy.id, copy);
  peer.transfer = { copy, join, answered: false, ackedUpTo: 0, sentUpTo: 0, progressMs: p.r.nowMs };
  offerAgain(p, peer);
  endUnused(p);
}

/** The link to a peer is new: a transfer goes on where it broke. */
export function offerAgain({ r }: PrimaryState, peer: Peer): void {
  const { transfer } = peer;
  if (transfer === undefined || !peer.linkUp) return;
  transfer.answered = false;
  const { copy, join } = transfer;
  const frame: CheckpointFrame = { kind: 'checkpoint', term: r.term, copy: copy.id, join, head: copy.head };
  r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame });
}

/** How a peer's answer ended its transfer; undefined if it did not. */
export type TransferEnd = { readonly transfer: Transfer; readonly how: 'done' | 'damaged' | 'lost' };

/** A peer told which pieces it has. */
export function onPieceAck(p: PrimaryState, peer: Peer, frame: PieceAckFrame): TransferEnd | undefined {
  const { transfer } = peer;
  if (transfer === undefined || transfer.copy.id !== frame.copy) return undefined;
  const { copy } = transfer;
  const isFirst = !transfer.answered;
  transfer.answered = true;
  if (frame.upTo > transfer.ackedUpTo || isFirst) transfer.progressMs = p.r.nowMs;
  transfer.ackedUpTo = isFirst ? frame.upTo : maxOf(transfer.ackedUpTo, frame.upTo);
  if (isFirst) transfer.sentUpTo = frame.upTo;
  let how: TransferEnd['how'] | undefined;
  if (frame.answer !== 'receives') how = frame.answer;
  // The peer lacks pieces that were drawn for other receivers and are forgotten by now.
  else if (transfer.sentUpTo < copy.first) how = 'lost';
  if (how !== undefined) {
    endTransfer(p, peer);
    return { transfer, how };
  }
  dropSent(p, copy);
  sendPieces(p, peer);
  return undefined;
}

/** Sends the next pieces that there is room for. */
function sendPieces(p: PrimaryState, peer: Peer): void {
  const { r } = p;
  const { transfer } = peer;
  if (transfer === undefined || !transfer.answered || !peer.linkUp) return;
  const { copy } = transfer;
  const room = copy.whole === undefined ? Math.min(WINDOW, copy.first + SPREAD - transfer.ackedUpTo) : WINDOW;
  for (let left = PIECES_AT_ONCE; left > 0; left--) {
    const index = transfer.sentUpTo;
    if (index - transfer.ackedUpTo >= room) return;
    const piece = copy.piece(index);
    if (piece === 'later') draw(p, copy);
    if (piece === 'later' || piece === undefined) return;
    transfer.sentUpTo++;
    if (piece.kind === 'end') tellDigest(p, { orderNum: copy.head.orderNum, value: piece.digest });
    const frame = { kind: 'piece', term: r.term, copy: copy.id, index, piece } as const;
    r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame });
  }
}

function draw({ r }: PrimaryState, copy: Copy): void {
  if (copy.drawing) return;
  copy.drawing = true;
  r.effects.push({ kind: 'drawState', copy: copy.id });
}

/** The adapter drew chunks of a copy: the receivers that wait for them get them. */
export function onDrawn(p: PrimaryState, id: number, chunks: readonly Uint8Array[], more: boolean): void {
  const copy = p.copies.get(id);
  if (copy === undefined) return;
  copy.drawn(chunks, more);
  for (const peer of receivers(p, copy)) sendPieces(p, peer);
}

/** Called at every tick: sends more pieces to receivers whose windows have room, because an answer sends only a few. */
export function goOnSending(p: PrimaryState): void {
  if (p.copies.size === 0) return;
  for (const peer of p.r.peers.values()) sendPieces(p, peer);
  endUnused(p);
}

/** Whether a peer has said nothing of its transfer for a while. Its answer may have been lost with its link. */
export const lacksAnswer = ({ r }: PrimaryState, { transfer }: Peer): boolean =>
  transfer !== undefined && r.nowMs - transfer.progressMs > r.config.leaseMs;

export const isStalled = ({ r }: PrimaryState, { progressMs }: Transfer): boolean =>
  r.nowMs - progressMs > Math.max(STALLED_MS, 3 * r.config.leaseMs);

export function endTransfer(p: PrimaryState, peer: Peer): void {
  const copy = peer.transfer?.copy;
  peer.transfer = undefined;
  if (copy !== undefined) dropSent(p, copy);
  endUnused(p);
}

function dropSent(p: PrimaryState, copy: Copy): void {
  if (copy.whole !== undefined) return;
  let least = Number.POSITIVE_INFINITY;
  for (const { transfer } of receivers(p, copy)) {
    if (transfer !== undefined) least = Math.min(least, transfer.ackedUpTo);
  }
  if (least !== Number.POSITIVE_INFINITY) copy.dropBefore(least);
}

/** Frees the copies that nobody receives any more. */
export function endUnused(p: PrimaryState): void {
  for (const copy of p.copies.values()) {
    if (receivers(p, copy).length > 0 || copy === p.copyUnstable) continue;
    p.copies.delete(copy.id);
    p.r.effects.push({ kind: 'endCopy', copy: copy.id });
  }
}

const receivers = ({ r }: PrimaryState, copy: Copy): Peer[] =>
  [...r.peers.values()].filter(({ transfer }) => transfer?.copy === copy);

/** A copy that is on its way to others and that one more can have from its beginning. */
export function copyUnderWay(p: PrimaryState): Copy | undefined {
  const { r } = p;
  for (const copy of p.copies.values()) {
    const { orderNum } = copy.head;
    if (copy === p.copyUnstable || copy.first > 0 || orderNum < r.order.entries.base) continue;
    if (orderNum >= p.differedUpTo) return copy;
  }
  return undefined;
}
