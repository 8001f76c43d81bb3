import type { ReplicaEffect } from '../../replica/state/events.js';
import type { Adapter } from '../world/adapter.js';
import { VIRTUAL_PORTS } from '../world/virtual-ports.js';
import { dress, judge } from './interceptors.js';
import type { Links } from './links.js';
import type { RecordKeeper } from './record-keeper.js';
import type { Server } from './server.js';

/** Where the effects of a replica go. */
export interface ServerWorld {
  readonly autoFinish: boolean;
  readonly links: Pick<Links, 'send' | 'sendToSession' | 'endSession' | 'connectPeers'>;
  readonly keeper: Pick<RecordKeeper, 'submit' | 'read'>;
  rejoin(server: Server): void;
  crash(name: string): void;
}

function digestOf(state: readonly Uint8Array[]): string {
  const digest = VIRTUAL_PORTS.newDigest();
  for (const chunk of state) digest.update(chunk);
  return digest.end();
}

/** The transcript shows this effect, and nothing else follows from it. */
const onlyTold = (): void => {};

/** Carries out the effects of a replica's core. It answers within the turn, unless the scenario makes it wait. */
export function serverAdapter(world: ServerWorld, server: Server): Adapter<ReplicaEffect> {
  const { links, keeper } = world;
  return {
    sendToPeer({ peer, frame, bulk }) {
      links.send(server.name, peer, frame);
      if (bulk) server.post({ kind: 'peerSent', peer });
    },
    sendToSession({ link, frame, bulk }) {
      links.sendToSession(server, link, frame);
      if (bulk) server.post({ kind: 'sessionSent', link });
    },
    closeSession: ({ link }) => links.endSession(server, link),
    answerCall: onlyTold,
    answerItem: onlyTold,
    failCall: onlyTold,
    admit(effect) {
      const events = judge(effect, server.distrusts);
      if (events.length === 0) server.heldAdmissions.push(effect.admission);
      for (const event of events) server.post(event);
    },
    passItem(effect) {
      for (const event of dress(effect)) server.post(event);
    },
    streamGone: onlyTold,
    streamMoved({ from, to }) {
      server.service.streamMoved(from, to);
    },
    execute({ task }) {
      if (!world.autoFinish) server.tasks.push(task);
      else {
        for (const event of server.execute(task)) {
          server.post(event.kind === 'executed' ? { ...event, atOnce: true } : event);
        }
      }
    },
    dropAdmission: onlyTold,
    sendNested({ caller }) {
      server.service.nested.sent.push(caller.id);
    },
    dropNested: onlyTold,
    dropTimer: onlyTold,
    // The next tick comes soon enough.
    wakeAt: onlyTold,
    abandonTask({ task }) {
      server.tasks = server.tasks.filter((other) => other !== task);
    },
    forgetHandlers() {
      server.tasks = [];
      server.service.forgetHandlers();
    },
    takeCheckpoint({ copy, kept }) {
      if (server.blocks) server.paused = true;
      if (!server.copies) {
        server.post({ kind: 'checkpointFailed', copy, reason: 'the disk is full' });
        return;
      }
      const chunks = server.service.checkpoint(server.cuts);
      const more = server.snapshots && !kept && chunks.length > 1;
      if (more) server.drawn.set(copy, chunks.splice(1));
      server.post({ kind: 'checkpointTaken', copy, state: chunks, more });
    },
    drawState({ copy }) {
      const chunks = server.drawn.get(copy) ?? [];
      server.post({ kind: 'stateDrawn', copy, state: chunks.splice(0, 1), more: chunks.length > 0 });
    },
    endCopy({ copy }) {
      server.drawn.delete(copy);
    },
    digestState({ orderNum }) {
      if (server.blocks) server.paused = true;
      const reason = server.copies ? {} : { reason: 'the disk is full' };
      const digest = server.copies ? digestOf(server.service.checkpoint(server.cuts)) : undefined;
      const { digestMs, stateBytes } = server;
      const cost = { bytes: stateBytes, ms: digestMs };
      server.digested = [
        { kind: 'stateHeld', orderNum, heldMs: digestMs, blockedMs: digestMs },
        { kind: 'stateDigested', orderNum, digest, tookMs: digestMs, cost, ...reason },
      ];
      if (!server.holdsDigests) server.postDigest();
    },
    endDigest: onlyTold,
    restoreState({ state, verifies }) {
      if (server.blocks) server.paused = true;
      server.service.restore(state, server.shuffles);
      const [given, made] = [digestOf(state), digestOf(server.service.checkpoint(server.cuts))];
      server.post({ kind: 'restored', ...(verifies && given !== made && { differs: { given, made } }) });
    },
    changeRecord: ({ next, putsBack }) => keeper.submit(server, next, putsBack),
    answerOperator: onlyTold,
    busyHeard: onlyTold,
    delegate({ duty }) {
      if (server.thread !== undefined) server.post(server.thread.delegate(duty));
    },
    readRecord: () => keeper.read(server),
    connectPeers({ peers }) {
      server.wanted = peers.map(({ id }) => id);
      links.connectPeers(server);
    },
    pauseSessions({ paused }) {
      server.sessionsPaused = paused;
    },
    roleChanged: onlyTold,
    versions: onlyTold,
    rejoin: () => world.rejoin(server),
    stopped: () => world.crash(server.name),
    log: onlyTold,
  };
}
