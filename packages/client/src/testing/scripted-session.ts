import type { Term } from '@understudy/core';
import {
  type CallId,
  NO_SEQ,
  type Outcome,
  type Request,
  replyOf,
  type SeqNum,
  type SeqRequest,
  type SessionEffect,
  type SessionEvent,
  type SessionHeader,
} from '@understudy/core/internal';
import type { SessionMachine, SessionSetup } from '../session/session-port.js';

/**
 * A session without the precautions of the protocol, for tests of its surroundings. It sends each call once and
 * believes each reply.
 */
export class ScriptedSession implements SessionMachine {
  readonly #setup: SessionSetup;
  readonly #up = new Set<number>();
  readonly #calls = new Map<SeqNum, { call: CallId; request: Request }>();
  #unsent: SeqRequest[] = [];
  #nextSeq = 1;
  #primary: number | undefined;
  #closing = false;
  #effects: SessionEffect[] = [];

  constructor(setup: SessionSetup) {
    this.#setup = setup;
  }

  get wantsFlush(): boolean {
    return this.#unsent.length > 0 && (this.#up.size > 0 || this.#setup.config.carrier === 'rpc');
  }

  step(event: SessionEvent, nowMs: number): readonly SessionEffect[] {
    this.#effects = [];
    this.#on(event, nowMs);
    if (this.#closing && this.#calls.size === 0) {
      for (const slot of this.#up) this.#effects.push({ kind: 'send', slot, frame: { kind: 'goodbye' } });
      this.#effects.push({ kind: 'ended', clean: true });
      this.#closing = false;
    }
    return this.#effects;
  }

  #on(event: SessionEvent, nowMs: number): void {
    switch (event.kind) {
      case 'call':
        return this.#onCall(event.call, event.request, nowMs);
      case 'cancel':
        for (const [seqNum, { call }] of this.#calls) if (call === event.call) this.#calls.delete(seqNum);
        return;
      case 'linkUp':
        this.#up.add(event.slot);
        this.#effects.push({ kind: 'send', slot: event.slot, frame: this.#hello(nowMs) });
        return;
      case 'linkDown':
        this.#up.delete(event.slot);
        return;
      case 'frame':
        return this.#onFrame(event);
      case 'rpcReply':
        return this.#deliver(this.#seqOf(event.call), event.outcome);
      case 'rpcBroken':
        return this.#retry(event.call, nowMs);
      case 'flush':
        return this.#flush(nowMs);
      case 'close':
        this.#closing = true;
        return;
      case 'tick':
        return;
    }
  }

  #onCall(call: CallId, request: Request, nowMs: number): void {
    const seqNum = this.#nextSeq++ as SeqNum;
    this.#calls.set(seqNum, { call, request });
    if (this.#setup.config.carrier === 'rpc' && this.#primary !== undefined) this.#invoke(seqNum, nowMs);
    else this.#unsent.push({ seqNum, request, awaitStable: false });
  }

  #onFrame({ slot, frame }: SessionEvent & { kind: 'frame' }): void {
    if (frame.kind === 'welcome' && frame.view.primary === frame.replica.id) {
      this.#primary = slot;
      this.#effects.push({ kind: 'primary', slot, replica: frame.replica.id });
    } else if (frame.kind === 'replies') {
      for (const { seqNum, outcome } of frame.replies) this.#deliver(seqNum, outcome);
    }
  }

  #flush(nowMs: number): void {
    const slots = [...this.#up];
    if (!this.wantsFlush) return;
    const requests = this.#unsent.splice(0).filter(({ seqNum }) => this.#calls.has(seqNum));
    if (requests.length === 0) return;
    if (this.#setup.config.carrier === 'rpc') {
      for (const { seqNum } of requests) this.#invoke(seqNum, nowMs);
      return;
    }
    this.#effects.push({
      kind: 'multicast',
      slots,
      frame: { kind: 'multicast', header: this.#header(nowMs), requests, reads: [], streams: [] },
    });
  }

  #invoke(seqNum: SeqNum, nowMs: number): void {
    const entry = this.#calls.get(seqNum);
    if (entry === undefined) return;
    this.#effects.push({
      kind: 'invoke',
      call: entry.call,
      slot: this.#primary ?? 0,
      header: { connection: this.#setup.connection, seqNum, awaitStable: false, header: this.#header(nowMs) },
      request: entry.request,
    });
  }

  #retry(call: CallId, nowMs: number): void {
    this.#primary = ((this.#primary ?? 0) + 1) % this.#setup.slots;
    const seqNum = this.#seqOf(call);
    if (seqNum !== NO_SEQ) this.#invoke(seqNum, nowMs);
  }

  #deliver(seqNum: SeqNum, outcome: Outcome): void {
    const entry = this.#calls.get(seqNum);
    if (entry === undefined) return;
    this.#calls.delete(seqNum);
    this.#effects.push({ kind: 'deliver', call: entry.call, reply: replyOf(outcome) });
  }

  #seqOf(call: CallId): SeqNum {
    for (const [seqNum, entry] of this.#calls) if (entry.call === call) return seqNum;
    return NO_SEQ;
  }

  #hello(nowMs: number): SessionEffectFrame {
    return {
      kind: 'hello',
      group: this.#setup.config.group,
      connection: this.#setup.connection,
      fresh: true,
      term: 0 as Term,
      repliesSeenUpTo: NO_SEQ,
      sentAtMs: nowMs,
      settings: 0,
    };
  }

  #header(nowMs: number): SessionHeader {
    return { term: 0 as Term, sentAtMs: nowMs, repliesSeenUpTo: NO_SEQ, destOrderInfo: [], closing: false };
  }
}

type SessionEffectFrame = (SessionEffect & { kind: 'send' })['frame'];
