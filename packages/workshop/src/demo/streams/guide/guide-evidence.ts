import type { Note, Place, Point, Rectangle, WalkSummary } from '@understudy/examples/route-guide/proto.js';
import type { Arrivals, StreamEnd } from '../job.js';

/** What a walker sent and got on one call. `sentAfter`: the last entry of the logbook that was known then. */
export type GuideEvidence =
  | {
      readonly kind: 'notes';
      readonly author: string;
      readonly left: readonly { readonly point: Point; readonly text: string; readonly sentAfter: number }[];
      readonly came: readonly Note[];
      readonly end: StreamEnd;
    }
  | {
      readonly kind: 'walk';
      readonly points: readonly Point[];
      /** Of the last point. */
      readonly sentAfter: number;
      readonly summary: WalkSummary | undefined;
      readonly end: StreamEnd;
    }
  | {
      readonly kind: 'list';
      readonly rectangle: { readonly [Corner in keyof Rectangle]: Point };
      readonly sentAfter: number;
      readonly places: readonly Place[];
      readonly end: StreamEnd;
    }
  | {
      readonly kind: 'look';
      readonly point: Point;
      readonly sentAfter: number;
      readonly place: Place | undefined;
      readonly end: StreamEnd;
    };

export interface GuideResult extends Arrivals {
  /** Length of the logbook, as the guide tells when nobody uses it any more; undefined if it does not. */
  readonly entries: number | undefined;
}

export type EvidenceOf<Kind extends GuideEvidence['kind']> = Extract<GuideEvidence, { readonly kind: Kind }>;
