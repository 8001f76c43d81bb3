import type { SwapResult } from '../../model/ports.js';
import type { GroupRecord } from '../../model/record.js';
import { RecordChange } from '../../record/change.js';
import type { ReplicaEvent } from '../../replica/state/events.js';

/** The coordinator's disk: one record, replaced only by a record of the next epoch (compare-and-swap). */
export class RecordStore {
  record: GroupRecord | undefined;

  swap(next: GroupRecord): SwapResult {
    if (next.epoch !== (this.record?.epoch ?? 0) + 1) return { kind: 'conflict', current: this.record };
    this.record = next;
    return { kind: 'swapped' };
  }

  putBack(record: GroupRecord): SwapResult {
    if (this.record !== undefined && this.record.epoch >= record.epoch) {
      return { kind: 'conflict', current: this.record };
    }
    this.record = record;
    return { kind: 'swapped' };
  }
}

/** What a replica is told of the change it asked for, once the coordinator's answer reaches it. */
export function toldOf(next: GroupRecord, result: SwapResult): Extract<ReplicaEvent, { kind: 'recordChange' }> {
  const step = new RecordChange(next).onSwapped(result);
  if (step.kind !== 'done') throw new Error('the outcome of the change is unknown');
  return { kind: 'recordChange', won: step.won, record: step.record };
}

export function describeRecord({ epoch, term, primary, inSync, adoptedThrough }: GroupRecord): string {
  const members = inSync.map(({ id }) => id).join(' ');
  const adopted = adoptedThrough.map((one) => `${one.term}:${one.through}`).join(' ');
  return `epoch ${epoch}, term ${term}, primary ${primary.id}, in sync ${members}${adopted && `, adopted ${adopted}`}`;
}
