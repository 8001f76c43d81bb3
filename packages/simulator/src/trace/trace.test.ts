import { describe, expect, it } from 'vitest';
import { simulate } from '../run.js';
import type { TraceEvent } from './event.js';
import { escapeXml } from './figures.js';
import { LineTracer, linesOf } from './lines.js';
import { escapeMermaid, mermaid } from './mermaid.js';
import { Recording, traceTo } from './recording.js';
import { rowsOf } from './rows.js';
import { svg } from './svg.js';
import { participantsOf, plainText, wrap } from './text.js';

const ASKS: TraceEvent = { kind: 'message', atMs: 1019.4, from: 'S1', to: 'S2', text: 'asks to join' };
const CALLS: TraceEvent = { kind: 'note', atMs: 1019.4, who: 'C1', text: 'calls m1' };
const RECORD: TraceEvent = { kind: 'record', atMs: 1019.4, text: 'epoch 2' };
const CUT: TraceEvent = { kind: 'fault', atMs: 1020, among: ['S2', 'C1'], text: 'cut: S2->C1' };
const OVER: TraceEvent = { kind: 'fault', atMs: 1021, among: [], text: 'faults are over' };
const ALL = [ASKS, CALLS, RECORD, CUT, OVER];
const PLAIN = { fault: String, violation: String };
const WHOLE_TIME = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };

function recordingOf(events: readonly TraceEvent[], violation?: string): Recording {
  const recording = new Recording();
  recording.plan('seed 7: 2 replicas; lists');
  for (const event of events) recording.event(event);
  if (violation !== undefined) recording.violation(violation);
  return recording;
}

describe('texts of a trace', () => {
  it('lose only the quotes around plain words', () => {
    expect(plainText('m1 {"key":"x","value":"a b"}')).toBe('m1 {key:x,value:"a b"}');
  });

  it.each([
    ['one two three', 9, ['one two', 'three']],
    ['{kind:set,key:x}', 12, ['{kind:set,', 'key:x}']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['', 4, ['']],
  ])('wrap %j to at most %d columns', (text, width, lines) => expect(wrap(text, width)).toEqual(lines));

  it('list participants in columns: clients, then replicas, then the coordinator', () => {
    expect(participantsOf(ALL)).toEqual(['C1', 'S1', 'S2', 'coordinator']);
  });
});

describe('lines of a trace', () => {
  it('have columns for the time and the process, and a mark for faults', () => {
    expect(ALL.flatMap(linesOf)).toEqual([
      '   1019    S1 -> S2     asks to join',
      '   1019    C1           calls m1',
      '   1019    coordinator  epoch 2',
      '   1020  ! S2 C1        cut: S2->C1',
      '   1021  ! everybody    faults are over',
    ]);
  });

  it('continue on the next line, under the text, beyond 120 columns', () => {
    const lines = linesOf({ ...CALLS, text: 'many words '.repeat(12).trim() });
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.length <= 120)).toBe(true);
    expect(lines[1]).toMatch(/^ {24}\w/);
  });

  it('are emphasised only for faults and violations', () => {
    const lines: string[] = [];
    const tracer = new LineTracer((line) => lines.push(line), { fault: () => 'FAULT', violation: () => 'BAD' });
    for (const event of ALL) tracer.event(event);
    tracer.violation('two\nlines');
    expect(lines.slice(3)).toEqual(['FAULT', 'FAULT', 'BAD', 'BAD']);
  });
});

describe('a stretch of time', () => {
  it('keeps the plan, the violation and the events inside it, both ends included', () => {
    const recording = new Recording();
    const tracer = traceTo([recording], { fromMs: 1020, toMs: 1021 });
    tracer.plan('plan');
    for (const event of [...ALL, { ...OVER, atMs: 1021.1 }]) tracer.event(event);
    tracer.violation('bad');
    expect(recording).toMatchObject({ planText: 'plan', events: [CUT, OVER], violationText: 'bad' });
  });
});

describe('a Mermaid diagram', () => {
  it('escapes characters that would end a text or be read as markup', () => {
    expect(escapeMermaid('a;b#1 "<c>" & $$x$$\n%%')).toBe(
      'a#59;b#35;1 #34;#60;c#62;#34; #38; #36;#36;x#36;#36;<br/>#37;#37;',
    );
  });

  it('shows messages, notes, changes of the record, and faults in a colour', () => {
    expect(mermaid(recordingOf(ALL, 'lost #1'))).toBe(
      `sequenceDiagram
  participant C1
  participant S1
  participant S2
  participant coordinator
  Note over C1,coordinator: seed 7: 2 replicas#59; lists
  S1->>S2: 1019 ms asks to join
  Note over C1: 1019 ms calls m1
  Note over coordinator: 1019 ms epoch 2
  rect rgb(255, 236, 214)
    Note over C1,S2: 1020 ms cut: S2-#62;C1
  end
  rect rgb(255, 236, 214)
    Note over C1,coordinator: 1021 ms faults are over
  end
  rect rgb(255, 214, 214)
    Note over C1,coordinator: VIOLATION lost #35;1
  end
`,
    );
  });

  it('of a run without events is empty but valid', () => {
    expect(mermaid(recordingOf([], 'bad'))).toBe('sequenceDiagram\n');
  });
});

describe('an SVG picture', () => {
  it('puts events side by side only if they are of one moment and share no column', () => {
    const participants = participantsOf(ALL);
    const rows = rowsOf([ASKS, CALLS, RECORD, ASKS, CUT, OVER], participants);
    expect(rows.map((row) => row.map(({ event }) => event))).toEqual([[ASKS, CALLS, RECORD], [ASKS], [CUT], [OVER]]);
    expect(rows[2]?.[0]?.columns).toEqual([2, 0]);
  });

  it('escapes texts for XML and replaces control characters', () => {
    expect(escapeXml('<a> & "b"\u001b[31m')).toBe('&#60;a&#62; &#38; &#34;b&#34;?[31m');
  });

  it('draws arrows from sender to receiver', () => {
    const xs = (event: TraceEvent) =>
      /class="arrow" x1="(\d+)" y1="\d+" x2="(\d+)"/
        .exec(svg(recordingOf([event, RECORD])))
        ?.slice(1)
        .map(Number);
    const [from = 0, to = 0] = xs(ASKS) ?? [];
    expect(to).toBeGreaterThan(from);
    expect(xs({ ...ASKS, from: 'S2', to: 'S1' })).toEqual([to, from]);
  });

  it('shows every event of a real run, and drawing does not change the run', () => {
    const recording = new Recording();
    const lines: string[] = [];
    const tracer = traceTo([recording, new LineTracer((line) => lines.push(line), PLAIN)], WHOLE_TIME);
    expect(simulate(7n, { tracer })).toEqual(simulate(7n));
    expect(recording.events.length).toBeGreaterThan(50);
    const picture = svg(recording);
    expect(picture.match(/<title>/g)).toHaveLength(recording.events.length);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
    for (const tag of ['svg', 'g', 'text', 'title'])
      expect(picture.match(new RegExp(`<${tag}[ >]`, 'g'))?.length, tag).toBe(
        picture.match(new RegExp(`</${tag}>`, 'g'))?.length,
      );
  });
});
